// Products with weights that lie in panels of 16 channels, in register tiles of rows × panels. A tile's shape, and how the work is
// blocked, change which sums are computed together, never the order of operations within one: a chain of fused multiply-adds over
// the inputs, ascending. A sum that is put down between two blocks of inputs is taken up again as it was.
//
// The including file gives the tile's shape: TILE_ROWS × TILE_PANELS.

enum {
  TILE_COLUMNS = TILE_PANELS * LANES,
  INPUT_BLOCK = 768,        // inputs of a block: a tile's rows and panels of it leave room in the L2 cache for others
  BLOCK_ELEMENTS = 96 << 10,  // rows × inputs that stay in the L2 cache while all panels pass by
  UNROLLED = 4,
};

/// Goes on with the sums of one tile; both counts are constants where this is inlined.
INLINE void panel_tile(const int rows, const int panels, const float *x, long ldx, const float *panel, long panel_elements,
                       long depth, float *sums) {
  lanes sum[TILE_ROWS][TILE_PANELS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) sum[r][p] = load(sums + r * TILE_COLUMNS + p * LANES);

  row_pointers at = rows_at(x, ldx * 4, rows);
  const float *end = panel + depth / UNROLLED * UNROLLED * LANES;
  for (; panel < end; panel += UNROLLED * LANES) {
    hold(&at, rows);
#pragma clang loop unroll(full)
    for (int k = 0; k < UNROLLED; k++) {
      lanes right[TILE_PANELS];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) right[p] = load(panel + p * panel_elements + k * LANES);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        float left;
        __builtin_memcpy(&left, row_at(&at, r, ldx * 4) + k * 4, 4);
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) sum[r][p] = fma16(splat(left), right[p], sum[r][p]);
      }
    }
    step_by(&at, rows, UNROLLED * 4);
  }
  for (long k = 0; k < depth % UNROLLED; k++, panel += LANES) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      float left;
      __builtin_memcpy(&left, row_at(&at, r, ldx * 4) + k * 4, 4);
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++) sum[r][p] = fma16(splat(left), load(panel + p * panel_elements), sum[r][p]);
    }
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) store(sums + r * TILE_COLUMNS + p * LANES, sum[r][p]);
}

#define TILE_TYPES (const float *x, long ldx, const float *panel, long panel_elements, long depth, float *sums)
#define TILE_BODY(rows, panels) panel_tile(rows, panels, x, ldx, panel, panel_elements, depth, sums)
#include "tiles.h"

/// What a tile's sums begin with: what lies in y, or nothing.
static void begin_tile(bool from_y, const float *y, long ldy, long rows, long columns, float *sums) {
  for (long r = 0; r < rows; r++, sums += TILE_COLUMNS)
    for (long c = 0; c < columns; c += LANES) store(sums + c, from_y ? load_up_to(y + r * ldy + c, columns - c) : splat(0));
}

INLINE lanes finish_lanes(const ck_finish finish, lanes sum) {
  switch (finish) {
    case CK_GELU: return gelu16(sum);
    case CK_RELU: return select16(sum < splat(0), splat(0), sum);
    default: return sum;
  }
}

INLINE void finish_rows(const ck_finish finish, const float *sums, const float *bias, float *y, long ldy, long rows, long columns) {
  for (long c = 0; c < columns; c += LANES) {
    const long left = columns - c;
    const lanes shift = finish == CK_SUM ? splat(0) : load_up_to(bias + c, left);
    for (long r = 0; r < rows; r++) {
      const lanes sum = load(sums + r * TILE_COLUMNS + c);
      store_up_to(y + r * ldy + c, finish == CK_SUM ? sum : finish_lanes(finish, sum + shift), left);
    }
  }
}

static void finish_tile(ck_finish finish, const float *sums, const float *bias, float *y, long ldy, long rows, long columns) {
  switch (finish) {
    case CK_GELU: finish_rows(CK_GELU, sums, bias, y, ldy, rows, columns); break;
    case CK_RELU: finish_rows(CK_RELU, sums, bias, y, ldy, rows, columns); break;
    default: finish_rows(CK_SUM, sums, bias, y, ldy, rows, columns);
  }
}

/// Fetches one of `count` parts of the weights that come next, so that they are there when the last tile is done.
INLINE void fetch_part(const float *weights, long elements, long index, long count) {
  const char *end = (const char *)(weights + elements * (index + 1) / count);
  for (const char *line = (const char *)(weights + elements * index / count); line < end; line += 64) __builtin_prefetch(line, 0, 2);
}

/// Blocks of rows, and of those blocks of inputs, each of which is read again for every TILE_COLUMNS channels. A block's rows are
/// dealt evenly to as few tiles as they need.
static void KERNEL(panel_product)(const float *x, long ldx, long rows, const float *panels, long inputs, long first, long count,
                                  const float *bias, ck_finish finish, bool accumulate, float *y, long ldy) {
  float sums[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
  const long deepest = inputs < INPUT_BLOCK ? inputs : INPUT_BLOCK;
  long most = BLOCK_ELEMENTS / (deepest > 0 ? deepest : 1) / TILE_ROWS * TILE_ROWS;
  if (most == 0) most = TILE_ROWS;
  for (long block = 0; block < rows; block += most) {
    const long height = rows - block < most ? rows - block : most, needed = (height + TILE_ROWS - 1) / TILE_ROWS;
    for (long k = 0; k == 0 || k < inputs; k += INPUT_BLOCK) {
      const long depth = inputs - k < INPUT_BLOCK ? inputs - k : INPUT_BLOCK;
      const bool is_last = k + INPUT_BLOCK >= inputs;
      for (long c = 0; c < count; c += TILE_COLUMNS) {
        const long columns = count - c < TILE_COLUMNS ? count - c : TILE_COLUMNS;
        const float *panel = panels + (first + c) * inputs + k * LANES;
        for (long i = 0, r = block; i < needed; i++) {
          const long height_of_tile = height / needed + (i < height % needed);
          float *target = y + r * ldy + c;
          begin_tile(accumulate || k > 0, target, ldy, height_of_tile, columns, sums);
          for (long p = 0; p < TILE_PANELS; p++)
            fetch_part(panel + (TILE_PANELS + p) * inputs * LANES, depth * LANES, i, needed);
          tiles[height_of_tile - 1][(columns - 1) / LANES](x + r * ldx + k, ldx, panel, inputs * LANES, depth, sums);
          finish_tile(is_last ? finish : CK_SUM, sums, bias + c, target, ldy, height_of_tile, columns);
          r += height_of_tile;
        }
      }
    }
  }
}

#undef TILES
#undef TILE_NAMES
#undef TILE
