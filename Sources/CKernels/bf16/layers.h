// What stands between the products: f32 rows, and the same rounded for the next product.

/// Layer norm in place and the row rounded.
INLINE void norm_row(float *x, long dim, const float *gamma, const float *beta, float epsilon, uint16_t *out) {
  const long whole = dim / LANES * LANES, left = dim - whole;
  const row_moments moments = moments_of(x, dim, epsilon);
  const lanes mean = splat(moments.mean), factor = splat(moments.factor);

  for (long i = 0; i < whole; i += LANES) {
    const lanes y = fma16((load(x + i) - mean) * factor, load(gamma + i), load(beta + i));
    store(x + i, y);
    store_rounded(out + i, y);
  }
  if (left) {
    const lanes d = (load_some(x + whole, left) - mean) * factor;
    const lanes y = fma16(d, load_some(gamma + whole, left), load_some(beta + whole, left));
    _mm512_mask_storeu_ps(x + whole, first_lanes(left), y);
    store_last_rounded(out + whole, y, left);
  }
}

static void norm(float *x, long rows, long dim, const float *gamma, const float *beta, float epsilon, uint16_t *out,
                 long ldo) {
  for (long r = 0; r < rows; r++) norm_row(x + r * dim, dim, gamma, beta, epsilon, out + r * ldo);
}

static long embed(const int32_t *ids, long count, long dim, const uint16_t *words, long vocabulary, const float *positions,
                  const float *gamma, const float *beta, float epsilon, float *x, uint16_t *out, long ldo) {
  const long whole = dim / LANES * LANES, left = dim - whole;
  for (long t = 0; t < count; t++) {
    if (ids[t] < 0 || ids[t] >= vocabulary) return t;
    const uint16_t *word = words + (long)ids[t] * dim;
    const float *position = positions + t * dim;
    float *row = x + t * dim;
    for (long i = 0; i < whole; i += LANES) store(row + i, load_widened(word + i) + load(position + i));
    if (left) {
      const lanes sum = load_some_widened(word + whole, left) + load_some(position + whole, left);
      _mm512_mask_storeu_ps(row + whole, first_lanes(left), sum);
    }
    norm_row(row, dim, gamma, beta, epsilon, out + t * ldo);
  }
  return -1;
}
