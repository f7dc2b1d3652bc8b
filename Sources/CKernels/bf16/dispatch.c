// The bf16 kernels of each instruction set.
#include "../include/bf16.h"

#if defined(__x86_64__)
extern const ck_bf16_kernels ck_bf16_kernels_avx512_bf16;
#endif

const ck_bf16_kernels *ck_bf16_kernels_for(ck_path path) {
  switch (path) {
#if defined(__x86_64__)
    case CK_AVX512_BF16: return &ck_bf16_kernels_avx512_bf16;
#endif
    default: return 0;
  }
}
