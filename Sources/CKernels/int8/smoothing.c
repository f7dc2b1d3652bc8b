#include "../include/int8_smoothing.h"

#include <stdint.h>

// The same bits on every machine: no function of the C library, nothing fused.
#pragma clang fp contract(off)

static float magnitude(float x) { return x < 0 ? -x : x; }

/// log2(x) to within 0.001, for positive normal numbers.
static float rough_log2(float x) {
  int32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const int32_t exponent = (bits >> 23) - 127;
  bits = (bits & 0x7fffff) | 0x3f800000;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  f -= 1;
  return (float)exponent + f * (1.42286255f + f * (-0.58207844f + f * 0.15921589f));
}

/// 2^(quarters / 4)
static float power_of_two(int quarters) {
  static const float parts[] = {1, 1.18920711500f, 1.41421356237f, 1.68179283051f};
  const int whole = quarters >> 2;
  const int32_t bits = (whole + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, 4);
  return power * parts[quarters & 3];
}

void ck_i8_smoothing(const float *x, long rows, const float *w, long outputs, long inputs, float *multiply,
                     float *divide) {
  // multiply: the largest activation; divide: the largest relative weight.
  for (long i = 0; i < inputs; i++) multiply[i] = divide[i] = 0;
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < inputs; i++) {
      const float value = magnitude(x[r * inputs + i]);
      multiply[i] = value > multiply[i] ? value : multiply[i];
    }
  for (long o = 0; o < outputs; o++) {
    const float *row = w + o * inputs;
    float largest = 0;
    for (long i = 0; i < inputs; i++) largest = magnitude(row[i]) > largest ? magnitude(row[i]) : largest;
    if (largest < 0x1p-100f) continue;
    const float inverse = 1 / largest;
    for (long i = 0; i < inputs; i++) {
      const float value = magnitude(row[i]) * inverse;
      divide[i] = value > divide[i] ? value : divide[i];
    }
  }
  float total = 0;
  for (long i = 0; i < inputs; i++) {
    // Bounds for channels that these activations or weights leave silent; NaN and infinity end at a bound, too.
    const float a = multiply[i] > 1e-4f ? multiply[i] < 1e4f ? multiply[i] : 1e4f : 1e-4f;
    const float b = divide[i] > 1e-3f ? divide[i] : 1e-3f;
    multiply[i] = 0.3f * rough_log2(a) - 0.7f * rough_log2(b);
    total += multiply[i];
  }
  const float mean = total / (float)inputs;
  for (long i = 0; i < inputs; i++) {
    const float quarters = 4 * (multiply[i] - mean);
    const int rounded = (int)(quarters < 0 ? quarters - 0.5f : quarters + 0.5f);
    multiply[i] = power_of_two(rounded);
    divide[i] = 1 / multiply[i];
  }
}

void ck_i8_scale_columns(float *w, long rows, long columns, const float *factors) {
  for (long r = 0; r < rows; r++, w += columns)
    for (long i = 0; i < columns; i++) w[i] *= factors[i];
}
