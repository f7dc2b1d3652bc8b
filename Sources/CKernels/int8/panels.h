// Signed matrices into panels of 16 channels: (channels / 16, depth / 4, 16, 4).

static void KERNEL(pack_rows)(const int8_t *a, long lda, long channels, long inputs, int8_t *panels, int32_t *sums) {
  const long depth = (inputs + CK_I8_STEP - 1) / CK_I8_STEP * CK_I8_STEP;
  for (long first = 0; first < channels; first += CK_I8_PANEL, panels += CK_I8_PANEL * depth) {
    __builtin_memset(panels, 0, (size_t)(CK_I8_PANEL * depth));
    for (long n = 0; n < CK_I8_PANEL; n++) {
      int32_t sum = 0;
      if (first + n < channels) {
        const int8_t *row = a + (first + n) * lda;
        for (long k = 0; k < inputs; k++) {
          panels[k / 4 * CK_I8_PANEL * 4 + n * 4 + k % 4] = row[k];
          sum += row[k];
        }
      }
      if (sums) sums[first + n] = sum;
    }
  }
}

static void KERNEL(pack_columns)(const int8_t *a, long lda, long channels, long inputs, int8_t *panels, int32_t *sums) {
  const long depth = (inputs + CK_I8_STEP - 1) / CK_I8_STEP * CK_I8_STEP;
  for (long first = 0; first < channels; first += CK_I8_PANEL, panels += CK_I8_PANEL * depth) {
    __builtin_memset(panels, 0, (size_t)(CK_I8_PANEL * depth));
    for (long n = 0; n < CK_I8_PANEL; n++) {
      int32_t sum = 0;
      if (first + n < channels)
        for (long k = 0; k < inputs; k++) {
          const int8_t value = a[k * lda + first + n];
          panels[k / 4 * CK_I8_PANEL * 4 + n * 4 + k % 4] = value;
          sum += value;
        }
      if (sums) sums[first + n] = sum;
    }
  }
}
