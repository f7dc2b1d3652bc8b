// Runs the int8 kernels of one path over random shapes and extremes, compares every output with the portable path's bit for
// bit, and prints a digest that is the same on every path and CPU. scripts/kernels-emulated says how it is built.
//
// Compiled with EMULATED=<name>, the path is the kernels of that name, whatever the CPU; else it is the best that the CPU has.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CKernels/include/int8.h"

extern const ck_i8_kernels ck_i8_kernels_portable;
#ifdef EMULATED
extern const ck_i8_kernels EMULATED;
#endif

/// What the digest was when the kernels were last meant to change.
#define EXPECTED 0xc84603ed0b048d29

static uint64_t state = 1;
static uint32_t draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}
static long draw_in(long least, long most) { return least + (long)(draw() % (uint64_t)(most - least + 1)); }
/// Exact in f32 on every compiler: an integer times a power of two.
static float draw_float(float unit) { return (float)((int32_t)draw_in(0, 20000) - 9000) * unit; }

static void *memory(long bytes) {
  void *p = calloc((size_t)(bytes + 128), 1);
  if (!p) exit(2);
  return p;
}

static long differences, comparisons;
static uint64_t digest;

static void compare(const char *what, const void *ours, const void *portable, long bytes) {
  comparisons++;
  digest = ck_hash(portable, bytes, digest);
  if (memcmp(ours, portable, (size_t)bytes) == 0) return;
  differences++;
  fprintf(stderr, "different: %s\n", what);
}

static void quantise_and_multiply(const ck_i8_kernels *kernels, long rows, long inputs, long channels, int kind) {
  const ck_i8_kernels *portable = &ck_i8_kernels_portable;
  static const float units[] = {0x1p-14f, 0x1p-60f, 0x1p90f, 0x1p-120f, 0x1p-14f};
  const float unit = units[kind];
  const long depth = ck_i8_depth(inputs), padded = (channels + 15) / 16 * 16;
  float *w = memory(channels * inputs * 4), *bias = memory(channels * 4), *x = memory(rows * inputs * 4);
  for (long i = 0; i < channels * inputs; i++) w[i] = draw_float(0x1p-17f);
  for (long i = 0; i < channels; i++) bias[i] = draw_float(0x1p-12f);
  for (long i = 0; i < rows * inputs; i++) x[i] = draw_float(unit);
  if (kind == 4) {  // weights at both ends, activations of one sign, a zero row and a zero channel
    for (long i = 0; i < channels * inputs; i++) w[i] = draw() & 1 ? 1 : -1;
    for (long i = 0; i < rows * inputs; i++) x[i] = draw() & 1 ? 1 : 0x1p-9f;
    for (long i = 0; i < inputs; i++) x[i] = w[i] = 0;
  }
  ck_i8_weights weights = {memory(padded * depth), memory(padded * 4), memory(padded * 4), memory(padded * 4), channels, inputs};
  if (ck_i8_pack(w, inputs, channels, bias, 0, &weights) != -1) differences++;
  digest = ck_hash(weights.panels, padded * depth, digest);
  digest = ck_hash(weights.sums, padded * 4, digest);

  uint8_t *q[2] = {memory(rows * depth), memory(rows * depth)};
  float *scale[2] = {memory(rows * 4), memory(rows * 4)};
  int32_t *zero[2] = {memory(rows * 4), memory(rows * 4)};
  const long last = kind == 0 ? rows * inputs - 1 : 0;
  if (last > 0 && rows % 5 == 0) x[last] = __builtin_nanf("");
  if (last > 0 && rows % 7 == 0) x[last] = __builtin_inff();
  const long bad = portable->quantise_rows(x, inputs, rows, inputs, q[1], depth, scale[1], zero[1]);
  if (kernels->quantise_rows(x, inputs, rows, inputs, q[0], depth, scale[0], zero[0]) != bad) differences++;
  if (bad != (last > 0 && (rows % 5 == 0 || rows % 7 == 0) ? rows - 1 : -1)) differences++;
  compare("quantised rows", q[0], q[1], rows * depth);
  compare("scales", scale[0], scale[1], rows * 4);
  compare("zero points", zero[0], zero[1], rows * 4);

  float *y[2] = {memory(rows * channels * 4), memory(rows * channels * 4)};
  float *residual = memory(rows * channels * 4);
  for (long i = 0; i < rows * channels; i++) residual[i] = draw_float(0x1p-12f);
  for (int pass = 0; pass < 3; pass++) {
    // All channels; with a residual; a part of the channels.
    const long first = pass == 2 && padded > 16 ? 16 : 0, count = channels - first;
    const float *added = pass == 1 ? residual : NULL;
    portable->product(q[1], depth, scale[1], zero[1], rows, &weights, first, count, added, channels, y[1], channels);
    kernels->product(q[1], depth, scale[1], zero[1], rows, &weights, first, count, added, channels, y[0], channels);
    compare("product", y[0], y[1], rows * channels * 4);
    // Every row alone, where the residual lies.
    for (long r = 0; r < rows; r++) {
      float *row = memory(channels * 4);
      memcpy(row, residual + r * channels, (size_t)channels * 4);
      kernels->product(q[1] + r * depth, depth, scale[1] + r, zero[1] + r, 1, &weights, first, count,
                       pass == 1 ? row : NULL, channels, row, channels);
      compare("row alone", row, y[1] + r * channels, count * 4);
      free(row);
    }
  }
  free(w), free(bias), free(x), free(residual), free(weights.panels), free(weights.scales), free(weights.sums), free(weights.bias);
  for (int i = 0; i < 2; i++) free(q[i]), free(scale[i]), free(zero[i]), free(y[i]);
}

/// Bare sums over extreme bytes, and both ways of packing.
static void pack_and_sum(const ck_i8_kernels *kernels, long rows, long inputs, long channels) {
  const ck_i8_kernels *portable = &ck_i8_kernels_portable;
  const long depth = ck_i8_depth(inputs), padded = (channels + 15) / 16 * 16;
  uint8_t *q = memory(rows * depth);
  int8_t *a = memory(channels * inputs), *panels[2] = {memory(padded * depth), memory(padded * depth)};
  int32_t *sums[2] = {memory(padded * 4), memory(padded * 4)};
  int32_t *out[2] = {memory(rows * channels * 4), memory(rows * channels * 4)};
  const bool ends = draw() & 1;
  for (long i = 0; i < rows * depth; i++) q[i] = (uint8_t)(ends ? (draw() & 7 ? 255 : 0) : draw());
  for (long i = 0; i < channels * inputs; i++) a[i] = (int8_t)(ends ? (draw() & 7 ? 127 : -127) : draw());
  for (int columns = 0; columns < 2; columns++) {
    for (int i = 0; i < 2; i++) {
      memset(panels[i], 99, (size_t)(padded * depth));
      const ck_i8_kernels *k = i ? portable : kernels;
      if (columns)
        k->pack_columns(a, channels, channels, inputs, panels[i], sums[i]);
      else
        k->pack_rows(a, inputs, channels, inputs, panels[i], sums[i]);
      k->sums(q, depth, rows, panels[i], depth, channels, out[i], channels);
    }
    compare("panels", panels[0], panels[1], padded * depth);
    compare("sums of channels", sums[0], sums[1], padded * 4);
    compare("sums", out[0], out[1], rows * channels * 4);
    // Against the definition.
    for (long m = 0; m < rows; m++)
      for (long n = 0; n < channels; n++) {
        int32_t sum = 0;
        for (long k = 0; k < inputs; k++) sum += q[m * depth + k] * (columns ? a[k * channels + n] : a[n * inputs + k]);
        if (sum != out[1][m * channels + n]) differences++;
      }
  }
  free(q), free(a);
  for (int i = 0; i < 2; i++) free(panels[i]), free(sums[i]), free(out[i]);
}

int main(void) {
#ifdef EMULATED
  const ck_i8_kernels *kernels = &EMULATED;
#else
  ck_path best = CK_PORTABLE;
  for (int path = CK_PORTABLE; path <= CK_AVX512_VNNI; path++)
    if (ck_path_supported((ck_path)path)) best = (ck_path)path;
  const ck_i8_kernels *kernels = ck_i8_kernels_for(best);
#endif
  for (long rows = 1; rows <= 33; rows++) quantise_and_multiply(kernels, rows, draw_in(1, 130), draw_in(1, 70), (int)(rows % 5));
  for (int kind = 0; kind < 5; kind++) quantise_and_multiply(kernels, 44, 3072, 48, kind);
  for (long rows = 1; rows <= 33; rows++) pack_and_sum(kernels, rows, draw_in(1, 130), draw_in(1, 70));
  pack_and_sum(kernels, 3, CK_I8_LARGEST_DEPTH, 17);
  printf("%016llx\n", (unsigned long long)digest);
  if (digest != EXPECTED) fprintf(stderr, "the digest is not the expected one\n");
  fprintf(stderr, "%ld comparisons, %ld differences\n", comparisons, differences);
  return differences != 0 || digest != EXPECTED;
}
