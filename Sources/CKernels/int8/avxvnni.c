// The int8 kernels for x86-64 with AVX-VNNI: a panel's four inputs of 16 channels are two registers.
#if defined(__x86_64__)
#include "intrinsics.h"
BEGIN_TARGET("avxvnni,avx2,fma")
#include "../body/vector.h"

#include "../body/rows.h"
#include "../body/fetching.h"

#define KERNEL(name) name##_avx_vnni
#define TILE_ROWS 6
#define TILE_PANELS 1

INLINE void dot_tile(const int rows, const int panels, const uint8_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo, upcoming next) {
  (void)panels;
  __m256i sum[TILE_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256();

  row_pointers at = rows_at(q, ldq, rows);
  for (const int8_t *end = panel + depth * LANES; panel < end; panel += CK_I8_STEP * LANES) {
    hold(&at, rows);
    fetch_lines(&next, panels, 0);
#pragma clang loop unroll(full)
    for (int k = 0; k < CK_I8_STEP; k += 4) {
      const __m256i *right = (const __m256i *)(panel + k * LANES);
      const __m256i right0 = _mm256_loadu_si256(right), right1 = _mm256_loadu_si256(right + 1);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const __m256i left = _mm256_set1_epi32(four_bytes(row_at(&at, r, ldq) + k));
        sum[r][0] = _mm256_dpbusd_avx_epi32(sum[r][0], left, right0);
        sum[r][1] = _mm256_dpbusd_avx_epi32(sum[r][1], left, right1);
      }
    }
    step_by(&at, rows, CK_I8_STEP);
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    _mm256_storeu_si256((__m256i *)(out + r * ldo), sum[r][0]);
    _mm256_storeu_si256((__m256i *)(out + r * ldo + 8), sum[r][1]);
  }
}

#include "all.h"
END_TARGET
#endif
