#include "../include/int8_embedding.h"

#pragma clang fp contract(off)
#define ROUND 12582912.0f  // 1.5 · 2^23: adding it rounds to the nearest integer, in the low bits

void ck_i8_table(const float *x, long rows, long columns, int8_t *out, float *scales) {
  for (long r = 0; r < rows; r++, x += columns, out += columns) {
    uint32_t bits = 0;
    for (long i = 0; i < columns; i++) {
      uint32_t b;
      __builtin_memcpy(&b, x + i, 4);
      b &= 0x7fffffff;
      bits = b > bits ? b : bits;
    }
    float largest;
    __builtin_memcpy(&largest, &bits, 4);
    const float inverse = largest < 0x1p-100f ? 0 : 127 / largest;
    scales[r] = inverse == 0 ? 0 : largest / 127;
    for (long i = 0; i < columns; i++) {
      const float scaled = x[i] * inverse;
      const float rounded = scaled + ROUND;
      int32_t n;
      __builtin_memcpy(&n, &rounded, 4);
      out[i] = (int8_t)n;
    }
  }
}
