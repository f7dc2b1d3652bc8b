// Runs the f32 products with weights in panels over random shapes, and compares every sum with chains of fused multiply-adds, bit
// for bit. Prints a digest that is the same on every CPU. scripts/kernels-emulated says how it is built: for arm64, since x86-64's are
// tested by the package's own tests.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CKernels/include/kernels.h"

extern const ck_kernels ck_kernels_portable;

static uint64_t state = 1;
static long draw_in(long least, long most) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return least + (long)((state >> 33) % (uint64_t)(most - least + 1));
}
static float draw_float(void) { return (float)(draw_in(0, 20000) - 10000) * 0x1p-12f; }

static float *draw_floats(long count) {
  float *p = calloc((size_t)(count + 64), 4);
  if (!p) exit(2);
  for (long i = 0; i < count; i++) p[i] = draw_float();
  return p;
}

int main(void) {
  long sums = 0, different = 0;
  uint64_t digest = 0;
  if (!ck_kernels_portable.panel_product) return fprintf(stderr, "there is no such product here\n"), 1;
  for (int round = 0; round < 120; round++) {
    const long rows = draw_in(1, 40), inputs = draw_in(1, 900), outputs = draw_in(1, 70), first = draw_in(0, (outputs - 1) / 16) * 16;
    const long count = draw_in(1, outputs - first), accumulate = draw_in(0, 1);
    float *x = draw_floats(rows * inputs), *w = draw_floats(outputs * inputs), *bias = draw_floats(outputs);
    float *y = draw_floats(rows * count), *before = malloc((size_t)(rows * count * 4));
    float *panels = calloc((size_t)((outputs + 15) / 16 * 16 * inputs + 64), 4);
    if (!before || !panels) return 2;
    memcpy(before, y, (size_t)(rows * count * 4));
    if (ck_pack_panels(w, CK_F32, outputs, inputs, 1, 0, panels) != -1) different++;
    ck_kernels_portable.panel_product(x, inputs, rows, panels, inputs, first, count, bias + first, CK_SUM, accumulate, y, count);
    for (long r = 0; r < rows; r++)
      for (long c = 0; c < count; c++) {
        float sum = before[r * count + c];
        for (long start = 0; start < inputs; start += CK_TURN) {
          float chain = 0;
          for (long k = start; k < inputs && k < start + CK_TURN; k++) chain = fmaf(x[r * inputs + k], w[(first + c) * inputs + k], chain);
          sum = accumulate || start > 0 ? sum + chain : chain;
        }
        different += memcmp(&sum, y + r * count + c, 4) != 0;
        sums++;
      }
    digest = ck_hash(y, rows * count * 4, digest);
    free(x), free(w), free(bias), free(y), free(before), free(panels);
  }
  printf("%016llx\n", (unsigned long long)digest);
  fprintf(stderr, "%ld sums, %ld of other bits\n", sums, different);
  return different > 0;
}
