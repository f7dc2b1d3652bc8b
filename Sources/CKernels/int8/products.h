// Products over tiles of rows × panels. A tile's shape changes which sums are computed together, never a bit of them.

/// Sums of one tile to y: the float operations, in their one order.
INLINE void finish_tile(const int32_t *sums, const float *scale, const int32_t *zero, long rows, const ck_i8_weights *w,
                        long channel, long columns, const float *residual, long ldr, float *y, long ldy) {
  for (long c = 0; c < columns; c += LANES) {
    const long left = columns - c, n = channel + c;
    const lanes scales = load(w->scales + n), bias = load(w->bias + n);
    ints totals;
    __builtin_memcpy(&totals, w->sums + n, sizeof totals);
    for (long r = 0; r < rows; r++) {
      ints sum;
      __builtin_memcpy(&sum, sums + r * TILE_PANELS * LANES + c, sizeof sum);
      sum -= splat_int(zero[r]) * totals;
      lanes value = fma16(__builtin_convertvector(sum, lanes), splat(scale[r]) * scales, bias);
      if (residual) value = load_up_to(residual + r * ldr + c, left) + value;
      store_up_to(y + r * ldy + c, value, left);
    }
  }
}

static void KERNEL(product)(const uint8_t *q, long ldq, const float *scale, const int32_t *zero, long rows,
                            const ck_i8_weights *w, long first, long count, const float *residual, long ldr, float *y,
                            long ldy) {
  const long depth = (w->inputs + CK_I8_STEP - 1) / CK_I8_STEP * CK_I8_STEP;
  int32_t sums[TILE_ROWS * TILE_PANELS * LANES];
  for (long c = 0; c < count; c += TILE_PANELS * LANES) {
    const long columns = count - c < TILE_PANELS * LANES ? count - c : TILE_PANELS * LANES;
    const long panels = (columns + LANES - 1) / LANES;
    for (long r = 0; r < rows; r += TILE_ROWS) {
      const long height = rows - r < TILE_ROWS ? rows - r : TILE_ROWS;
      dot_tile(q + r * ldq, ldq, height, w->panels + (first + c) * depth, panels, depth, sums, TILE_PANELS * LANES);
      finish_tile(sums, scale + r, zero + r, height, w, first + c, columns, residual ? residual + r * ldr + c : 0, ldr,
                  y + r * ldy + c, ldy);
    }
  }
}

static void KERNEL(sums)(const uint8_t *q, long ldq, long rows, const int8_t *panels, long depth, long channels,
                         int32_t *out, long ldo) {
  int32_t sums[TILE_ROWS * TILE_PANELS * LANES];
  for (long c = 0; c < channels; c += TILE_PANELS * LANES) {
    const long columns = channels - c < TILE_PANELS * LANES ? channels - c : TILE_PANELS * LANES;
    for (long r = 0; r < rows; r += TILE_ROWS) {
      const long height = rows - r < TILE_ROWS ? rows - r : TILE_ROWS;
      dot_tile(q + r * ldq, ldq, height, panels + c * depth, (columns + LANES - 1) / LANES, depth, sums,
               TILE_PANELS * LANES);
      for (long i = 0; i < height; i++)
        __builtin_memcpy(out + (r + i) * ldo + c, sums + i * TILE_PANELS * LANES, (size_t)columns * 4);
    }
  }
}
