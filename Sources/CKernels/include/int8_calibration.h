#ifndef CKERNELS_INT8_CALIBRATION_H
#define CKERNELS_INT8_CALIBRATION_H

#pragma clang assume_nonnull begin

// What makes 8 bits go further, computed when weights are packed, from some inputs of each layer. The same bits on every
// machine.

// Activations with a few channels that are much larger than the rest take their 8 bits for those. So each input channel of
// a layer is divided by a factor and its weights are multiplied by it, which changes no product
// (SmoothQuant, https://arxiv.org/abs/2211.10438).

/// The factor of each input of a layer. x: (rows, inputs), some of its inputs; w: (outputs, inputs). With a the largest
/// magnitude of a channel in x, and b the largest of its weights relative to their outputs' largest,
/// the factor is (a / b)^0.3, over the geometric mean of all factors, rounded to a power of 2^(1/4).
/// `multiply` gets the factors, `divide` their inverses.
void ck_i8_smoothing(const float *x, long rows, const float *w, long outputs, long inputs, float *multiply, float *divide);

/// Multiplies each column of w: (rows, columns).
void ck_i8_scale_columns(float *w, long rows, long columns, const float *factors);

/// What is known of a layer's inputs, per channel: (inputs) each.
typedef struct {
  float *mean;   ///< over all tokens
  float *first;  ///< over the first tokens of the sequences, the ones that the classifier reads
  float *power;  ///< mean square over all tokens, and ten times the mean of those over all channels
} ck_i8_statistics;

/// Statistics of x: (rows, inputs), rows `ldx` floats apart, every `length` rows a sequence, times `factors` if they are there.
void ck_i8_measure(const float *x, long ldx, long rows, long length, long inputs, const float *_Nullable factors,
                   const ck_i8_statistics *out);

/// Rounds w: (rows, inputs), rows `ldw` floats apart, to whole multiples of each row's largest magnitude / 127, which ck_i8_pack then finds exact. Not each
/// weight to the nearest: one after the other to where the error of the row's product is least for inputs like those
/// measured, given the rounding of the weights before it. So the errors cancel for the mean input and for the mean first
/// token, to which rounding to nearest adds a constant. The power is set high, since real inputs differ from the measured
/// ones: then no weight goes far from its nearest.
void ck_i8_round(float *w, long ldw, long rows, long inputs, const ck_i8_statistics *statistics);

#pragma clang assume_nonnull end

#endif
