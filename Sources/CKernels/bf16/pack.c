// Weights to bf16 and into panels: once per model, in plain C.
#include "../include/bf16.h"

static long round_up(long n, long step) { return (n + step - 1) / step * step; }

long ck_bf16_depth(long inputs) { return round_up(inputs, CK_BF16_STEP); }

long ck_bf16_panel_elements(long channels, long inputs) {
  return round_up(channels, CK_BF16_PANEL) * ck_bf16_depth(inputs);
}

long ck_bf16_pack(const float *w, long ldw, long rows, const float *bias, long first, ck_bf16_weights *out) {
  const long inputs = out->inputs, depth = ck_bf16_depth(inputs);
  for (long r = 0; r < rows; r++, w += ldw) {
    const long n = first + r;
    uint16_t *target = out->panels + n / CK_BF16_PANEL * CK_BF16_PANEL * depth + n % CK_BF16_PANEL * 2;
    uint32_t bad = 0;
    for (long k = 0; k < inputs; k++) {
      uint32_t bits;
      __builtin_memcpy(&bits, w + k, 4);
      bad |= (bits & 0x7f800000) == 0x7f800000;
      bits += 0x7fff + (bits >> 16 & 1);
      bad |= (bits & 0x7f800000) == 0x7f800000;
      target[k / 2 * CK_BF16_PANEL * 2 + k % 2] = (uint16_t)(bits >> 16);
    }
    if (bad) return r;
    out->bias[n] = bias ? bias[r] : 0;
  }
  return -1;
}
