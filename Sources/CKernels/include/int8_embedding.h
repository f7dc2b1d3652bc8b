#ifndef CKERNELS_INT8_EMBEDDING_H
#define CKERNELS_INT8_EMBEDDING_H

#include <stdint.h>

#pragma clang assume_nonnull begin

/// Rows of an embedding table to signed 8 bits. x: (rows, columns), contiguous, finite. scales[r] = largest magnitude of the
/// row / 127; out = x / scale rounded to nearest, ties to even. A row below 2⁻¹⁰⁰ everywhere becomes zero.
void ck_i8_table(const float *x, long rows, long columns, int8_t *out, float *scales);

#pragma clang assume_nonnull end

#endif
