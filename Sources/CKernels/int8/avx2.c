// The int8 kernels for x86-64 with AVX2 and no byte dot product.
//
// `vpmaddubsw` would saturate its 16-bit sums, so both sides are widened to 16 bits, where `vpmaddwd` is exact: weights as
// they are loaded, activations once per block of rows. A register then holds four inputs of 4 channels, and its sums
// 4 channels × 2 halves of the inputs, which are added at the end.
#if defined(__x86_64__)
#include "intrinsics.h"
BEGIN_TARGET("avx2,fma")
#include "../body/vector.h"

#include "../body/rows.h"
#include "../body/fetching.h"

#define KERNEL(name) name##_avx2
#define TILE_ROWS 6
#define TILE_PANELS 1
#define WIDENED

/// Half of a tile: 8 channels, from `half` · 8 on.
INLINE void half_tile(const int rows, const int half, const int16_t *q, long ldq, const int8_t *panel, long depth,
                      int32_t *out, long ldo, upcoming next) {
  __m256i sum[TILE_ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = _mm256_setzero_si256();

  row_pointers at = rows_at(q, ldq * 2, rows);
  for (const int8_t *end = panel + depth * LANES; panel < end; panel += CK_I8_STEP * LANES) {
    hold(&at, rows);
    fetch_lines(&next, 1, 0);
#pragma clang loop unroll(full)
    for (int k = 0; k < CK_I8_STEP; k += 4) {
      const __m128i *right = (const __m128i *)(panel + k * LANES) + half * 2;
      const __m256i right0 = _mm256_cvtepi8_epi16(_mm_loadu_si128(right));
      const __m256i right1 = _mm256_cvtepi8_epi16(_mm_loadu_si128(right + 1));
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const __m256i left = _mm256_set1_epi64x(eight_bytes(row_at(&at, r, ldq * 2) + k * 2));
        sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(left, right0));
        sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(left, right1));
        keep_in_register(sum[r][0]);
        keep_in_register(sum[r][1]);
      }
    }
    step_by(&at, rows, CK_I8_STEP * 2);
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    // Channels 0 1 4 5 2 3 6 7, in pairs of 64 bits.
    const __m256i pairs = _mm256_hadd_epi32(sum[r][0], sum[r][1]);
    _mm256_storeu_si256((__m256i *)(out + r * ldo + half * 8), _mm256_permute4x64_epi64(pairs, 0xd8));
  }
}

INLINE void dot_tile(const int rows, const int panels, const int16_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo, upcoming next) {
  (void)panels;
  half_tile(rows, 0, q, ldq, panel, depth, out, ldo, next);
  half_tile(rows, 1, q, ldq, panel, depth, out, ldo, next);
}

#include "all.h"
END_TARGET
#endif
