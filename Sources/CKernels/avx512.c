// The kernels for x86-64 with AVX-512: 32 registers of 16 floats, one to a `lanes`.
#if defined(__x86_64__)
#define KERNEL(name) name##_avx512
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 4
#define DOT_ROWS 4
#define DOT_OUTPUTS 4
#define TILE_ROWS 14
#define TILE_PANELS 2
#include <stdbool.h>
#include <stdint.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), \
                             apply_to = function)
#include "body/all.h"
#pragma clang attribute pop
#endif
