// Products with weights that lie in panels of 16 channels, in register tiles of rows × panels. A tile's shape, and how the work is
// blocked, change which sums are computed together, never the order of operations within one: for every CK_TURN inputs a chain of
// fused multiply-adds from 0 on, ascending, which is then added to what was there. (One long chain would round more.)
//
// The including file gives the tile's shape: TILE_ROWS × TILE_PANELS.

enum {
  TILE_COLUMNS = TILE_PANELS * LANES,
  BLOCK_INPUTS = 2 * CK_TURN,
  BLOCK_ROWS = 168,
  BLOCK_CHANNELS = 512,
  UNROLLED = 4,
};

INLINE long least(long a, long b) { return a < b ? a : b; }

/// The sums of one tile; both counts are constants where this is inlined.
INLINE void panel_tile(const int rows, const int panels, const float *x, long ldx, const float *panel, long panel_elements,
                       long depth, float *sums, upcoming next) {
  lanes sum[TILE_ROWS][TILE_PANELS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) sum[r][p] = splat(0);

  row_pointers at = rows_at(x, ldx * 4, rows);
  const float *end = panel + depth / UNROLLED * UNROLLED * LANES;
  for (; panel < end; panel += UNROLLED * LANES) {
    hold(&at, rows);
    fetch_lines(&next, panels, panel_elements * 4);
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

#define TILE_TYPES (const float *x, long ldx, const float *panel, long panel_elements, long depth, float *sums, \
                    upcoming next)
#define TILE_BODY(rows, panels) panel_tile(rows, panels, x, ldx, panel, panel_elements, depth, sums, next)
#include "tiles.h"

/// Fetches the lines of y that a tile ends in, while it is computed.
INLINE void fetch_target(const float *y, long ldy, long rows, long columns) {
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c += LANES) __builtin_prefetch(y + r * ldy + c, 1, 3);
}

INLINE lanes finish_lanes(const ck_finish finish, lanes sum) {
  switch (finish) {
    case CK_GELU: return gelu16(sum);
    case CK_RELU: return select16(sum < splat(0), splat(0), sum);
    default: return sum;
  }
}

INLINE void finish_rows(const ck_finish finish, const bool adds, const float *sums, const float *bias, float *y, long ldy, long rows,
                        long columns) {
  for (long c = 0; c < columns; c += LANES) {
    const long left = columns - c;
    const lanes shift = finish == CK_SUM ? splat(0) : load_up_to(bias + c, left);
    for (long r = 0; r < rows; r++) {
      lanes sum = load(sums + r * TILE_COLUMNS + c);
      if (adds) sum = load_up_to(y + r * ldy + c, left) + sum;
      store_up_to(y + r * ldy + c, finish == CK_SUM ? sum : finish_lanes(finish, sum + shift), left);
    }
  }
}

static void finish_tile(ck_finish finish, bool adds, const float *sums, const float *bias, float *y, long ldy, long rows, long columns) {
  switch (finish) {
    case CK_GELU: finish_rows(CK_GELU, adds, sums, bias, y, ldy, rows, columns); break;
    case CK_RELU: finish_rows(CK_RELU, adds, sums, bias, y, ldy, rows, columns); break;
    default: finish_rows(CK_SUM, adds, sums, bias, y, ldy, rows, columns);
  }
}

/// Blocks of rows × inputs stay in the L2 cache while all panels pass by; so do the sums of a block of channels while the inputs
/// of the block are taken in two turns, so that a tile's panels stay in the L1 cache while all rows pass by. Rows are dealt evenly
/// to as few blocks, and those to as few tiles, as they need.
static void KERNEL(panel_product)(const float *x, long ldx, long rows, const float *panels, long inputs, long first, long count,
                                  const float *bias, ck_finish finish, bool accumulate, float *y, long ldy) {
  float sums[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
  const long blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  for (long block = 0, r0 = 0; block < blocks; block++) {
    const long height = rows / blocks + (block < rows % blocks), needed = (height + TILE_ROWS - 1) / TILE_ROWS;
    for (long k0 = 0; k0 == 0 || k0 < inputs; k0 += BLOCK_INPUTS) {
      const long k_end = least(inputs, k0 + BLOCK_INPUTS);
      for (long c0 = 0; c0 < count; c0 += BLOCK_CHANNELS) {
        const long c_end = least(count, c0 + BLOCK_CHANNELS);
        for (long k = k0; k == k0 || k < k_end; k += CK_TURN) {
          const long depth = least(k_end - k, CK_TURN);
          const ck_finish end = k + depth >= inputs ? finish : CK_SUM;
          for (long c = c0; c < c_end; c += TILE_COLUMNS) {
            const long columns = least(c_end - c, TILE_COLUMNS);
            const float *panel = panels + (first + c) * inputs + k * LANES;
            // What is multiplied next: the panels beside these, or the block's first ones in the next turn, or the next block's.
            const float *next = c + TILE_COLUMNS < c_end ? panel + TILE_COLUMNS * inputs
                                : k + depth < k_end ? panels + (first + c0) * inputs + (k + depth) * LANES
                                                    : panels + (first + (c_end < count ? c_end : 0)) * inputs + k0 * LANES;
            for (long i = 0, r = r0; i < needed; i++) {
              const long tile_rows = height / needed + (i < height % needed);
              float *target = y + r * ldy + c;
              fetch_target(target, ldy, tile_rows, columns);
              tiles[tile_rows - 1][(columns - 1) / LANES](x + r * ldx + k, ldx, panel, inputs * LANES, depth, sums,
                                                          part_of(next, depth * LANES * 4, depth / UNROLLED, i, needed));
              finish_tile(end, accumulate || k > 0, sums, bias + c, target, ldy, tile_rows, columns);
              r += tile_rows;
            }
          }
        }
      }
    }
    r0 += height;
  }
}

#undef TILES
#undef TILE_NAMES
#undef TILE
