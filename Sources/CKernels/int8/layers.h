// What stands between the products: each kernel ends with its rows quantised for the next product.
//
// A row with a NaN or an infinity gets the scale NaN and zeroes for elements, so that every product of it is NaN.

typedef int8_t signed_bytes16 __attribute__((vector_size(16)));

INLINE int32_t largest_int16(ints v) {
  v = __builtin_elementwise_max(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = __builtin_elementwise_max(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = __builtin_elementwise_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return v[0] > v[1] ? v[0] : v[1];
}

/// x · factors, or x where there are none.
INLINE lanes times(lanes x, const float *factors, long i) { return factors ? x * load(factors + i) : x; }
INLINE lanes times_first(lanes x, const float *factors, long i, long count) {
  return factors ? x * load_first(factors + i, count) : x;
}

/// Quantises one row of known range, times `factors` if they are there: q (round_up(count, CK_I8_STEP)) is zero past `count`.
INLINE void write_row(const float *x, long count, const float *factors, row_range range, uint8_t *q, float *scale, int32_t *zero) {
  const long depth = (count + CK_I8_STEP - 1) / CK_I8_STEP * CK_I8_STEP;
  const row_code code = code_of(range);
  *scale = code.is_finite ? code.scale : __builtin_nanf("");
  *zero = code.zero;
  if (code.inverse == 0) {
    __builtin_memset(q, 0, (size_t)depth);
    return;
  }
  long i = 0;
  for (; i + LANES <= count; i += LANES) {
    const bytes16 bytes = quantise16(times(load(x + i), factors, i), code);
    __builtin_memcpy(q + i, &bytes, 16);
  }
  if (i < count) {
    const bytes16 bytes = quantise16(times_first(load_first(x + i, count - i), factors, i, count - i), code);
    __builtin_memset(q + i, 0, LANES);
    for (long j = i; j < count; j++) q[j] = bytes[j - i];
  }
}

/// Layer norm in place and the row's codes.
INLINE void norm_row(float *x, long dim, const float *gamma, const float *beta, float epsilon, const float *factors,
                     uint8_t *q, float *scale, int32_t *zero) {
  const long whole = dim / LANES * LANES, left = dim - whole;
  const row_moments moments = moments_of(x, dim, epsilon);
  const lanes mean = splat(moments.mean), factor = splat(moments.factor);

  row_range range = empty_range();
  for (long i = 0; i < whole; i += LANES) {
    const lanes y = fma16((load(x + i) - mean) * factor, load(gamma + i), load(beta + i));
    store(x + i, y);
    range = widen_range(range, times(y, factors, i));
  }
  if (left) {
    const lanes d = (load_first(x + whole, left) - mean) * factor;
    const lanes y = keep_first(fma16(d, load_first(gamma + whole, left), load_first(beta + whole, left)), left);
    store_first(x + whole, y, left);
    range = widen_range(range, times_first(y, factors, whole, left));
  }
  write_row(x, dim, factors, range, q, scale, zero);
}

static void KERNEL(norm)(float *x, long rows, long dim, const float *gamma, const float *beta, float epsilon,
                         const float *factors, uint8_t *q, long ldq, float *scale, int32_t *zero) {
  if (factors)
    for (long r = 0; r < rows; r++)
      norm_row(x + r * dim, dim, gamma, beta, epsilon, factors, q + r * ldq, scale + r, zero + r);
  else
    for (long r = 0; r < rows; r++)
      norm_row(x + r * dim, dim, gamma, beta, epsilon, 0, q + r * ldq, scale + r, zero + r);
}

static long KERNEL(embed)(const int32_t *ids, long count, long dim, const int8_t *words, const float *word_scales,
                          long vocabulary, const float *positions, const float *gamma, const float *beta, float epsilon,
                          const float *factors, float *x, uint8_t *q, long ldq, float *scale, int32_t *zero) {
  const long whole = dim / LANES * LANES;
  for (long t = 0; t < count; t++) {
    if (ids[t] < 0 || ids[t] >= vocabulary) return t;
    const int8_t *word = words + (long)ids[t] * dim;
    const float *position = positions + t * dim, factor = word_scales[ids[t]];
    float *row = x + t * dim;
    for (long i = 0; i < whole; i += LANES) {
      signed_bytes16 bytes;
      __builtin_memcpy(&bytes, word + i, 16);
      store(row + i, fma16(__builtin_convertvector(bytes, lanes), splat(factor), load(position + i)));
    }
    for (long i = whole; i < dim; i++) row[i] = __builtin_fmaf((float)word[i], factor, position[i]);
    norm_row(row, dim, gamma, beta, epsilon, factors, q + t * ldq, scale + t, zero + t);
  }
  return -1;
}

/// GELU to about 4e-5, which is far below a step of the codes it becomes: x·(1/2 + c·P(c²)) with c = x held to [-4, 4].
/// P is the degree 7 minimax fit of erf(c/√2) / 2c in s = c²/8 - 1 (scripts/fit_kernels.py).
INLINE lanes gelu_for_codes(lanes x) {
  lanes c = select16(x < splat(4), x, splat(4));
  c = select16(c > splat(-4), c, splat(-4));
  const lanes s = fma16(c * splat(0.125f), c, splat(-1));
  lanes p = splat(-0x1.65b2aep-9f);
  p = fma16(p, s, splat(0x1.0d1144p-7f));
  p = fma16(p, s, splat(-0x1.b280b6p-7f));
  p = fma16(p, s, splat(0x1.624p-6f));
  p = fma16(p, s, splat(-0x1.2af85cp-5f));
  p = fma16(p, s, splat(0x1.cb2b12p-5f));
  p = fma16(p, s, splat(-0x1.598738p-4f));
  p = fma16(p, s, splat(0x1.68574cp-3f));
  return x * fma16(c, p, splat(0.5f));
}

INLINE lanes relu16(lanes x) { return select16(x < splat(0), splat(0), x); }

INLINE void activate_rows(bool gelu, float *x, long rows, long columns, uint8_t *q, long ldq, float *scale,
                          int32_t *zero) {
  const long whole = columns / LANES * LANES, left = columns - whole;
  for (long r = 0; r < rows; r++, x += columns) {
    row_range range = empty_range();
    ints input_bits = splat_int(0);  // an infinity may be lost in the activation
    for (long i = 0; i < whole; i += LANES) {
      const lanes v = load(x + i);
      const lanes y = gelu ? gelu_for_codes(v) : relu16(v);
      input_bits = __builtin_elementwise_max((ints)v & splat_int(0x7fffffff), input_bits);
      range.least = select16(y < range.least, y, range.least);
      range.greatest = select16(y > range.greatest, y, range.greatest);
      store(x + i, y);
    }
    if (left) {
      const lanes v = load_first(x + whole, left);
      const lanes y = gelu ? gelu_for_codes(v) : relu16(v);
      input_bits = __builtin_elementwise_max((ints)v & splat_int(0x7fffffff), input_bits);
      range = widen_range(range, y);
      store_first(x + whole, y, left);
    }
    range.largest_bits = input_bits;
    write_row(x, columns, 0, range, q + r * ldq, scale + r, zero + r);
  }
}

static void KERNEL(gelu)(float *x, long rows, long columns, uint8_t *q, long ldq, float *scale, int32_t *zero) {
  activate_rows(true, x, rows, columns, q, ldq, scale, zero);
}
static void KERNEL(relu)(float *x, long rows, long columns, uint8_t *q, long ldq, float *scale, int32_t *zero) {
  activate_rows(false, x, rows, columns, q, ldq, scale, zero);
}
static void KERNEL(encode)(const float *x, long ldx, long rows, long columns, const float *factors, uint8_t *q, long ldq,
                           float *scale, int32_t *zero) {
  const long whole = columns / LANES * LANES, left = columns - whole;
  for (long r = 0; r < rows; r++, x += ldx) {
    row_range range = empty_range();
    for (long i = 0; i < whole; i += LANES) range = widen_range(range, times(load(x + i), factors, i));
    if (left) range = widen_range(range, times_first(load_first(x + whole, left), factors, whole, left));
    write_row(x, columns, factors, range, q + r * ldq, scale + r, zero + r);
  }
}
