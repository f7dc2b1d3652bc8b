// Products over tiles of rows × panels. A tile's shape changes which sums are computed together, never a bit of them.

#define TILE_ROWS 14
#define TILE_PANELS 2
enum { TILE_COLUMNS = TILE_PANELS * LANES, BLOCK_ELEMENTS = 128 << 10 };  // a block of rows stays in the L2 cache

/// Sums of one tile; both counts are constants where this is inlined.
INLINE void dot_tile(const int rows, const int panels, const uint16_t *x, long ldx, const uint16_t *panel, long depth,
                     float *out, long ldo, upcoming next) {
  __m512 sum[TILE_ROWS][TILE_PANELS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) sum[r][p] = _mm512_setzero_ps();

  const long panel_elements = depth * LANES;
  row_pointers at = rows_at(x, ldx * 2, rows);
  for (const uint16_t *end = panel + panel_elements; panel < end; panel += CK_BF16_STEP * LANES) {
    hold(&at, rows);
    fetch_lines(&next, panels, panel_elements * 2);
#pragma clang loop unroll(full)
    for (int k = 0; k < CK_BF16_STEP; k += 2) {
      __m512bh right[TILE_PANELS];
#pragma clang loop unroll(full)
      for (int p = 0; p < panels; p++)
        right[p] = (__m512bh)_mm512_loadu_si512(panel + p * panel_elements + k * LANES);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        const __m512bh left = (__m512bh)_mm512_set1_epi32(four_bytes(row_at(&at, r, ldx * 2) + k * 2));
#pragma clang loop unroll(full)
        for (int p = 0; p < panels; p++) sum[r][p] = _mm512_dpbf16_ps(sum[r][p], left, right[p]);
      }
    }
    step_by(&at, rows, CK_BF16_STEP * 2);
  }

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) _mm512_store_ps(out + r * ldo + p * LANES, sum[r][p]);
}

#define TILE_TYPES (const uint16_t *x, long ldx, const uint16_t *panel, long depth, float *out, long ldo, upcoming next)
#define TILE_BODY(rows, panels) dot_tile(rows, panels, x, ldx, panel, depth, out, ldo, next)
#include "../body/tiles.h"

/// What becomes of the sums: f32 in `y`, plus `residual` unless that is null; or bf16 in `out` where `y` is null.
typedef struct {
  float *y;
  const float *residual;
  uint16_t *out;
  ck_bf16_activation activation;
  long ldr, ldo;  // of y or out
} destination;

/// Adds bias and residual.
static void finish_tile(const destination *to, const float *sums, const float *bias, long row, long rows, long column,
                        long columns) {
  for (long c = 0; c < columns; c += LANES) {
    const __mmask16 mask = first_lanes(columns - c);
    const lanes shift = load(bias + c);
    const float *residual = to->residual ? to->residual + row * to->ldr + column + c : 0;
    float *y = to->y + row * to->ldo + column + c;
    for (long r = 0; r < rows; r++) {
      lanes value = load(sums + r * TILE_COLUMNS + c) + shift;
      if (residual) value = (lanes)_mm512_maskz_loadu_ps(mask, residual + r * to->ldr) + value;
      _mm512_mask_storeu_ps(y + r * to->ldo, mask, value);
    }
  }
}

INLINE lanes activate(const ck_bf16_activation activation, lanes x) {
  switch (activation) {
    case CK_BF16_GELU: return gelu_to_round(x);
    case CK_BF16_RELU: return select16(x < splat(0), splat(0), x);
    default: return x;
  }
}

/// Adds bias, activates and rounds.
INLINE void round_tile(const ck_bf16_activation activation, const float *sums, const float *bias, long rows, long columns,
                       uint16_t *out, long ldo) {
  for (long c = 0; c < columns; c += LANES) {
    const lanes shift = load(bias + c);
    const long left = columns - c;
    for (long r = 0; r < rows; r++) {
      const lanes value = activate(activation, load(sums + r * TILE_COLUMNS + c) + shift);
      if (left >= LANES)
        store_rounded(out + r * ldo + c, value);
      else
        store_last_rounded(out + r * ldo + c, value, left);
    }
  }
}

static void finish_rounded_tile(const destination *to, const float *sums, const float *bias, long row, long rows,
                                long column, long columns) {
  uint16_t *out = to->out + row * to->ldo + column;
  switch (to->activation) {
    case CK_BF16_GELU: round_tile(CK_BF16_GELU, sums, bias, rows, columns, out, to->ldo); break;
    case CK_BF16_RELU: round_tile(CK_BF16_RELU, sums, bias, rows, columns, out, to->ldo); break;
    default: round_tile(CK_BF16_LINEAR, sums, bias, rows, columns, out, to->ldo);
  }
}

/// Fetches what `finish_tile` will read and write while the sums are computed.
INLINE void fetch_tile(const destination *to, long row, long rows, long column) {
  if (to->y) {
    for (long r = row; r < row + rows; r++) {
      const char *y = (const char *)(to->y + r * to->ldo + column);
      _mm_prefetch(y, _MM_HINT_T0);
      _mm_prefetch(y + 64, _MM_HINT_T0);
    }
  } else {
    for (long r = row; r < row + rows; r++) _mm_prefetch((const char *)(to->out + r * to->ldo + column), _MM_HINT_T0);
  }
}

/// Blocks of rows, each of which is read again for every TILE_COLUMNS channels. Its rows are dealt evenly to as few tiles as
/// they need.
static void run(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                const destination *to) {
  const long depth = ck_bf16_depth(w->inputs);
  float sums[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
  long most = BLOCK_ELEMENTS / depth / TILE_ROWS * TILE_ROWS;
  if (most == 0) most = TILE_ROWS;
  for (long block = 0; block < rows; block += most) {
    const long height = rows - block < most ? rows - block : most, tiles_needed = (height + TILE_ROWS - 1) / TILE_ROWS;
    for (long c = 0; c < count; c += TILE_COLUMNS) {
      const long columns = count - c < TILE_COLUMNS ? count - c : TILE_COLUMNS;
      const uint16_t *panel = w->panels + (first + c) * depth;
      const float *bias = w->bias + first + c;
      const uint16_t *next = w->panels + (first + (c + TILE_COLUMNS < count ? c + TILE_COLUMNS : 0)) * depth;
      for (long i = 0, r = block; i < tiles_needed; i++) {
        const long tile_rows = height / tiles_needed + (i < height % tiles_needed);
        fetch_tile(to, r, tile_rows, c);
        tiles[tile_rows - 1][(columns - 1) / LANES](x + r * ldx, ldx, panel, depth, sums, TILE_COLUMNS,
                                                     part_of(next, depth * LANES * 2, depth / CK_BF16_STEP, i, tiles_needed));
        if (to->y)
          finish_tile(to, sums, bias, r, tile_rows, c, columns);
        else
          finish_rounded_tile(to, sums, bias, r, tile_rows, c, columns);
        r += tile_rows;
      }
    }
  }
}

static void product(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                    const float *residual, long ldr, float *y, long ldy) {
  const destination to = {.y = y, .residual = residual, .ldr = ldr, .ldo = ldy};
  run(x, ldx, rows, w, first, count, &to);
}

static void product_rows(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                         ck_bf16_activation activation, uint16_t *out, long ldo) {
  const destination to = {.out = out, .activation = activation, .ldo = ldo};
  run(x, ldx, rows, w, first, count, &to);
}
