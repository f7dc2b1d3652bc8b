// Row-wise kernels: embedding, layer norm, activations, softmax.

/// Layer norm of one row, in place.
INLINE void normalise_row(float *x, long dim, const float *gamma, const float *beta, float epsilon) {
  const row_moments moments = moments_of(x, dim, epsilon);
  const lanes mean = splat(moments.mean), scale = splat(moments.factor);
  for (long i = 0; i < dim; i += LANES) {
    const long left = dim - i;
    const lanes d = (load_up_to(x + i, left) - mean) * scale;
    store_up_to(x + i, fma16(d, load_up_to(gamma + i, left), load_up_to(beta + i, left)), left);
  }
}

static long KERNEL(embed)(const int32_t *ids, long count, long dim, const float *words, long vocabulary,
                          const float *positions, const float *gamma, const float *beta, float epsilon, float *out) {
  for (long t = 0; t < count; t++) {
    if (ids[t] < 0 || ids[t] >= vocabulary) return t;
    const float *word = words + (long)ids[t] * dim, *position = positions + t * dim;
    float *row = out + t * dim;
    for (long i = 0; i < dim; i += LANES) {
      const long left = dim - i;
      store_up_to(row + i, load_up_to(word + i, left) + load_up_to(position + i, left), left);
    }
    normalise_row(row, dim, gamma, beta, epsilon);
  }
  return -1;
}

static void KERNEL(bias_layer_norm)(float *x, long rows, long dim, const float *bias, const float *gamma,
                                    const float *beta, float epsilon) {
  for (long r = 0; r < rows; r++, x += dim) {
    for (long i = 0; i < dim; i += LANES) {
      const long left = dim - i;
      store_up_to(x + i, load_up_to(x + i, left) + load_up_to(bias + i, left), left);
    }
    normalise_row(x, dim, gamma, beta, epsilon);
  }
}

static void KERNEL(bias_gelu)(float *x, long rows, long columns, const float *bias) {
  for (long r = 0; r < rows; r++, x += columns) {
    for (long i = 0; i < columns; i += LANES) {
      const long left = columns - i;
      store_up_to(x + i, gelu16(load_up_to(x + i, left) + load_up_to(bias + i, left)), left);
    }
  }
}

static void KERNEL(bias_relu)(float *x, long rows, long columns, const float *bias) {
  for (long r = 0; r < rows; r++, x += columns) {
    for (long i = 0; i < columns; i += LANES) {
      const long left = columns - i;
      const lanes v = load_up_to(x + i, left) + load_up_to(bias + i, left);
      store_up_to(x + i, select16(v < splat(0), splat(0), v), left);
    }
  }
}

/// Turns a row of scores into exp(score - largest) and returns the sum of those. The row is written up to the next
/// multiple of 16, with zeroes past `columns`, if `padded` says that there is room.
INLINE float exponentiate_row(float *x, long columns, bool padded) {
  lanes top = splat(-__builtin_inff());
  for (long i = 0; i < columns; i += LANES) {
    const long left = columns - i;
    lanes v = padded ? load(x + i) : load_up_to(x + i, left);
    if (left < LANES) {
      const lanes kept = keep_first(splat(1), left);
      v = select16(kept > splat(0), v, splat(-__builtin_inff()));
    }
    top = max16(v, top);
  }
  const lanes largest = splat(largest16(top));
  lanes total = splat(0);
  for (long i = 0; i < columns; i += LANES) {
    const long left = columns - i;
    lanes v = exp16((padded ? load(x + i) : load_up_to(x + i, left)) - largest);
    if (left < LANES) v = keep_first(v, left);
    if (padded) store(x + i, v); else store_up_to(x + i, v, left);
    total += v;
  }
  return sum16(total);
}

static void KERNEL(softmax)(float *x, long ldx, long rows, long columns) {
  for (long r = 0; r < rows; r++, x += ldx) {
    const lanes scale = splat(1.0f / exponentiate_row(x, columns, false));
    for (long i = 0; i < columns; i += LANES) {
      const long left = columns - i;
      store_up_to(x + i, load_up_to(x + i, left) * scale, left);
    }
  }
}
