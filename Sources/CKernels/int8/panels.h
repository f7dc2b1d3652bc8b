// Signed matrices into panels of 16 channels: (channels / 16, depth / 4, 16, 4). A block of 16 × 16 is transposed in
// registers; what sticks out is copied into a block of its own, over zeroes.

typedef int8_t signed_bytes16 __attribute__((vector_size(16)));

enum { BLOCK_BYTES = 16 * 16 };

/// 16 rows of 16 bytes, each column a channel: four bytes of a column become neighbours.
INLINE void transpose_columns(const int8_t *a, long lda, int8_t *out) {
#define FIRST_HALVES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define SECOND_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define FIRST_PAIRS 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23
#define SECOND_PAIRS 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31
#pragma clang loop unroll(full)
  for (int k = 0; k < 16; k += 4) {
    signed_bytes16 row[4], half[4], done[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) memcpy(&row[i], a + (k + i) * lda, 16);
    half[0] = __builtin_shufflevector(row[0], row[1], FIRST_HALVES);
    half[1] = __builtin_shufflevector(row[2], row[3], FIRST_HALVES);
    half[2] = __builtin_shufflevector(row[0], row[1], SECOND_HALVES);
    half[3] = __builtin_shufflevector(row[2], row[3], SECOND_HALVES);
    done[0] = __builtin_shufflevector(half[0], half[1], FIRST_PAIRS);
    done[1] = __builtin_shufflevector(half[0], half[1], SECOND_PAIRS);
    done[2] = __builtin_shufflevector(half[2], half[3], FIRST_PAIRS);
    done[3] = __builtin_shufflevector(half[2], half[3], SECOND_PAIRS);
    memcpy(out + k * 16, done, 64);
  }
#undef FIRST_HALVES
#undef SECOND_HALVES
#undef FIRST_PAIRS
#undef SECOND_PAIRS
}

/// The sum of each channel's four bytes in each group of a block.
INLINE ints sum_of_block(const int8_t *block) {
  ints total = splat_int(0);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    ints four;
    memcpy(&four, block + k * 64, 64);
    total += (four << 24 >> 24) + (four << 16 >> 24) + (four << 8 >> 24) + (four >> 24);
  }
  return total;
}

INLINE void pack(const bool channels_are_rows, const int8_t *a, long lda, long channels, long inputs, int8_t *panels,
                 int32_t *sums) {
  for (long n = 0; n < channels; n += LANES) {
    const long wide = channels - n < LANES ? channels - n : LANES;
    ints total = splat_int(0);
    for (long k = 0; k < inputs; k += CK_I8_STEP, panels += BLOCK_BYTES) {
      const long deep = inputs - k < CK_I8_STEP ? inputs - k : CK_I8_STEP;
      const int8_t *block = channels_are_rows ? a + n * lda + k : a + k * lda + n;
      long distance = lda;
      int8_t edge[BLOCK_BYTES];
      if (wide < LANES || deep < CK_I8_STEP) {
        const long rows = channels_are_rows ? wide : deep, columns = channels_are_rows ? deep : wide;
        memset(edge, 0, sizeof edge);
        for (long r = 0; r < rows; r++) memcpy(edge + r * 16, block + r * lda, (size_t)columns);
        block = edge;
        distance = 16;
      }
      if (channels_are_rows)
        transpose_rows(block, distance, panels);
      else
        transpose_columns(block, distance, panels);
      if (sums) total += sum_of_block(panels);
    }
    if (sums) memcpy(sums + n, &total, sizeof total);
  }
}

static void KERNEL(pack_rows)(const int8_t *a, long lda, long channels, long inputs, int8_t *panels, int32_t *sums) {
  pack(true, a, lda, channels, inputs, panels, sums);
}

static void KERNEL(pack_columns)(const int8_t *a, long lda, long channels, long inputs, int8_t *panels, int32_t *sums) {
  pack(false, a, lda, channels, inputs, panels, sums);
}
