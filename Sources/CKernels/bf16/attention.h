// Self-attention, one head of one sequence at a time, in blocks of queries whose scores stay in the L1 cache.
//
// Keys and values are packed as the right-hand sides of two products. Between them the softmax is f32; the probabilities are
// rounded to bf16, and it is the rounded ones that are made to add up to 1.

enum { ATTENTION_ROWS = TILE_ROWS };

/// Room for one head; see ck_bf16_attention_scratch.
typedef struct {
  uint16_t *keys, *values;  ///< panels
  uint16_t *queries, *probabilities;  ///< (ATTENTION_ROWS, width), (ATTENTION_ROWS, length)
  float *scores, *context;  ///< (ATTENTION_ROWS, length), (ATTENTION_ROWS, width)
  long length, width;  ///< rounded up to a multiple of TILE_COLUMNS: the distances of those rows
} head_memory;

INLINE long whole_tiles(long n) { return (n + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS; }

INLINE head_memory place_head(char *memory, long length, long head_dim) {
  head_memory head = {.length = whole_tiles(length), .width = whole_tiles(head_dim)};
  head.scores = (float *)memory;
  head.context = head.scores + ATTENTION_ROWS * head.length;
  head.keys = (uint16_t *)(head.context + ATTENTION_ROWS * head.width);
  head.values = head.keys + head.length * head.width;
  head.queries = head.values + head.length * head.width;
  head.probabilities = head.queries + ATTENTION_ROWS * head.width;
  return head;
}

/// The keys are the channels.
INLINE void pack_keys(const uint16_t *keys, long lds, long length, long head_dim, uint16_t *panels) {
  for (long n = 0; n < length; n += LANES) {
    const long wide = length - n < LANES ? length - n : LANES;
    for (long k = 0; k < head_dim; k += CK_BF16_STEP, panels += CK_BF16_STEP * LANES) {
      const long deep = head_dim - k < CK_BF16_STEP ? head_dim - k : CK_BF16_STEP;
      const uint16_t *block = keys + n * lds + k;
      if (wide == LANES && deep == CK_BF16_STEP) {
        transpose_rows(block, lds * 2, panels);
      } else {
        uint16_t edge[LANES][CK_BF16_STEP] = {{0}};
        for (long r = 0; r < wide; r++) memcpy(edge[r], block + r * lds, (size_t)deep * 2);
        transpose_rows(edge, sizeof edge[0], panels);
      }
    }
  }
}

/// The elements of a head are the channels, its tokens the inputs: two of them become neighbours.
INLINE void pack_values(const uint16_t *values, long lds, long length, long head_dim, uint16_t *panels) {
  const long depth = ck_bf16_depth(length);
  for (long c = 0; c < head_dim; c += LANES) {
    const __mmask16 mask = first_lanes(head_dim - c);
    for (long t = 0; t < depth; t += 2, panels += 2 * LANES) {
      __m512i even = _mm512_setzero_si512(), odd = even;
      if (t < length) even = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, values + t * lds + c));
      if (t + 1 < length) odd = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, values + (t + 1) * lds + c));
      _mm512_storeu_si512(panels, _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
    }
  }
}

INLINE void copy_queries(const uint16_t *queries, long lds, long rows, long head_dim, uint16_t *out, long ldo) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < head_dim; c += 2 * LANES) {
      const __m512i some = _mm512_maskz_loadu_epi16(first_halves(head_dim - c), queries + r * lds + c);
      _mm512_storeu_si512(out + r * ldo + c, some);
    }
}

/// The scores of one query to rounded multiples of their probabilities, zero past `length`. Returns the factor that makes
/// them add up to 1. A score that is NaN or +infinity makes it NaN.
INLINE float probabilities(const float *scores, long length, uint16_t *out) {
  const lanes low = splat(-__builtin_inff());
  lanes top = low;
  long j = 0;
  for (; j + LANES <= length; j += LANES) top = _mm512_max_ps(load(scores + j), top);
  if (j < length) top = _mm512_max_ps(_mm512_mask_loadu_ps(low, first_lanes(length - j), scores + j), top);
  const lanes log2_e = splat(0x1.715476p+0f), shift = splat(largest16(top) * -0x1.715476p+0f);

  const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3f80);
  __m512 total = _mm512_setzero_ps();
  for (j = 0; j < length; j += 2 * LANES) {
    lanes even = scaled_power_of_two(1, fma16(load(scores + j), log2_e, shift));
    lanes odd = scaled_power_of_two(1, fma16(load(scores + j + LANES), log2_e, shift));
    if (length - j < 2 * LANES) {
      even = _mm512_maskz_mov_ps(first_lanes(length - j), even);
      odd = _mm512_maskz_mov_ps(length - j > LANES ? first_lanes(length - j - LANES) : 0, odd);
    }
    const __m512bh both = _mm512_cvtne2ps_pbh(odd, even);
    total = _mm512_dpbf16_ps(total, both, ones);
    _mm512_storeu_si512(out + j, (__m512i)both);
  }
  return 1 / sum16(total);
}

/// out = rows · panels, of `depth` inputs. `ldo` is a multiple of TILE_COLUMNS.
INLINE void multiply_block(const uint16_t *x, long ldx, long rows, const uint16_t *panels, long depth, long channels,
                           float *out, long ldo) {
  for (long c = 0; c < channels; c += TILE_COLUMNS) {
    const long columns = channels - c < TILE_COLUMNS ? channels - c : TILE_COLUMNS;
    // The panels were made just before and are near.
    tiles[rows - 1][(columns - 1) / LANES](x, ldx, panels + c * depth, depth, out + c, ldo, (upcoming){(const char *)panels, 0});
  }
}

INLINE void finish_context(const float *context, float factor, long head_dim, uint16_t *out) {
  for (long c = 0; c < head_dim; c += LANES) {
    const lanes value = load(context + c) * splat(factor);
    if (head_dim - c >= LANES)
      store_rounded(out + c, value);
    else
      _mm256_mask_storeu_epi16(out + c, first_lanes(head_dim - c), (__m256i)_mm512_cvtneps_pbh(value));
  }
}

static void attention(const uint16_t *states, long lds, long length, long heads, long head_dim, long first, long count,
                      uint16_t *out, long ldo, void *scratch) {
  const long dim = heads * head_dim, depth = ck_bf16_depth(head_dim), tokens = ck_bf16_depth(length);
  const head_memory memory = place_head(scratch, length, head_dim);
  const long blocks = (count + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
  out += first * ldo;
  for (long h = 0; h < heads; h++) {
    const uint16_t *queries = states + first * lds + h * head_dim;
    pack_keys(states + dim + h * head_dim, lds, length, head_dim, memory.keys);
    pack_values(states + 2 * dim + h * head_dim, lds, length, head_dim, memory.values);
    for (long i = 0, r = 0; i < blocks; i++) {
      const long rows = count / blocks + (i < count % blocks);
      float factors[ATTENTION_ROWS];
      copy_queries(queries + r * lds, lds, rows, head_dim, memory.queries, memory.width);
      multiply_block(memory.queries, memory.width, rows, memory.keys, depth, length, memory.scores, memory.length);
      for (long q = 0; q < rows; q++)
        factors[q] =
            probabilities(memory.scores + q * memory.length, length, memory.probabilities + q * memory.length);
      multiply_block(memory.probabilities, memory.length, rows, memory.values, tokens, head_dim, memory.context, memory.width);
      for (long q = 0; q < rows; q++)
        finish_context(memory.context + q * memory.width, factors[q], head_dim, out + (r + q) * ldo + h * head_dim);
      r += rows;
    }
  }
  for (long r = 0; r < count; r++) memset(out + r * ldo + dim, 0, (size_t)(ck_bf16_depth(dim) - dim) * 2);
}
