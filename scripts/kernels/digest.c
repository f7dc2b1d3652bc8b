// Runs the int8 kernels of one path over random shapes and extremes, compares every output with the portable path's bit for
// bit, and prints a digest that is the same on every path and CPU. scripts/kernels-emulated says how it is built.
//
// Compiled with EMULATED=<name>, the path is the kernels of that name, whatever the CPU; else it is the best that the CPU has.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CKernels/include/int8.h"
#include "../../Sources/CKernels/include/int8_calibration.h"
#include "../../Sources/CKernels/include/int8_embedding.h"

extern const ck_i8_kernels ck_i8_kernels_portable;
#ifdef EMULATED
extern const ck_i8_kernels EMULATED;
#endif

/// What the digest was when the kernels were last meant to change.
#define EXPECTED 0x94aaf2925129fd18

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

/// What stands between the products, and attention, for `rows` tokens of `heads` × `head_dim` channels.
static void layers(const ck_i8_kernels *kernels, long rows, long heads, long head_dim, int kind) {
  const ck_i8_kernels *sides[2] = {kernels, &ck_i8_kernels_portable};
  static const float units[] = {0x1p-12f, 0x1p-30f, 0x1p20f};
  const long dim = heads * head_dim, depth = ck_i8_depth(dim), width = ck_i8_depth(head_dim), vocabulary = 9;
  float *x = memory(rows * 3 * dim * 4), *gamma = memory(dim * 4), *beta = memory(dim * 4), *factors = memory(dim * 4);
  for (long i = 0; i < rows * 3 * dim; i++) x[i] = draw_float(units[kind]);
  for (long i = 0; i < dim; i++) gamma[i] = draw_float(0x1p-13f), beta[i] = draw_float(0x1p-15f), factors[i] = 0.25f + draw_float(0x1p-16f);
  int8_t *words = memory(vocabulary * dim);
  float *scales = memory(vocabulary * 4);
  int32_t *ids = memory(rows * 4);
  for (long i = 0; i < vocabulary * dim; i++) words[i] = (int8_t)(draw() % 255 - 127);
  for (long i = 0; i < vocabulary; i++) scales[i] = 0x1p-10f;
  for (long i = 0; i < rows; i++) ids[i] = (int32_t)(draw() % vocabulary);

  float *y[2];
  uint8_t *q[2];
  float *scale[2];
  int32_t *zero[2];
  for (int s = 0; s < 2; s++) y[s] = memory(rows * dim * 4), q[s] = memory(rows * depth), scale[s] = memory(rows * 4), zero[s] = memory(rows * 4);
  for (int pass = 0; pass < 5; pass++) {
    const float *some = rows % 2 ? factors : 0;
    for (int s = 0; s < 2; s++) {
      const ck_i8_kernels *k = sides[s];
      memcpy(y[s], x, (size_t)(rows * dim * 4));
      switch (pass) {
        case 0:
          k->embed(ids, rows, dim, words, scales, vocabulary, x, gamma, beta, 1e-12f, some, y[s], q[s], depth, scale[s], zero[s]);
          break;
        case 1: k->norm(y[s], rows, dim, gamma, beta, 1e-12f, some, q[s], depth, scale[s], zero[s]); break;
        case 2: k->gelu(y[s], rows, dim, q[s], depth, scale[s], zero[s]); break;
        case 3: k->relu(y[s], rows, dim, q[s], depth, scale[s], zero[s]); break;
        case 4: k->encode(y[s], dim, rows, dim, some, q[s], depth, scale[s], zero[s]); break;
      }
    }
    compare("a layer's rows", y[0], y[1], rows * dim * 4);
    compare("a layer's codes", q[0], q[1], rows * depth);
    compare("a layer's scales", scale[0], scale[1], rows * 4);
    compare("a layer's zero points", zero[0], zero[1], rows * 4);
  }

  ck_i8_heads in[2];
  for (int s = 0; s < 2; s++) {
    in[s] = (ck_i8_heads){memory(rows * heads * width), memory(rows * heads * width), memory(rows * heads * width),
                          memory(rows * heads * 4),     memory(rows * heads * 4),     memory(rows * heads * 4)};
    sides[s]->split_heads(x, rows, 0, 3 * heads, heads, head_dim, &in[s], 0);
  }
  compare("queries", in[0].query, in[1].query, rows * heads * width);
  compare("keys", in[0].key, in[1].key, rows * heads * width);
  compare("values", in[0].value, in[1].value, rows * heads * width);
  compare("values' scales", in[0].value_scale, in[1].value_scale, rows * heads * 4);
  void *scratch = memory(ck_i8_attention_scratch(rows, heads, head_dim) + 64);
  void *aligned = (void *)(((uintptr_t)scratch + 63) / 64 * 64);
  for (int s = 0; s < 2; s++) sides[s]->attention(&in[s], 0, rows, heads, head_dim, 0, rows, q[s], depth, scale[s], zero[s], aligned);
  compare("context", q[0], q[1], rows * depth);
  compare("context's scales", scale[0], scale[1], rows * 4);
  free(x), free(gamma), free(beta), free(factors), free(words), free(scales), free(ids), free(scratch);
  for (int s = 0; s < 2; s++) {
    free(y[s]), free(q[s]), free(scale[s]), free(zero[s]);
    free(in[s].query), free(in[s].key), free(in[s].value);
    free(in[s].query_scale), free(in[s].key_scale), free(in[s].value_scale);
  }
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

/// How weights are prepared: one source for every CPU, so that only the digest can tell.
static void prepare_weights(long rows, long inputs, long outputs) {
  float *x = memory(rows * inputs * 4), *w = memory(outputs * inputs * 4), *statistics = memory(5 * inputs * 4);
  for (long i = 0; i < rows * inputs; i++) x[i] = draw_float(0x1p-12f);
  for (long i = 0; i < outputs * inputs; i++) w[i] = draw_float(0x1p-17f);
  float *multiply = statistics + 3 * inputs, *divide = statistics + 4 * inputs;
  ck_i8_smoothing(x, rows, w, outputs, inputs, multiply, divide);
  ck_i8_scale_columns(w, outputs, inputs, multiply);
  const ck_i8_statistics measured = {statistics, statistics + inputs, statistics + 2 * inputs};
  ck_i8_measure(x, inputs, rows, (rows + 1) / 2, inputs, divide, &measured);
  ck_i8_round(w, inputs, outputs, inputs, &measured);
  digest = ck_hash(statistics, 5 * inputs * 4, digest);
  digest = ck_hash(w, outputs * inputs * 4, digest);
  int8_t *table = memory(outputs * inputs);
  float *scales = memory(outputs * 4);
  ck_i8_table(w, outputs, inputs, table, scales);
  digest = ck_hash(table, outputs * inputs, digest);
  digest = ck_hash(scales, outputs * 4, digest);
  free(x), free(w), free(statistics), free(table), free(scales);
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
  for (long rows = 1; rows <= 70; rows += 3) layers(kernels, rows, draw_in(1, 5), draw_in(1, 70), (int)(rows % 3));
  for (long n = 1; n <= 40; n += 13) prepare_weights(n, 3 * n + 7, n + 11);
  printf("%016llx\n", (unsigned long long)digest);
  if (digest != EXPECTED) fprintf(stderr, "the digest is not the expected one\n");
  fprintf(stderr, "%ld comparisons, %ld differences\n", comparisons, differences);
  return differences != 0 || digest != EXPECTED;
}
