// The kernels for x86-64 with AVX2 and FMA: 16 registers of 8 floats, two to a `lanes`.
#if defined(__x86_64__)
#define KERNEL(name) name##_avx2
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 1
#define DOT_ROWS 2
#define DOT_OUTPUTS 2
#define TILE_ROWS 6
#define TILE_PANELS 1
#include <stdbool.h>
#include <stdint.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "body/all.h"
#pragma clang attribute pop
#endif
