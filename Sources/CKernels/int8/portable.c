// The int8 kernels for any CPU: what the compiler makes of them for the baseline instruction set.
#include <string.h>

#include "../include/int8.h"
#include "../body/vector.h"

#include "../body/fetching.h"

#define KERNEL(name) name##_portable
#define TILE_ROWS 4
#define TILE_PANELS 1

typedef int8_t signed_bytes32 __attribute__((vector_size(32)));
typedef uint8_t unsigned_bytes4 __attribute__((vector_size(4)));
typedef int16_t shorts4 __attribute__((vector_size(8)));
typedef int64_t longs8 __attribute__((vector_size(64)));
typedef int16_t shorts32 __attribute__((vector_size(64)));

/// Each lane's two products, added: what many instruction sets have an instruction for.
INLINE ints add_products(shorts32 a, shorts32 b) {
  const ints x = (ints)a, y = (ints)b;
  return (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16);
}

INLINE void dot_tile(const int rows, const int panels, const uint8_t *q, long ldq, const int8_t *panel, long depth,
                     int32_t *out, long ldo, upcoming next) {
  (void)panels, (void)next;
  for (int r = 0; r < rows; r++, q += ldq, out += ldo) {
    ints sum[2] = {splat_int(0), splat_int(0)};
    for (long k = 0; k < depth; k += 4) {
      unsigned_bytes4 four;
      memcpy(&four, q + k, 4);
      shorts4 wide = __builtin_convertvector(four, shorts4);
      int64_t bits;
      memcpy(&bits, &wide, 8);
      const longs8 left = {bits, bits, bits, bits, bits, bits, bits, bits};
      for (int half = 0; half < 2; half++) {
        signed_bytes32 bytes;
        memcpy(&bytes, panel + k * LANES + half * 32, 32);
        sum[half] += add_products((shorts32)left, __builtin_convertvector(bytes, shorts32));
      }
    }
    const ints total = __builtin_shufflevector(sum[0], sum[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
                       __builtin_shufflevector(sum[0], sum[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    memcpy(out, &total, sizeof total);
  }
}

#include "all.h"
