// The bf16 kernels: AVX-512 BF16, or nothing.
#include "../include/bf16.h"

#if defined(__x86_64__)

bool ck_bf16_supported(void) {
  return ck_path_supported(CK_AVX512) && (ck_cpu_features() & CK_FEATURE_AVX512_BF16);
}

#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma"))), \
                             apply_to = function)
#include "../body/vector.h"

INLINE __mmask16 first_lanes(long count) { return (__mmask16)(count >= LANES ? 0xffff : (1 << count) - 1); }

void ck_bf16_round_rows(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo) {
  for (long r = 0; r < rows; r++, x += ldx, out += ldo) {
    long i = 0;
    for (; i + LANES <= inputs; i += LANES)
      _mm256_storeu_si256((__m256i *)(out + i), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(x + i)));
    if (i < inputs) {
      const __m512 last = _mm512_maskz_loadu_ps(first_lanes(inputs - i), x + i);
      _mm256_mask_storeu_epi16(out + i, first_lanes(ck_bf16_depth(inputs) - i), (__m256i)_mm512_cvtneps_pbh(last));
    }
  }
}

/// `rows` × `panels` tile; both counts are constants where this is inlined.
INLINE void tile(const int rows, const int panels, const uint16_t *x, long ldx, const uint16_t *panel, long depth,
                 const float *bias, long columns, const float *residual, long ldr, float *y, long ldy) {
  __m512 sum[14][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) sum[r][p] = _mm512_setzero_ps();
#pragma clang loop unroll_count(4)
  for (long k = 0; k < depth; k += 2) {
    __m512bh right[2];
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++)
      right[p] = (__m512bh)_mm512_loadu_si512(panel + (p * depth + k) * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      int32_t pair;
      __builtin_memcpy(&pair, x + r * ldx + k, 4);
      const __m512bh left = (__m512bh)_mm512_set1_epi32(pair);
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) sum[r][p] = _mm512_dpbf16_ps(sum[r][p], left, right[p]);
    }
  }
#pragma clang loop unroll(full)
  for (int p = 0; p < panels; p++) {
    const __mmask16 mask = first_lanes(columns - p * LANES);
    const __m512 shift = _mm512_loadu_ps(bias + p * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      __m512 value = _mm512_add_ps(sum[r][p], shift);
      if (residual)
        value = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, residual + r * ldr + p * LANES), value);
      _mm512_mask_storeu_ps(y + r * ldy + p * LANES, mask, value);
    }
  }
}

void ck_bf16_product(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                     const float *residual, long ldr, float *y, long ldy) {
  const long depth = ck_bf16_depth(w->inputs);
  for (long c = 0; c < count; c += LANES)
    for (long r = 0; r < rows; r++)
      tile(1, 1, x + r * ldx, ldx, w->panels + (first + c) * depth, depth, w->bias + first + c, count - c,
           residual ? residual + r * ldr + c : 0, ldr, y + r * ldy + c, ldy);
}

#pragma clang attribute pop

#else

bool ck_bf16_supported(void) { return false; }

void ck_bf16_round_rows(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo) {
  (void)x, (void)ldx, (void)rows, (void)inputs, (void)out, (void)ldo;
}

void ck_bf16_product(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                     const float *residual, long ldr, float *y, long ldy) {
  (void)x, (void)ldx, (void)rows, (void)w, (void)first, (void)count, (void)residual, (void)ldr, (void)y, (void)ldy;
}

#endif
