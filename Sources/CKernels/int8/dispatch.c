// The int8 kernels of each instruction set.
#include "../include/int8.h"

extern const ck_i8_kernels ck_i8_kernels_portable;
#if defined(__x86_64__)
extern const ck_i8_kernels ck_i8_kernels_avx2, ck_i8_kernels_avx_vnni, ck_i8_kernels_avx512, ck_i8_kernels_avx512_vnni;
#elif defined(__aarch64__)
extern const ck_i8_kernels ck_i8_kernels_neon_dot;
#endif

const ck_i8_kernels *ck_i8_kernels_for(ck_path path) {
  switch (path) {
#if defined(__x86_64__)
    case CK_AVX512_BF16:
    case CK_AVX512_VNNI: return &ck_i8_kernels_avx512_vnni;
    case CK_AVX512: return &ck_i8_kernels_avx512;
    case CK_AVX_VNNI: return &ck_i8_kernels_avx_vnni;
    case CK_AVX2: return &ck_i8_kernels_avx2;
#elif defined(__aarch64__)
    case CK_NEON_DOT: return &ck_i8_kernels_neon_dot;
#endif
    default: return &ck_i8_kernels_portable;
  }
}
