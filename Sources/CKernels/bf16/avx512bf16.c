// The bf16 kernels: AVX-512 BF16, or nothing.
#include "../include/bf16.h"

#if defined(__x86_64__)

bool ck_bf16_supported(void) {
  return ck_path_supported(CK_AVX512) && (ck_cpu_features() & CK_FEATURE_AVX512_BF16);
}

#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma"))), \
                             apply_to = function)
#include "../body/vector.h"

#include "../body/rows.h"

INLINE __mmask16 first_lanes(long count) { return (__mmask16)(count >= LANES ? 0xffff : (1 << count) - 1); }

void ck_bf16_round_rows(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo) {
  for (long r = 0; r < rows; r++, x += ldx, out += ldo) {
    long i = 0;
    for (; i + LANES <= inputs; i += LANES)
      _mm256_storeu_si256((__m256i *)(out + i), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(x + i)));
    if (i < inputs) {
      const __m512 last = _mm512_maskz_loadu_ps(first_lanes(inputs - i), x + i);
      _mm256_mask_storeu_epi16(out + i, first_lanes(ck_bf16_depth(inputs) - i), (__m256i)_mm512_cvtneps_pbh(last));
    }
  }
}

#define TILE_ROWS 14
#define TILE_PANELS 2
enum { TILE_COLUMNS = TILE_PANELS * LANES, BLOCK_ELEMENTS = 128 << 10 };  // a block of rows stays in the L2 cache

/// Sums of one tile; both counts are constants where this is inlined.
INLINE void dot_tile(const int rows, const int panels, const uint16_t *x, long ldx, const uint16_t *panel, long depth,
                     float *out) {
  __m512 sum[TILE_ROWS][TILE_PANELS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < panels; p++) sum[r][p] = _mm512_setzero_ps();

  const long panel_elements = depth * LANES;
  row_pointers at = rows_at(x, ldx * 2, rows);
  for (const uint16_t *end = panel + panel_elements; panel < end; panel += CK_BF16_STEP * LANES) {
    hold(&at, rows);
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
    for (int p = 0; p < panels; p++) _mm512_store_ps(out + r * TILE_COLUMNS + p * LANES, sum[r][p]);
}

#define TILE_TYPES (const uint16_t *x, long ldx, const uint16_t *panel, long depth, float *out)
#define TILE_BODY(rows, panels) dot_tile(rows, panels, x, ldx, panel, depth, out)
#include "../body/tiles.h"

/// Adds bias and residual. `residual` may be null.
static void finish_tile(const float *sums, const float *bias, long rows, long columns, const float *residual, long ldr,
                        float *y, long ldy) {
  for (long c = 0; c < columns; c += LANES) {
    const __mmask16 mask = first_lanes(columns - c);
    const __m512 shift = _mm512_loadu_ps(bias + c);
    for (long r = 0; r < rows; r++) {
      __m512 value = _mm512_add_ps(_mm512_load_ps(sums + r * TILE_COLUMNS + c), shift);
      if (residual) value = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, residual + r * ldr + c), value);
      _mm512_mask_storeu_ps(y + r * ldy + c, mask, value);
    }
  }
}

void ck_bf16_product(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                     const float *residual, long ldr, float *y, long ldy) {
  const long depth = ck_bf16_depth(w->inputs);
  float sums[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
  long most = BLOCK_ELEMENTS / depth / TILE_ROWS * TILE_ROWS;
  if (most == 0) most = TILE_ROWS;
  for (long block = 0; block < rows; block += most) {
    const long height = rows - block < most ? rows - block : most, tiles_needed = (height + TILE_ROWS - 1) / TILE_ROWS;
    for (long c = 0; c < count; c += TILE_COLUMNS) {
      const long columns = count - c < TILE_COLUMNS ? count - c : TILE_COLUMNS;
      const uint16_t *panel = w->panels + (first + c) * depth;
      for (long i = 0, r = block; i < tiles_needed; i++) {
        const long tile_rows = height / tiles_needed + (i < height % tiles_needed);
        tiles[tile_rows - 1][(columns - 1) / LANES](x + r * ldx, ldx, panel, depth, sums);
        finish_tile(sums, w->bias + first + c, tile_rows, columns, residual ? residual + r * ldr + c : 0, ldr,
                    y + r * ldy + c, ldy);
        r += tile_rows;
      }
    }
  }
}

#pragma clang attribute pop

#else

bool ck_bf16_supported(void) { return false; }

void ck_bf16_round_rows(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo) {
  (void)x, (void)ldx, (void)rows, (void)inputs, (void)out, (void)ldo;
}

void ck_bf16_product(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                     const float *residual, long ldr, float *y, long ldy) {
  (void)x, (void)ldx, (void)rows, (void)w, (void)first, (void)count, (void)residual, (void)ldr, (void)y, (void)ldy;
}

#endif
