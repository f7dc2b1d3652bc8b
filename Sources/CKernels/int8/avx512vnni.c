// The int8 kernels for x86-64 with AVX-512 VNNI: a panel's four inputs of 16 channels are one register.
#if defined(__x86_64__)
#include "intrinsics.h"
BEGIN_TARGET("avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma")
#include "../body/vector.h"

#include "../body/rows.h"
#include "../body/fetching.h"

#define KERNEL(name) name##_avx512_vnni
#define TILE_ROWS 14
#define TILE_PANELS 2

INLINE void dot_tile(const int rows, const int panels, const uint8_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo, upcoming next) {
  __m512i sum[TILE_ROWS][TILE_PANELS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) sum[r][p] = _mm512_setzero_si512();

  const long panel_bytes = depth * LANES;
  row_pointers at = rows_at(q, ldq, rows);
  for (const int8_t *end = panel + panel_bytes; panel < end; panel += CK_I8_STEP * LANES) {
    hold(&at, rows);
    fetch_lines(&next, panels, panel_bytes);
#pragma clang loop unroll(full)
    for (int k = 0; k < CK_I8_STEP; k += 4) {
      __m512i right[TILE_PANELS];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) right[p] = _mm512_loadu_si512(panel + p * panel_bytes + k * LANES);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const __m512i left = _mm512_set1_epi32(four_bytes(row_at(&at, r, ldq) + k));
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) sum[r][p] = _mm512_dpbusd_epi32(sum[r][p], left, right[p]);
      }
    }
    step_by(&at, rows, CK_I8_STEP);
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) _mm512_storeu_si512(out + r * ldo + p * LANES, sum[r][p]);
}

#include "all.h"
END_TARGET
#endif
