// Speed of the int8 and bf16 products per path and shape, beside the instruction peak measured in the same moment.
// Product and peak take turns in short runs and the best of each counts, so that other load on the machine matters little.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../Sources/CKernels/include/bf16.h"
#include "../../Sources/CKernels/include/int8.h"
#include "../../Sources/CKernels/include/peak.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *memory(long bytes) {
  void *p = aligned_alloc(64, (size_t)((bytes + 63) / 64 * 64));
  memset(p, 0, (size_t)bytes);
  return p;
}

typedef struct {
  const char *name;
  int path;  // -1: bf16
} subject;

static const subject subjects[] = {
    {"avx512-vnni", CK_AVX512_VNNI}, {"avx512", CK_AVX512}, {"avx-vnni", CK_AVX_VNNI}, {"avx2", CK_AVX2}, {"bf16", -1},
};

static const long shapes[][2] = {{768, 768}, {768, 2304}, {768, 3072}, {3072, 768}, {384, 384}, {384, 1152}, {384, 1536}, {1536, 384}};

int main(int count, char **arguments) {
  const double seconds = count > 3 ? atof(arguments[3]) : 0.2;
  const long all_rows[] = {1, 4, 16, 32, 64, 128, 256, 512};
  printf("%-12s %-11s", "Gop/s, %", "K x N");
  const long only = count > 2 ? atol(arguments[2]) : 0;
  for (int i = 0; i < 8; i++)
    if (!only || only == all_rows[i]) printf("     M=%-5ld", all_rows[i]);
  printf("  peak\n");
  for (unsigned s = 0; s < sizeof subjects / sizeof *subjects; s++) {
    const subject *subject = &subjects[s];
    if (count > 1 && strcmp(arguments[1], "all") && strcmp(arguments[1], subject->name)) continue;
    if (subject->path >= 0 ? !ck_path_supported((ck_path)subject->path) : !ck_path_supported(CK_AVX512_BF16)) {
      printf("%-12s SKIPPED: this CPU does not run it\n", subject->name);
      continue;
    }
    for (unsigned h = 0; h < sizeof shapes / sizeof *shapes; h++) {
      const long depth = shapes[h][0], channels = shapes[h][1], most = 512;
      float *w = memory(depth * channels * 4), *x = memory(most * depth * 4), *y = memory(most * channels * 4);
      for (long i = 0; i < depth * channels; i++) w[i] = (float)(rand() % 2001 - 1000) / 1000;
      for (long i = 0; i < most * depth; i++) x[i] = (float)(rand() % 2001 - 1000) / 1000;
      float *scales = memory(channels * 4 + 64), *bias = memory(channels * 4 + 64), *scale = memory(most * 4);
      int32_t *sums = memory(channels * 4 + 64), *zero = memory(most * 4);
      void *panels = memory(channels * depth * 2), *q = memory(most * depth * 2);
      ck_i8_weights i8 = {panels, scales, sums, bias, channels, depth};
      ck_bf16_weights bf16 = {panels, bias, channels, depth};
      const ck_bf16_kernels *bf16_kernels = ck_bf16_kernels_for(CK_AVX512_BF16);
      const ck_i8_kernels *kernels = ck_i8_kernels_for(subject->path < 0 ? CK_PORTABLE : (ck_path)subject->path);
      if (subject->path >= 0) {
        ck_i8_pack(w, depth, channels, NULL, 0, &i8);
        kernels->quantise_rows(x, depth, most, depth, q, depth, scale, zero);
      } else {
        ck_bf16_pack(w, depth, channels, NULL, 0, &bf16);
        bf16_kernels->round_rows(x, depth, most, depth, q, depth);
      }
      printf("%-12s %5ld %5ld", subject->name, depth, channels);
      double best_peak = 0;
      for (int m = 0; m < 8; m++) {
        const long rows = all_rows[m];
        if (only && only != rows) continue;
        const double operations = 2.0 * (double)rows * (double)depth * (double)channels;
        double best = 0, peak = 0;
        for (const double start = now(); now() - start < seconds;) {
          double t = now();
          const double done = subject->path >= 0 ? ck_peak_run(CK_PEAK_INT8, (ck_path)subject->path) : ck_peak_run(CK_PEAK_BF16, CK_PORTABLE);
          t = now() - t;
          if (done / t > peak) peak = done / t;
          for (int again = 0; again < 4; again++) {
            t = now();
            if (subject->path >= 0)
              kernels->product(q, depth, scale, zero, rows, &i8, 0, channels, NULL, 0, y, channels);
            else
              bf16_kernels->product(q, depth, rows, &bf16, 0, channels, NULL, 0, y, channels);
            t = now() - t;
            if (operations / t > best) best = operations / t;
          }
        }
        printf("  %5.0f %4.1f", best / 1e9, 100 * best / peak);
        fflush(stdout);
        if (peak > best_peak) best_peak = peak;
      }
      printf("  %.0f\n", best_peak / 1e9);
      free(w), free(x), free(y), free(scales), free(bias), free(scale), free(sums), free(zero), free(panels), free(q);
    }
  }
}
