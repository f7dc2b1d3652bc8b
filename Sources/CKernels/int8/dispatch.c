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

long ck_i8_attention_scratch(long length, long heads, long head_dim) {
  enum { ROWS = 28, HEAD = 128 };  // as attention.h has them: ATTENTION_ROWS, at least sizeof(packed_head)
  const long padded = ck_i8_depth(length), width = ck_i8_depth(head_dim), dim = heads * head_dim;
  return heads * (HEAD + 2 * padded * width + 16 * padded) + ROWS * (5 * padded + 4 * width + 4 * dim) + 64;
}
