// Self-attention in integers, one sequence at a time.
//
// Queries, keys and values have one scale per token and head. Scores are exact sums of queries (unsigned, 128 is zero)
// and keys. Each value's scale goes into its probability before that becomes 8 bits, so that tokens with large
// probabilities and small values, which trained models like to park attention on, do not take the other tokens' bits.
// What rounding a probability leaves over is carried to the same lane's next one: a thousand tiny probabilities then add
// up to what they should, and not to nothing.

enum { ATTENTION_ROWS = 28, QUERY_ZERO = 128 };

/// One head of one token to signed 8 bits, `width` (a multiple of 16) bytes; NaN for scale if an element is not finite.
INLINE float encode_head(const float *x, long count, long width, int8_t shift, int8_t *q) {
  ints bits = splat_int(0);
  const long whole = count / LANES * LANES, left = count - whole;
  for (long i = 0; i < whole; i += LANES)
    bits = __builtin_elementwise_max((ints)load(x + i) & splat_int(0x7fffffff), bits);
  if (left) bits = __builtin_elementwise_max((ints)load_first(x + whole, left) & splat_int(0x7fffffff), bits);
  const int32_t largest_bits = largest_int16(bits);
  float largest;
  __builtin_memcpy(&largest, &largest_bits, 4);
  const bool is_finite = largest_bits < 0x7f800000;
  if (!is_finite || largest < 0x1p-100f) {
    __builtin_memset(q, shift, (size_t)width);
    return is_finite ? 0 : __builtin_nanf("");
  }
  const lanes inverse = splat(127 / largest);
  const signed_bytes16 flip = (signed_bytes16){} + shift;
  for (long i = 0; i < whole; i += LANES) {
    const ints n = (ints)fma16(load(x + i), inverse, splat(ROUND)) - splat_int(0x4b400000);
    const signed_bytes16 bytes = __builtin_convertvector(n, signed_bytes16) ^ flip;
    __builtin_memcpy(q + i, &bytes, 16);
  }
  if (left) {
    const ints n = (ints)fma16(load_first(x + whole, left), inverse, splat(ROUND)) - splat_int(0x4b400000);
    const signed_bytes16 bytes = __builtin_convertvector(n, signed_bytes16) ^ flip;
    __builtin_memcpy(q + whole, &bytes, 16);
  }
  return largest / 127;
}

static void KERNEL(split_heads)(const float *x, long rows, long first, long count, long heads, long head_dim,
                                const ck_i8_heads *out, long row) {
  const long width = ck_i8_depth(head_dim);
  for (long r = 0; r < rows; r++)
    for (long h = first; h < first + count; h++, x += head_dim) {
      const long at = (row + r) * heads + h % heads;
      if (h < heads)
        out->query_scale[at] = encode_head(x, head_dim, width, (int8_t)QUERY_ZERO, (int8_t *)out->query + at * width);
      else if (h < 2 * heads)
        out->key_scale[at] = encode_head(x, head_dim, width, 0, out->key + at * width);
      else
        out->value_scale[at] = encode_head(x, head_dim, width, 0, out->value + at * width);
    }
}

/// log2(x) for x >= 0 to within 0.001 (scripts/fit_kernels.py); -127 for zero.
INLINE lanes rough_log2(lanes x) {
  const ints bits = (ints)x;
  const lanes exponent = __builtin_convertvector((bits >> 23) - splat_int(127), lanes);
  const lanes f = (lanes)((bits & splat_int(0x7fffff)) | splat_int(0x3f800000)) - splat(1);
  const lanes p = fma16(splat(-0x1.461538p-3f), f, splat(0x1.b1039ep-2f));
  return exponent + fma16(f * (splat(1) - f), p, f);
}

/// One head's keys and values, packed for the products.
typedef struct {
  int8_t *keys, *values;  ///< panels
  int32_t *key_shift;     ///< QUERY_ZERO · the key's sum, which the sums must lose
  float *key_scale;       ///< per key; zero past the last
  float *value_log;       ///< log2 of the value's scale over the largest, at least -24; -infinity past the last
  float *value_weight;    ///< 254 · that ratio; zero where it is below 2⁻²⁴
  float largest_scale;    ///< of the values
  float poison;           ///< zero; NaN where a scale is NaN or too large to compute with
} packed_head;

static long head_bytes(long length, long head_dim) {
  const long padded = ck_i8_depth(length);
  return 2 * padded * ck_i8_depth(head_dim) + 4 * padded * 4;
}

INLINE packed_head place_head(char *memory, long length, long head_dim) {
  const long padded = ck_i8_depth(length), panels = padded * ck_i8_depth(head_dim);
  packed_head head = {.keys = (int8_t *)memory, .values = (int8_t *)memory + panels};
  head.key_shift = (int32_t *)(memory + 2 * panels);
  head.key_scale = (float *)(head.key_shift + padded);
  head.value_log = head.key_scale + padded;
  head.value_weight = head.value_log + padded;
  return head;
}

INLINE void pack_head(packed_head *head, const ck_i8_heads *in, long row, long length, long heads, long h, long head_dim) {
  const long padded = ck_i8_depth(length), width = ck_i8_depth(head_dim), stride = heads * width;
  KERNEL(pack_rows)(in->key + (row * heads + h) * width, stride, length, head_dim, head->keys, head->key_shift);
  KERNEL(pack_columns)(in->value + (row * heads + h) * width, stride, head_dim, length, head->values, 0);
  const float *key_scale = in->key_scale + row * heads + h, *value_scale = in->value_scale + row * heads + h;
  for (long j = 0; j < length; j++) {
    head->key_scale[j] = key_scale[j * heads];
    head->value_weight[j] = value_scale[j * heads];
  }
  for (long j = length; j < padded; j++) head->key_scale[j] = head->value_weight[j] = 0;

  lanes poison = splat(0), top = splat(0);
  for (long j = 0; j < padded; j += LANES) {
    const lanes keys = load(head->key_scale + j), values = load(head->value_weight + j);
    poison = fma16(keys * splat(0x1p31f), splat(0), poison);
    poison = fma16(values * splat(0x1p31f), splat(0), poison);
    top = max16(values, top);
    ints shift;
    __builtin_memcpy(&shift, head->key_shift + j, sizeof shift);
    shift *= splat_int(QUERY_ZERO);
    __builtin_memcpy(head->key_shift + j, &shift, sizeof shift);
  }
  head->poison = sum16(poison);
  head->largest_scale = largest16(top);
  const lanes inverse = splat(head->largest_scale > 0 ? 1 / head->largest_scale : 0);
  for (long j = 0; j < padded; j += LANES) {
    const lanes ratio = load(head->value_weight + j) * inverse;
    const lanes log = rough_log2(ratio);
    const ints tiny = log < splat(-24);
    store(head->value_log + j, select16(tiny, splat(-24), log));
    store(head->value_weight + j, select16(tiny, splat(0), ratio * splat(254)));
  }
  for (long j = length; j < padded; j++) head->value_log[j] = -__builtin_inff();
}

/// 16 scores to 2^(score · factor - largest), of which `count` are returned, and to their codes.
INLINE lanes probability(const float *scores, long j, lanes factor, float largest, const packed_head *head, lanes *carry,
                         uint8_t *codes, long count) {
  const lanes x = max16(fma16(load(scores + j), factor, splat(-largest)), splat(-126));
  const lanes rounded = x + splat(ROUND);
  const lanes r = x - (rounded - splat(ROUND));
  // 2^r on [-1/2, 1/2] to 1e-4 (scripts/fit_kernels.py).
  lanes p = splat(0x1.c2a216p-5f);
  p = fma16(p, r, splat(0x1.f00c4cp-3f));
  p = fma16(p, r, splat(0x1.62f5fap-1f));
  p = fma16(p, r, splat(1));
  lanes e = (lanes)((ints)p + ((ints)rounded << 23));
  if (count < LANES) e = keep_first(e, count);
  const lanes wanted = fma16(e, load(head->value_weight + j), *carry);
  const lanes code = wanted + splat(ROUND);
  *carry = wanted - (code - splat(ROUND));
  const bytes16 bytes = __builtin_convertvector((ints)code, bytes16);
  __builtin_memcpy(codes + j, &bytes, 16);
  return e;
}

/// Sums of one query with every key become the codes of its probabilities, times the values' scales. Returns the factor
/// that turns the sums of those codes with the values into the context.
INLINE float probabilities(int32_t *sums, long length, const packed_head *head, float scale, uint8_t *codes) {
  const long padded = ck_i8_depth(length);
  // Probabilities are powers of two: log2(e) goes into the scale.
  const lanes factor = splat(scale * 0x1.715476p+0f);
  float *scores = (float *)sums;
  lanes top = splat(-__builtin_inff());
  for (long j = 0; j < padded; j += LANES) {
    ints sum, shift;
    __builtin_memcpy(&sum, sums + j, sizeof sum);
    __builtin_memcpy(&shift, head->key_shift + j, sizeof shift);
    const lanes score = __builtin_convertvector(sum - shift, lanes) * load(head->key_scale + j);
    store(scores + j, score);
    top = max16(fma16(score, factor, load(head->value_log + j)), top);
  }
  const float largest = largest16(top);
  // Two carries take turns, since each step waits for its last.
  lanes total = splat(0), even = splat(0), odd = splat(0);
  long j = 0;
  for (; j + 2 * LANES <= length; j += 2 * LANES) {
    total += probability(scores, j, factor, largest, head, &even, codes, LANES);
    total += probability(scores, j + LANES, factor, largest, head, &odd, codes, LANES);
  }
  if (j < length) total += probability(scores, j, factor, largest, head, &even, codes, length - j);
  if (j + LANES < length) total += probability(scores, j + LANES, factor, largest, head, &odd, codes, length - j - LANES);
  const float poison = __builtin_fmaf(largest, 0, __builtin_fmaf(scale, 0, head->poison));
  return head->largest_scale / (254 * sum16(total)) + poison;
}

static void KERNEL(attention)(const ck_i8_heads *in, long row, long length, long heads, long head_dim, long first,
                              long count, uint8_t *q, long ldq, float *scale, int32_t *zero, void *scratch) {
  const long padded = ck_i8_depth(length), width = ck_i8_depth(head_dim), dim = heads * head_dim;
  const long bytes_per_head = head_bytes(length, head_dim);
  char *memory = scratch;
  packed_head *packed = scratch;
  memory += (heads * (long)sizeof(packed_head) + 63) / 64 * 64;
  for (long h = 0; h < heads; h++, memory += bytes_per_head) {
    packed[h] = place_head(memory, length, head_dim);
    pack_head(packed + h, in, row, length, heads, h, head_dim);
  }
  int32_t *sums = (int32_t *)memory;
  int32_t *products = sums + ATTENTION_ROWS * padded;
  float *context = (float *)(products + ATTENTION_ROWS * width);
  uint8_t *codes = (uint8_t *)(context + ATTENTION_ROWS * dim);
  for (const long end = first + count; first < end; first += ATTENTION_ROWS) {
    const long rows = end - first < ATTENTION_ROWS ? end - first : ATTENTION_ROWS;
    for (long h = 0; h < heads; h++) {
      const packed_head *head = packed + h;
      const long at = (row + first) * heads + h;
      float factors[ATTENTION_ROWS];
      KERNEL(sums)(in->query + at * width, heads * width, rows, head->keys, width, padded, sums, padded);
      for (long r = 0; r < rows; r++)
        factors[r] = probabilities(sums + r * padded, length, head, in->query_scale[at + r * heads], codes + r * padded);
      KERNEL(sums)(codes, padded, rows, head->values, padded, width, products, width);
      for (long r = 0; r < rows; r++)
        for (long c = 0; c < head_dim; c += LANES) {
          ints sum;
          __builtin_memcpy(&sum, products + r * width + c, sizeof sum);
          store_up_to(context + r * dim + h * head_dim + c, __builtin_convertvector(sum, lanes) * splat(factors[r]),
                      head_dim - c);
        }
    }
    KERNEL(encode)(context, dim, rows, dim, 0, q + first * ldq, ldq, scale + first, zero + first);
  }
}
