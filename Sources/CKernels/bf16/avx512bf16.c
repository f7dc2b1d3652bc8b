// The bf16 kernels for x86-64 with AVX-512 BF16.
#include "../include/bf16.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512bf16,avx2,fma"))), \
                             apply_to = function)
#include "../body/vector.h"

#include "../body/rows.h"
#include "../body/fetching.h"
#include "../body/transpose.h"
#include "../body/moments.h"

#include "rounding.h"
#include "activation.h"
#include "products.h"
#include "layers.h"
#include "attention.h"

const ck_bf16_kernels ck_bf16_kernels_avx512_bf16 = {
    .round_rows = round_rows,
    .product = product,
    .product_rows = product_rows,
    .embed = embed,
    .norm = norm,
    .attention = attention,
};
#pragma clang attribute pop
#endif
