// What layer norm needs of a row.

typedef struct {
  float mean;
  /// 1/√(variance + ε), population variance.
  float factor;
} row_moments;

/// In two passes, mean and variance: exact enough for rows far from zero.
INLINE row_moments moments_of(const float *x, long dim, float epsilon) {
  const long whole = dim / LANES * LANES, left = dim - whole;
  lanes total = splat(0);
  for (long i = 0; i < whole; i += LANES) total += load(x + i);
  if (left) total += load_first(x + whole, left);
  const float mean = sum16(total) / (float)dim;

  lanes squares = splat(0);
  for (long i = 0; i < whole; i += LANES) {
    const lanes d = load(x + i) - splat(mean);
    squares = fma16(d, d, squares);
  }
  if (left) {
    const lanes d = keep_first(load_first(x + whole, left) - splat(mean), left);
    squares = fma16(d, d, squares);
  }
  const float variance = sum16(squares) / (float)dim;
  return (row_moments){mean, 1.0f / __builtin_sqrtf(variance + epsilon)};
}
