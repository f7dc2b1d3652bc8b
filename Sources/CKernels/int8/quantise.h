// Rows of f32 to unsigned 8 bits, 16 lanes at a time. A range is over the row's elements and 0, so that 0 is exact.

typedef struct {
  lanes least, greatest;
  ints largest_bits;  // of the magnitudes: NaN and infinities are the largest
} row_range;

INLINE row_range empty_range(void) { return (row_range){splat(0), splat(0), splat_int(0)}; }

INLINE row_range widen_range(row_range range, lanes x) {
  range.least = select16(x < range.least, x, range.least);
  range.greatest = select16(x > range.greatest, x, range.greatest);
  const ints bits = (ints)x & splat_int(0x7fffffff);
  range.largest_bits = __builtin_elementwise_max(bits, range.largest_bits);
  return range;
}

typedef struct {
  float scale, inverse;
  int32_t zero;
  bool is_finite;
} row_code;

/// Scale and zero point of a row; see include/int8.h. With `inverse` 0 every element becomes 0.
INLINE row_code code_of(row_range range) {
  const float least = -largest16(-range.least), greatest = largest16(range.greatest);
  const float width = greatest - least;
  row_code code = {0, 0, 0, true};
  int32_t bits;
  __builtin_memcpy(&bits, &width, 4);
  ints far = range.largest_bits >= splat_int(0x7f800000);
  int32_t any = 0;
  for (int i = 0; i < LANES; i++) any |= far[i];
  if (any || bits >= 0x7f800000) {
    code.is_finite = false;
  } else if (width >= 0x1p-100f) {
    code.scale = width / 255;
    code.inverse = 255 / width;
    const float zero = -least * code.inverse + ROUND;
    code.zero = (int32_t)(zero - ROUND);
  }
  return code;
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));

/// The sum in one rounding: fma(x, inverse, zero + ROUND) is the integer nearest to x · inverse + zero, in the low bits.
INLINE bytes16 quantise16(lanes x, row_code code) {
  const lanes rounded = fma16(x, splat(code.inverse), splat((float)code.zero + ROUND));
  ints q = (ints)rounded - splat_int(0x4b400000);
  q = __builtin_elementwise_min(__builtin_elementwise_max(q, splat_int(0)), splat_int(255));
  return __builtin_convertvector(q, bytes16);
}

static long KERNEL(quantise_rows)(const float *x, long ldx, long rows, long inputs, uint8_t *q, long ldq, float *scale,
                                  int32_t *zero) {
  const long depth = (inputs + CK_I8_STEP - 1) / CK_I8_STEP * CK_I8_STEP;
  long bad = -1;
  for (long r = 0; r < rows; r++, x += ldx, q += ldq) {
    row_range range = empty_range();
    for (long i = 0; i < inputs; i += LANES) range = widen_range(range, load_up_to(x + i, inputs - i));
    const row_code code = code_of(range);
    scale[r] = code.scale;
    zero[r] = code.zero;
    if (code.inverse == 0) {
      if (!code.is_finite && bad < 0) bad = r;
      __builtin_memset(q, 0, (size_t)depth);
      continue;
    }
    for (long i = 0; i < inputs; i += LANES) {
      const long left = inputs - i;
      bytes16 bytes = quantise16(load_up_to(x + i, left), code);
      if (left < LANES)
        for (long j = left; j < LANES; j++) bytes[j] = 0;
      __builtin_memcpy(q + i, &bytes, 16);
    }
  }
  return bad;
}
