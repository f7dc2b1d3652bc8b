// Sixteen floats to bf16 and back.

INLINE __mmask16 first_lanes(long count) { return (__mmask16)(count >= LANES ? 0xffff : (1 << count) - 1); }
INLINE __mmask32 first_halves(long count) { return (__mmask32)(count >= 32 ? 0xffffffff : (1u << count) - 1); }

/// `count` (1 ... 15) floats, then zeroes.
INLINE lanes load_some(const float *p, long count) { return _mm512_maskz_loadu_ps(first_lanes(count), p); }

INLINE void store_rounded(uint16_t *p, lanes v) { _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(v)); }

/// The last `count` (1 ... 15) elements of a row, and zeroes up to its depth.
INLINE void store_last_rounded(uint16_t *p, lanes v, long count) {
  const __m256i rounded = (__m256i)_mm512_maskz_cvtneps_pbh(first_lanes(count), v);
  _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(rounded));
  if (count > CK_BF16_STEP) _mm_storeu_si128((__m128i *)(p + CK_BF16_STEP), _mm256_extracti128_si256(rounded, 1));
}

INLINE lanes load_widened(const uint16_t *p) {
  return (lanes)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16);
}
INLINE lanes load_some_widened(const uint16_t *p, long count) {
  return (lanes)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first_lanes(count), p)), 16);
}

static void round_rows(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo) {
  for (long r = 0; r < rows; r++, x += ldx, out += ldo) {
    long i = 0;
    for (; i + LANES <= inputs; i += LANES) store_rounded(out + i, load(x + i));
    if (i < inputs) store_last_rounded(out + i, load_some(x + i, inputs - i), inputs - i);
  }
}
