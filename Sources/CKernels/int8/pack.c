// Weights to 8 bits and into panels: once per model, in plain C, the same on every CPU.
#pragma clang fp contract(off)
#include "../include/int8.h"

#define ROUND 12582912.0f  // 1.5 · 2^23: adding it rounds to the nearest integer, ties to even

static long round_up(long n, long step) { return (n + step - 1) / step * step; }

long ck_i8_depth(long inputs) { return round_up(inputs, CK_I8_STEP); }

long ck_i8_panel_bytes(long channels, long inputs) { return round_up(channels, CK_I8_PANEL) * ck_i8_depth(inputs); }

/// The largest magnitude as float bits: at least 0x7f800000 if one is NaN or infinite.
static uint32_t largest_bits(const float *x, long count) {
  uint32_t largest = 0;
  for (long i = 0; i < count; i++) {
    uint32_t bits;
    __builtin_memcpy(&bits, x + i, 4);
    bits &= 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

long ck_i8_pack(const float *w, long ldw, long rows, const float *bias, long first, ck_i8_weights *out) {
  const long inputs = out->inputs, depth = ck_i8_depth(inputs);
  for (long r = 0; r < rows; r++, w += ldw) {
    const uint32_t bits = largest_bits(w, inputs);
    if (bits >= 0x7f800000) return r;
    float largest;
    __builtin_memcpy(&largest, &bits, 4);
    const bool is_zero = largest < 0x1p-100f;
    const float inverse = is_zero ? 0 : 127 / largest;
    const long n = first + r;
    int8_t *target = out->panels + n / CK_I8_PANEL * CK_I8_PANEL * depth + n % CK_I8_PANEL * 4;
    int32_t sum = 0;
    for (long k = 0; k < inputs; k += 4, target += CK_I8_PANEL * 4) {
      const long count = inputs - k < 4 ? inputs - k : 4;
      for (long i = 0; i < count; i++) {
        const int32_t q = (int32_t)((w[k + i] * inverse + ROUND) - ROUND);
        target[i] = (int8_t)q;
        sum += q;
      }
    }
    out->scales[n] = is_zero ? 0 : largest / 127;
    out->sums[n] = sum;
    out->bias[n] = bias ? bias[r] : 0;
  }
  return -1;
}

long ck_i8_attention_scratch(long length, long heads, long head_dim) {
  enum { ROWS = 28, HEAD = 128 };  // as attention.h has them: ATTENTION_ROWS, at least sizeof(packed_head)
  const long padded = ck_i8_depth(length), width = ck_i8_depth(head_dim), dim = heads * head_dim;
  return heads * (HEAD + 2 * padded * width + 16 * padded) + ROWS * (5 * padded + 4 * width + 4 * dim) + 64;
}
