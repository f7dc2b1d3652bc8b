// The int8 kernels for any CPU: what the compiler makes of them for the baseline instruction set.
#include <string.h>

#include "../include/int8.h"
#include "../body/vector.h"

#define KERNEL(name) name##_portable
#define TILE_ROWS 4
#define TILE_PANELS 1

INLINE void dot_tile(const int rows, const int panels, const uint8_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo) {
  (void)panels;
  for (int r = 0; r < rows; r++, q += ldq, out += ldo) {
    int32_t sums[LANES] = {0};
    for (long k = 0; k < depth; k += 4)
      for (int n = 0; n < LANES; n++)
        for (int i = 0; i < 4; i++) sums[n] += q[k + i] * panel[k * LANES + n * 4 + i];
    __builtin_memcpy(out, sums, sizeof sums);
  }
}

#include "all.h"
