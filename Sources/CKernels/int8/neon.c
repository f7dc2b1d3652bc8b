// The int8 kernels for arm64 with the dot product instructions.
//
// `sdot` multiplies signed bytes, so it sees q - 128, which is q with its top bit flipped. The weights' sums give the
// difference back: Σ q·w = Σ (q - 128)·w + 128·Σ w.
#if defined(__aarch64__)
#include "intrinsics.h"
BEGIN_TARGET("dotprod")
#include "../body/vector.h"

#include "../body/rows.h"
#include "../body/fetching.h"

#define KERNEL(name) name##_neon_dot
#define TILE_ROWS 6
#define TILE_PANELS 1
#define OFFSET 128

INLINE void dot_tile(const int rows, const int panels, const uint8_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo, upcoming next) {
  (void)panels;
  int32x4_t sum[TILE_ROWS][4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int c = 0; c < 4; c++) sum[r][c] = vdupq_n_s32(0);

#define STEP(k)                                                                             \
  for (int c = 0; c < 4; c++) {                                                             \
    const int8x16_t right = vld1q_s8(panel + k * 64 + c * 16);                              \
    for (int r = 0; r < rows; r++) sum[r][c] = vdotq_laneq_s32(sum[r][c], right, left[r], k); \
  }
  row_pointers at = rows_at(q, ldq, rows);
  for (const int8_t *end = panel + depth * LANES; panel < end; panel += CK_I8_STEP * LANES) {
    fetch_lines(&next, 1, 0);
    int8x16_t left[TILE_ROWS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++)
      left[r] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8((const uint8_t *)row_at(&at, r, ldq)), vdupq_n_u8(0x80)));
    STEP(0)
    STEP(1)
    STEP(2)
    STEP(3)
    step_by(&at, rows, CK_I8_STEP);
  }
#undef STEP

#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int c = 0; c < 4; c++) vst1q_s32(out + r * ldo + c * 4, sum[r][c]);
}

INLINE ints panel_offset(const int8_t *panel, long depth) {
  int32x4_t total[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
  for (long k = 0; k < depth; k += 4)
    for (int c = 0; c < 4; c++) total[c] = vdotq_s32(total[c], vld1q_s8(panel + k * LANES + c * 16), vdupq_n_s8(-128));
  ints offset;
  memcpy(&offset, total, sizeof offset);
  return -offset;
}

#include "all.h"
END_TARGET
#endif
