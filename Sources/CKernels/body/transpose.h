// Rows become the columns of a panel (int8 and bf16).

/// 16 rows of 16 bytes, each row a channel, `lda` bytes apart: groups of four bytes trade places. out: (4, 16, 4) bytes.
INLINE void transpose_rows(const void *a, long lda, void *out) {
  ints in[4], pairs[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++)
      __builtin_memcpy((char *)&in[i] + j * 16, (const char *)a + (i * 4 + j) * lda, 16);
  // pairs[0]: groups 0 and 1 of channels 0 ... 7; pairs[1]: of channels 8 ... 15; pairs[2], pairs[3]: groups 2 and 3.
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    pairs[i] = __builtin_shufflevector(in[2 * i], in[2 * i + 1], 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
    pairs[i + 2] =
        __builtin_shufflevector(in[2 * i], in[2 * i + 1], 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 2; i++) {
    const ints low = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ints high =
        __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    __builtin_memcpy((char *)out + i * 128, &low, 64);
    __builtin_memcpy((char *)out + i * 128 + 64, &high, 64);
  }
}
