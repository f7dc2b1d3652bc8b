// Checkpoint elements to f32. Widening is exact; little-endian, at any alignment.
#include <string.h>

#include "include/kernels.h"

static inline float read_element(const unsigned char *p, ck_type type) {
  uint32_t bits;
  float value;
  if (type == CK_F32) {
    memcpy(&value, p, 4);
    return value;
  }
  uint16_t half;
  memcpy(&half, p, 2);
  if (type == CK_BF16) {
    bits = (uint32_t)half << 16;
    memcpy(&value, &bits, 4);
    return value;
  }
  // F16: exponent and fraction move up by 13 bits, and the factor corrects the exponent's bias, subnormals included.
  bits = (uint32_t)(half & 0x7fff) << 13;
  if ((half & 0x7c00) == 0x7c00) bits |= 0x7f800000;  // infinite or NaN
  memcpy(&value, &bits, 4);
  value *= 0x1p112f;
  return half & 0x8000 ? -value : value;
}

static inline uint32_t is_not_finite(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return (bits & 0x7f800000) == 0x7f800000;
}

static inline __attribute__((always_inline)) uint32_t convert_run(const unsigned char *source, ck_type type, long count,
                                                                  float scale, float *out) {
  const long size = type == CK_F32 ? 4 : 2;
  uint32_t bad = 0;
  for (long i = 0; i < count; i++) {
    const float value = read_element(source + i * size, type) * scale;
    bad |= is_not_finite(value);
    out[i] = value;
  }
  return bad;
}

/// With the type a constant in each call, the loop vectorises.
static uint32_t convert_any(const unsigned char *source, ck_type type, long count, float scale, float *out) {
  switch (type) {
    case CK_F32: return convert_run(source, CK_F32, count, scale, out);
    case CK_F16: return convert_run(source, CK_F16, count, scale, out);
    default: return convert_run(source, CK_BF16, count, scale, out);
  }
}

static long first_not_finite(const unsigned char *source, ck_type type, long count, float scale) {
  const long size = type == CK_F32 ? 4 : 2;
  for (long i = 0; i < count; i++)
    if (is_not_finite(read_element(source + i * size, type) * scale)) return i;
  return -1;
}

long ck_convert(const void *source, ck_type type, long count, float scale, float *out) {
  return convert_any(source, type, count, scale, out) ? first_not_finite(source, type, count, scale) : -1;
}

long ck_convert_transposed(const void *source, ck_type type, long rows, long columns, float scale, float *out, long ldo) {
  enum { BLOCK_ROWS = 16, BLOCK_COLUMNS = 64 };
  const unsigned char *bytes = source;
  const long size = type == CK_F32 ? 4 : 2;
  float block[BLOCK_ROWS][BLOCK_COLUMNS];
  uint32_t bad = 0;
  for (long r = 0; r < rows; r += BLOCK_ROWS) {
    const long height = rows - r < BLOCK_ROWS ? rows - r : BLOCK_ROWS;
    for (long c = 0; c < columns; c += BLOCK_COLUMNS) {
      const long width = columns - c < BLOCK_COLUMNS ? columns - c : BLOCK_COLUMNS;
      for (long i = 0; i < height; i++)
        bad |= convert_any(bytes + ((r + i) * columns + c) * size, type, width, scale, block[i]);
      for (long j = 0; j < width; j++) {
        float *target = out + (c + j) * ldo + r;
        for (long i = 0; i < height; i++) target[i] = block[i][j];
      }
    }
  }
  return bad ? first_not_finite(source, type, rows * columns, scale) : -1;
}

long ck_pack_panels(const void *source, ck_type type, long rows, long inputs, float scale, long first, float *panels) {
  const unsigned char *bytes = source;
  const long size = type == CK_F32 ? 4 : 2;
  for (long r = 0; r < rows;) {
    const long channel = first + r, lane = channel % CK_PANEL;
    const long height = rows - r < CK_PANEL - lane ? rows - r : CK_PANEL - lane;
    float *panel = panels + (channel - lane) * inputs + lane;
    const long bad = ck_convert_transposed(bytes + r * inputs * size, type, height, inputs, scale, panel, CK_PANEL);
    if (bad >= 0) return r * inputs + bad;
    r += height;
  }
  return -1;
}
