// One attention head over one sequence, in blocks of queries whose scores stay in the L2 cache.
//
// Keys are packed transposed, in panels of 64 keys (head_dim, 64), and values (length, head_dim rounded up to 16), so
// that both products read contiguous memory and need no edge cases: what is padded is zero.

enum { PANEL = 64, QUERY_BLOCK = 48 };

INLINE long round_up(long n, long step) { return (n + step - 1) / step * step; }

/// panels[p][c][j] = k[p · 64 + j][c]
INLINE void pack_keys(const float *k, long stride, long length, long head_dim, float *panels) {
  for (long first = 0; first < length; first += PANEL, panels += head_dim * PANEL) {
    const long count = length - first < PANEL ? length - first : PANEL;
    for (long j = 0; j < count; j++) {
      const float *row = k + (first + j) * stride;
      for (long c = 0; c < head_dim; c++) panels[c * PANEL + j] = row[c];
    }
    if (count < PANEL)
      for (long c = 0; c < head_dim; c++)
        for (long j = count; j < PANEL; j++) panels[c * PANEL + j] = 0;
  }
}

INLINE void copy_rows(const float *source, long stride, long rows, long columns, float *out, long ldo) {
  for (long r = 0; r < rows; r++, source += stride, out += ldo)
    for (long i = 0; i < columns; i += LANES) {
      const long left = columns - i;
      store(out + i, load_up_to(source + i, left));
    }
}

static void KERNEL(attention)(float *q, const float *k, const float *v, long stride, long length, long head_dim,
                              const float *q_bias, long first, long count, float *scratch) {
  const long padded_length = round_up(length, PANEL), padded_dim = round_up(head_dim, LANES);
  float *keys = scratch;
  float *values = keys + padded_length * head_dim;
  float *queries = values + length * padded_dim;
  float *scores = queries + QUERY_BLOCK * padded_dim;
  pack_keys(k, stride, length, head_dim, keys);
  copy_rows(v, stride, length, head_dim, values, padded_dim);

  for (const long end = first + count; first < end; first += QUERY_BLOCK) {
    const long rows = end - first < QUERY_BLOCK ? end - first : QUERY_BLOCK;
    float *block = q + first * stride;
    copy_rows(block, stride, rows, head_dim, queries, padded_dim);
    for (long r = 0; r < rows; r++)
      for (long c = 0; c < head_dim; c++) queries[r * padded_dim + c] += q_bias[c];

    for (long j = 0; j < length; j += PANEL) {
      const long columns = length - j < PANEL ? round_up(length - j, LANES) : PANEL;
      KERNEL(product)(queries, padded_dim, rows, keys + j * head_dim, PANEL, head_dim, columns, scores + j, padded_length);
    }
    float scale[QUERY_BLOCK];
    for (long r = 0; r < rows; r++) scale[r] = 1.0f / exponentiate_row(scores + r * padded_length, length, true);
    // The queries are done with: their place takes the context.
    KERNEL(product)(scores, padded_length, rows, values, padded_dim, length, padded_dim, queries, padded_dim);
    for (long r = 0; r < rows; r++)
      for (long i = 0; i < head_dim; i += LANES)
        store_up_to(block + r * stride + i, load(queries + r * padded_dim + i) * splat(scale[r]), head_dim - i);
  }
}
