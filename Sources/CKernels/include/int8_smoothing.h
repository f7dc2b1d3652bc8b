#ifndef CKERNELS_INT8_SMOOTHING_H
#define CKERNELS_INT8_SMOOTHING_H

#pragma clang assume_nonnull begin

// Activations with a few channels that are much larger than the rest take their 8 bits for those. So each input channel of
// a layer is divided by a factor and its weights are multiplied by it, which changes no product
// (SmoothQuant, https://arxiv.org/abs/2211.10438).

/// The factor of each input of a layer. x: (rows, inputs), some of its inputs; w: (outputs, inputs). With a the largest
/// magnitude of a channel in x, and b the largest of its weights relative to their outputs' largest,
/// the factor is a^0.3 / b^0.7, over the geometric mean of all factors, rounded to a power of 2^(1/4).
/// `multiply` gets the factors, `divide` their inverses.
void ck_i8_smoothing(const float *x, long rows, const float *w, long outputs, long inputs, float *multiply, float *divide);

/// Multiplies each column of w: (rows, columns).
void ck_i8_scale_columns(float *w, long rows, long columns, const float *factors);

#pragma clang assume_nonnull end

#endif
