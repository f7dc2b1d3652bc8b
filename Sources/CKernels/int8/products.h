// Products over tiles of rows × panels. A tile's shape changes which sums are computed together, never a bit of them.
//
// The including file gives TILE_ROWS × TILE_PANELS, the largest tile, and
//   dot_tile(rows, panels, q, ldq, panel, depth, out, ldo, next)
// which writes the sums of one tile and fetches what is `next`, with `rows` and `panels` constants where it is inlined. If it also gives WIDENED, its
// tiles take activations of 16 bits; if OFFSET, they sum (q - OFFSET)·w, and panel_offset(panel, depth) gives OFFSET·Σ w.

#ifdef WIDENED
typedef int16_t activation;
#else
typedef uint8_t activation;
#endif

#ifndef OFFSET
#define OFFSET 0
INLINE ints panel_offset(const int8_t *panel, long depth) {
  (void)panel, (void)depth;
  return splat_int(0);
}
#endif

#define TILE_TYPES (const activation *q, long ldq, const int8_t *panel, long depth, int32_t *out, long ldo, upcoming next)
#define TILE_BODY(rows, panels) dot_tile(rows, panels, q, ldq, panel, depth, out, ldo, next)
#include "../body/tiles.h"

enum {
  TILE_COLUMNS = TILE_PANELS * LANES,
#ifdef WIDENED
  BLOCK_ELEMENTS = 48 << 10,  // activations on the stack
#else
  BLOCK_ELEMENTS = 256 << 10,  // activations that stay in the L2 cache
#endif
};

/// The right-hand side and what becomes of the sums: y of a product, or the sums themselves where `y` is null.
typedef struct {
  const int8_t *panels;  // of the first channel
  long depth, channels;
  const float *scale, *scales, *bias;
  const int32_t *zero, *totals;
  const float *residual;
  float *y;
  int32_t *sums;
  long ldr, ldo;  // of y or sums
} task;

/// Sums of one tile to y: the float operations, in their one order.
static void finish_tile(const task *t, const int32_t *sums, long row, long rows, long channel, long columns) {
  for (long c = 0; c < columns; c += LANES) {
    const long left = columns - c, n = channel + c;
    const lanes scales = load(t->scales + n), bias = load(t->bias + n);
    ints totals;
    memcpy(&totals, t->totals + n, sizeof totals);
    const float *residual = t->residual ? t->residual + row * t->ldr + n : 0;
    float *y = t->y + row * t->ldo + n;
    for (long r = 0; r < rows; r++) {
      ints sum;
      memcpy(&sum, sums + r * TILE_COLUMNS + c, sizeof sum);
      sum -= splat_int(t->zero[row + r] - OFFSET) * totals;
      lanes value = fma16(__builtin_convertvector(sum, lanes), splat(t->scale[row + r]) * scales, bias);
      if (residual) value = load_up_to(residual + r * t->ldr, left) + value;
      store_up_to(y + r * t->ldo, value, left);
    }
  }
}

/// The same for a tile without an edge.
INLINE void finish_whole_tile(const bool residual, const task *t, const int32_t *sums, long row, long rows, long channel) {
  lanes scales[TILE_PANELS], bias[TILE_PANELS];
  ints totals[TILE_PANELS];
#pragma clang loop unroll(full)
  for (int p = 0; p < TILE_PANELS; p++) {
    scales[p] = load(t->scales + channel + p * LANES);
    bias[p] = load(t->bias + channel + p * LANES);
    memcpy(&totals[p], t->totals + channel + p * LANES, sizeof totals[p]);
  }
  const float *scale = t->scale + row;
  const int32_t *zero = t->zero + row;
  const long ldr = t->ldr, ldo = t->ldo;
  const float *add = residual ? t->residual + row * ldr + channel : 0;
  float *y = t->y + row * ldo + channel;
  for (long r = 0; r < rows; r++, sums += TILE_COLUMNS, y += ldo) {
    const lanes factor = splat(scale[r]);
    const ints shift = splat_int(zero[r] - OFFSET);
#pragma clang loop unroll(full)
    for (int p = 0; p < TILE_PANELS; p++) {
      ints sum;
      memcpy(&sum, sums + p * LANES, sizeof sum);
      sum -= shift * totals[p];
      lanes value = fma16(__builtin_convertvector(sum, lanes), factor * scales[p], bias[p]);
      if (residual) value = load(add + p * LANES) + value;
      store(y + p * LANES, value);
    }
    if (residual) add += ldr;
  }
}

/// Sums of one tile to where the caller wants them.
static void copy_tile(const task *t, const int32_t *sums, const ints *offset, long row, long rows, long channel,
                      long columns) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c += LANES) {
      const long left = columns - c;
      ints sum;
      memcpy(&sum, sums + r * TILE_COLUMNS + c, sizeof sum);
      sum += offset[c / LANES];
      memcpy(t->sums + (row + r) * t->ldo + channel + c, &sum, (size_t)(left < LANES ? left : LANES) * 4);
    }
}

/// All channels of a block of rows, which is read again for every TILE_COLUMNS channels. The rows are dealt evenly to as
/// few tiles as they need.
static void run_block(const task *t, const activation *q, long ldq, long row, long rows) {
  const long count = (rows + TILE_ROWS - 1) / TILE_ROWS;
  int32_t sums[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
  for (long c = 0; c < t->channels; c += TILE_COLUMNS) {
    const long columns = t->channels - c < TILE_COLUMNS ? t->channels - c : TILE_COLUMNS;
    const long panels = (columns + LANES - 1) / LANES;
    const int8_t *panel = t->panels + c * t->depth;
    ints offset[TILE_PANELS];
    if (t->sums)
      for (long p = 0; p < panels; p++) offset[p] = panel_offset(panel + p * LANES * t->depth, t->depth);
    for (long i = 0, r = 0; i < count; i++) {
      const long height = rows / count + (i < rows % count);
      tile_function *tile = tiles[height - 1][panels - 1];
      const upcoming next = part_of(
          t->panels + (c + TILE_COLUMNS < t->channels ? c + TILE_COLUMNS : 0) * t->depth, t->depth * LANES, t->depth / CK_I8_STEP, i, count);
      if (OFFSET == 0 && t->sums && columns == panels * LANES) {
        tile(q + r * ldq, ldq, panel, t->depth, t->sums + (row + r) * t->ldo + c, t->ldo, next);
      } else {
        tile(q + r * ldq, ldq, panel, t->depth, sums, TILE_COLUMNS, next);
        if (t->sums)
          copy_tile(t, sums, offset, row + r, height, c, columns);
        else if (columns < TILE_COLUMNS)
          finish_tile(t, sums, row + r, height, c, columns);
        else if (t->residual)
          finish_whole_tile(true, t, sums, row + r, height, c);
        else
          finish_whole_tile(false, t, sums, row + r, height, c);
      }
      r += height;
    }
  }
}

static void run(const task *t, const uint8_t *q, long ldq, long rows) {
  long most = BLOCK_ELEMENTS / t->depth / TILE_ROWS * TILE_ROWS;
  if (most == 0) most = BLOCK_ELEMENTS / t->depth > 0 ? BLOCK_ELEMENTS / t->depth : 1;
#ifdef WIDENED
  int16_t wide[BLOCK_ELEMENTS] __attribute__((aligned(64)));
#endif
  for (long row = 0; row < rows; row += most, q += most * ldq) {
    const long height = rows - row < most ? rows - row : most;
#ifdef WIDENED
    for (long r = 0; r < height; r++)
      for (long k = 0; k < t->depth; k++) wide[r * t->depth + k] = q[r * ldq + k];
    run_block(t, wide, t->depth, row, height);
#else
    run_block(t, q, ldq, row, height);
#endif
  }
}

static void KERNEL(product)(const uint8_t *q, long ldq, const float *scale, const int32_t *zero, long rows,
                            const ck_i8_weights *w, long first, long count, const float *residual, long ldr, float *y,
                            long ldy) {
  const long depth = (w->inputs + CK_I8_STEP - 1) / CK_I8_STEP * CK_I8_STEP;
  const task t = {
      .panels = w->panels + first * depth,
      .depth = depth,
      .channels = count,
      .scale = scale,
      .scales = w->scales + first,
      .bias = w->bias + first,
      .zero = zero,
      .totals = w->sums + first,
      .residual = residual,
      .y = y,
      .ldr = ldr,
      .ldo = ldy,
  };
  run(&t, q, ldq, rows);
}

static void KERNEL(sums)(const uint8_t *q, long ldq, long rows, const int8_t *panels, long depth, long channels,
                         int32_t *out, long ldo) {
  const task t = {.panels = panels, .depth = depth, .channels = channels, .sums = out, .ldo = ldo};
  run(&t, q, ldq, rows);
}
