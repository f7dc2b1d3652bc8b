#include "../include/int8_calibration.h"

#include "../body/vector.h"

// The same bits on every machine: no function of the C library, nothing fused.
#pragma clang fp contract(off)

static float magnitude(float x) { return x < 0 ? -x : x; }

/// log2(x) to within 0.001, for positive normal numbers (scripts/fit_kernels.py).
static float rough_log2(float x) {
  int32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  const int32_t exponent = (bits >> 23) - 127;
  bits = (bits & 0x7fffff) | 0x3f800000;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  f -= 1;
  return (float)exponent + (f + f * (1 - f) * (0x1.b1039ep-2f - 0x1.461538p-3f * f));
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
    multiply[i] = 0.3f * (rough_log2(a) - rough_log2(b));
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

void ck_i8_measure(const float *x, long ldx, long rows, long length, long inputs, const float *factors,
                   const ck_i8_statistics *out) {
  for (long i = 0; i < inputs; i++) out->mean[i] = out->first[i] = out->power[i] = 0;
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < inputs; i++) {
      const float value = factors ? x[r * ldx + i] * factors[i] : x[r * ldx + i];
      out->mean[i] += value;
      out->power[i] += value * value;
      if (r % length == 0) out->first[i] += value;
    }
  const float weight = 1 / (float)rows, first_weight = (float)length / (float)rows;
  float power = 0;
  for (long i = 0; i < inputs; i++) {
    out->mean[i] *= weight;
    out->first[i] *= first_weight;
    out->power[i] *= weight;
    power += out->power[i];
  }
  const float everywhere = 10 * power / (float)inputs + 0x1p-80f;
  for (long i = 0; i < inputs; i++) out->power[i] += everywhere;
}

/// Rounds up to 16 rows side by side.
///
/// With e the rounding errors of one row so far, the expected square of the product's error is
/// (Σ e·mean)² + (Σ e·first)² + Σ e²·power; the next weight's error that minimises it is
/// -(mean·Σ e·mean + first·Σ e·first) / (power + mean² + first²).
static void round_block(float *w, long ldw, long rows, long inputs, const ck_i8_statistics *statistics) {
  lanes largest = splat(0);
  for (long r = 0; r < rows; r++)
    for (long i = 0; i < inputs; i++) {
      const float value = magnitude(w[r * ldw + i]);
      if (value > largest[r]) largest[r] = value;
    }
  const ints silent = largest < splat(0x1p-100f);
  const lanes step = select16(silent, splat(1), largest) / splat(127);
  const lanes inverse = splat(1) / step;
  lanes mean_error = splat(0), first_error = splat(0);
  for (long i = 0; i < inputs; i++) {
    const float mean = statistics->mean[i], first = statistics->first[i];
    const float share = 1 / (statistics->power[i] + mean * mean + first * first);
    lanes weights = splat(0);
    for (long r = 0; r < rows; r++) weights[r] = w[r * ldw + i];
    const lanes exact = weights * inverse;
    lanes shift = (mean_error * splat(mean) + first_error * splat(first)) * splat(-share);
    shift = select16(abs16(shift) <= splat(0.5f), shift, splat(0));  // 0 for NaN, too
    lanes rounded = ((exact + shift) + splat(ROUND)) - splat(ROUND);
    rounded = select16(rounded > splat(127), splat(127), rounded);
    rounded = select16(rounded < splat(-127), splat(-127), rounded);
    // The largest stays as it is: the step is made from it.
    rounded = select16(abs16(weights) == largest, weights * inverse, rounded);
    const lanes error = rounded - exact;
    mean_error += error * splat(mean);
    first_error += error * splat(first);
    const lanes result = rounded * step;
    for (long r = 0; r < rows; r++)
      if (!silent[r] && magnitude(weights[r]) != largest[r]) w[r * ldw + i] = result[r];
  }
}

void ck_i8_round(float *w, long ldw, long rows, long inputs, const ck_i8_statistics *statistics) {
  for (long r = 0; r < rows; r += LANES)
    round_block(w + r * ldw, ldw, rows - r < LANES ? rows - r : LANES, inputs, statistics);
}
