// Two small matrix products in register tiles. A tile's shape changes which elements are computed together, never the
// order of operations within one element.
//
// The including file gives the tile shapes: PRODUCT_ROWS × PRODUCT_VECTORS, DOT_ROWS × DOT_OUTPUTS.

/// `rows` × `vectors` tile of c = a·b; both counts are constants where this is inlined.
INLINE void product_tile(const int rows, const int vectors, const float *a, long lda, const float *b, long ldb,
                         long depth, float *c, long ldc) {
  lanes sum[PRODUCT_ROWS][PRODUCT_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sum[r][v] = splat(0);
  for (long k = 0; k < depth; k++, b += ldb) {
    lanes right[PRODUCT_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) right[v] = load(b + v * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const lanes left = splat(a[r * lda + k]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sum[r][v] = fma16(left, right[v], sum[r][v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) store(c + r * ldc + v * LANES, sum[r][v]);
}

/// All rows for `vectors` vectors of columns.
INLINE void product_columns(const int vectors, const float *a, long lda, long rows, const float *b, long ldb, long depth,
                            float *c, long ldc) {
  for (; rows >= PRODUCT_ROWS; rows -= PRODUCT_ROWS, a += PRODUCT_ROWS * lda, c += PRODUCT_ROWS * ldc)
    product_tile(PRODUCT_ROWS, vectors, a, lda, b, ldb, depth, c, ldc);
  switch (rows) {
    case 5: product_tile(5, vectors, a, lda, b, ldb, depth, c, ldc); break;
    case 4: product_tile(4, vectors, a, lda, b, ldb, depth, c, ldc); break;
    case 3: product_tile(3, vectors, a, lda, b, ldb, depth, c, ldc); break;
    case 2: product_tile(2, vectors, a, lda, b, ldb, depth, c, ldc); break;
    case 1: product_tile(1, vectors, a, lda, b, ldb, depth, c, ldc); break;
  }
}

/// The last `columns` (1 ... 15) columns.
INLINE void product_edge(const float *a, long lda, long rows, const float *b, long ldb, long depth, long columns, float *c,
                         long ldc) {
  for (long r = 0; r < rows; r++) {
    lanes sum = splat(0);
    for (long k = 0; k < depth; k++) sum = fma16(splat(a[r * lda + k]), load_first(b + k * ldb, columns), sum);
    store_first(c + r * ldc, sum, columns);
  }
}

static void KERNEL(product)(const float *a, long lda, long rows, const float *b, long ldb, long depth, long columns,
                            float *c, long ldc) {
  while (columns >= PRODUCT_VECTORS * LANES) {
    product_columns(PRODUCT_VECTORS, a, lda, rows, b, ldb, depth, c, ldc);
    b += PRODUCT_VECTORS * LANES, c += PRODUCT_VECTORS * LANES, columns -= PRODUCT_VECTORS * LANES;
  }
#if PRODUCT_VECTORS > 2
  if (columns >= 2 * LANES) {
    product_columns(2, a, lda, rows, b, ldb, depth, c, ldc);
    b += 2 * LANES, c += 2 * LANES, columns -= 2 * LANES;
  }
#endif
#if PRODUCT_VECTORS > 1
  if (columns >= LANES) {
    product_columns(1, a, lda, rows, b, ldb, depth, c, ldc);
    b += LANES, c += LANES, columns -= LANES;
  }
#endif
  if (columns > 0) product_edge(a, lda, rows, b, ldb, depth, columns, c, ldc);
}

/// `rows` × `outputs` dot products, 16 lanes each; both counts are constants where this is inlined.
INLINE void dot_tile(const int rows, const int outputs, const float *x, long ldx, const float *w, long ldw, long inputs,
                     const float *bias, bool accumulate, float *y, long ldy) {
  lanes sum[DOT_ROWS][DOT_OUTPUTS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int o = 0; o < outputs; o++) sum[r][o] = splat(0);
  long i = 0;
  for (; i + LANES <= inputs; i += LANES) {
    lanes left[DOT_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) left[r] = load(x + r * ldx + i);
#pragma clang loop unroll(full)
    for (int o = 0; o < outputs; o++) {
      const lanes right = load(w + o * ldw + i);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) sum[r][o] = fma16(left[r], right, sum[r][o]);
    }
  }
  if (i < inputs) {
    for (int r = 0; r < rows; r++)
      for (int o = 0; o < outputs; o++)
        sum[r][o] = fma16(load_first(x + r * ldx + i, inputs - i), load_first(w + o * ldw + i, inputs - i), sum[r][o]);
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int o = 0; o < outputs; o++) {
      float value = sum16(sum[r][o]);
      if (bias) value += bias[o];
      y[r * ldy + o] = accumulate ? y[r * ldy + o] + value : value;
    }
}

static void KERNEL(linear)(const float *x, long ldx, long rows, const float *w, long ldw, long outputs, long inputs,
                           const float *bias, bool accumulate, float *y, long ldy) {
  // Weights outermost: they are the larger matrix and are read once.
  for (long o = 0; o < outputs;) {
    const bool wide = outputs - o >= DOT_OUTPUTS;
    const float *b = bias ? bias + o : 0;
    const float *weights = w + o * ldw;
    long r = 0;
    for (; rows - r >= DOT_ROWS; r += DOT_ROWS) {
      if (wide)
        dot_tile(DOT_ROWS, DOT_OUTPUTS, x + r * ldx, ldx, weights, ldw, inputs, b, accumulate, y + r * ldy + o, ldy);
      else
        dot_tile(DOT_ROWS, 1, x + r * ldx, ldx, weights, ldw, inputs, b, accumulate, y + r * ldy + o, ldy);
    }
    for (; r < rows; r++) {
      if (wide)
        dot_tile(1, DOT_OUTPUTS, x + r * ldx, ldx, weights, ldw, inputs, b, accumulate, y + r * ldy + o, ldy);
      else
        dot_tile(1, 1, x + r * ldx, ldx, weights, ldw, inputs, b, accumulate, y + r * ldy + o, ldy);
    }
    o += wide ? DOT_OUTPUTS : 1;
  }
}
