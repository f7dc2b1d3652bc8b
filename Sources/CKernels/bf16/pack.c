// Weights to bf16 and into panels: once per model, in plain C.
#include "../include/bf16.h"

static long round_up(long n, long step) { return (n + step - 1) / step * step; }

long ck_bf16_depth(long inputs) { return round_up(inputs, CK_BF16_STEP); }

long ck_bf16_panel_elements(long channels, long inputs) {
  return round_up(channels, CK_BF16_PANEL) * ck_bf16_depth(inputs);
}

/// To nearest, ties to even. `bad` becomes 1 where the number or what it is rounded to is NaN or infinite.
static inline uint16_t rounded(const float *x, uint32_t *bad) {
  uint32_t bits;
  __builtin_memcpy(&bits, x, 4);
  *bad |= (bits & 0x7f800000) == 0x7f800000;
  bits += 0x7fff + (bits >> 16 & 1);
  *bad |= (bits & 0x7f800000) == 0x7f800000;
  return (uint16_t)(bits >> 16);
}

long ck_bf16_pack(const float *w, long ldw, long rows, const float *bias, long first, ck_bf16_weights *out) {
  const long inputs = out->inputs, depth = ck_bf16_depth(inputs);
  for (long r = 0; r < rows; r++, w += ldw) {
    const long n = first + r;
    uint16_t *target = out->panels + n / CK_BF16_PANEL * CK_BF16_PANEL * depth + n % CK_BF16_PANEL * 2;
    uint32_t bad = 0;
    for (long k = 0; k < inputs; k++) target[k / 2 * CK_BF16_PANEL * 2 + k % 2] = rounded(w + k, &bad);
    if (bad) return r;
    out->bias[n] = bias ? bias[r] : 0;
  }
  return -1;
}

long ck_bf16_table(const float *x, long count, uint16_t *out) {
  uint32_t bad = 0;
  for (long i = 0; i < count; i++) out[i] = rounded(x + i, &bad);
  if (!bad) return -1;
  long first = 0;
  for (bad = 0; rounded(x + first, &bad), !bad; first++) {}
  return first;
}

long ck_bf16_attention_scratch(long length, long head_dim) {
  enum { ROWS = 14 };  // as attention.h has them: TILE_ROWS
  const long keys = round_up(length, 32), width = round_up(head_dim, 32);
  return 2 * (2 * keys * width + ROWS * (width + keys)) + 4 * ROWS * (keys + width) + 6 * 64;
}
