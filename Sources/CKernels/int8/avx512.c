// The int8 kernels for x86-64 with AVX-512 and no byte dot product: as avx2.c, with 8 channels to a register.
#if defined(__x86_64__)
#include "intrinsics.h"
BEGIN_TARGET("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")
#include "../body/vector.h"

#include "../body/rows.h"
#include "../body/fetching.h"

#define KERNEL(name) name##_avx512
#define TILE_ROWS 12
#define TILE_PANELS 1
#define WIDENED

INLINE void dot_tile(const int rows, const int panels, const int16_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo, upcoming next) {
  __m512i sum[TILE_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm512_setzero_si512();

  row_pointers at = rows_at(q, ldq * 2, rows);
  for (const int8_t *end = panel + depth * LANES; panel < end; panel += CK_I8_STEP * LANES) {
    hold(&at, rows);
    fetch_lines(&next, panels, 0);
#pragma clang loop unroll(full)
    for (int k = 0; k < CK_I8_STEP; k += 4) {
      const __m256i *right = (const __m256i *)(panel + k * LANES);
      const __m512i right0 = _mm512_cvtepi8_epi16(_mm256_loadu_si256(right));
      const __m512i right1 = _mm512_cvtepi8_epi16(_mm256_loadu_si256(right + 1));
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const __m512i left = _mm512_set1_epi64(eight_bytes(row_at(&at, r, ldq * 2) + k * 2));
        sum[r][0] = _mm512_add_epi32(sum[r][0], _mm512_madd_epi16(left, right0));
        sum[r][1] = _mm512_add_epi32(sum[r][1], _mm512_madd_epi16(left, right1));
        keep_in_register(sum[r][0]);
        keep_in_register(sum[r][1]);
      }
    }
    step_by(&at, rows, CK_I8_STEP * 2);
  }

  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
    _mm512_storeu_si512(out + r * ldo, _mm512_add_epi32(_mm512_permutex2var_epi32(sum[r][0], even, sum[r][1]),
                                                         _mm512_permutex2var_epi32(sum[r][0], odd, sum[r][1])));
}

#include "all.h"
END_TARGET
#endif
