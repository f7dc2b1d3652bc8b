// The int8 kernels of each instruction set.
#include "../include/int8.h"

extern const ck_i8_kernels ck_i8_kernels_portable;

const ck_i8_kernels *ck_i8_kernels_for(ck_path path) {
  (void)path;
  return &ck_i8_kernels_portable;
}

long ck_i8_attention_scratch(long length, long heads, long head_dim) {
  enum { ROWS = 24, HEAD = 128 };  // as attention.h has them: ATTENTION_ROWS, at least sizeof(packed_head)
  const long padded = ck_i8_depth(length), width = ck_i8_depth(head_dim), dim = heads * head_dim;
  return heads * (HEAD + 2 * padded * width + 16 * padded) + ROWS * (5 * padded + 4 * width + 4 * dim) + 64;
}
