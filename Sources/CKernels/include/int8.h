#ifndef CKERNELS_INT8_H
#define CKERNELS_INT8_H

#include "kernels.h"

#pragma clang assume_nonnull begin

// Matrix products of unsigned 8-bit activations and signed 8-bit weights, the same bits on every path.
//
// Activations: a row x of f32 is scale · (q - zero), q in 0 ... 255, one scale and zero point to a row. Weights: a row w
// of f32 (an output channel) is scale · q, q in -127 ... 127, one scale to a channel. Then
//
//   y[m][n] = fma((float)(Σ q[m][k]·w[n][k] - zero[m]·sum[n]), scale[m]·scale[n], bias[n])   with sum[n] = Σ w[n][k]
//
// The sums are exact 32-bit integers for up to CK_I8_LARGEST_DEPTH inputs, and a row's bits depend on that row alone.
//
// Weights, or whatever is on the right, lie in panels: 16 channels each, (channels / 16, depth / 4, 16, 4) bytes, which
// is what `vpdpbusd` and `sdot` read. Depth is the number of inputs rounded up to a multiple of CK_I8_STEP; channels are
// rounded up to a multiple of 16; what is padded is zero.

enum { CK_I8_STEP = 16, CK_I8_PANEL = 16, CK_I8_LARGEST_DEPTH = 32768 };

/// Bytes of an activation row: inputs rounded up to a multiple of CK_I8_STEP.
long ck_i8_depth(long inputs);
/// Bytes of the panels of `channels` × `inputs`.
long ck_i8_panel_bytes(long channels, long inputs);

/// The right-hand side of a product. The arrays hold `channels` rounded up to a multiple of 16 elements; they and the
/// panels belong to the caller. Panels aligned to 64 bytes are fastest.
typedef struct {
  int8_t *panels;  ///< ck_i8_panel_bytes(channels, inputs)
  float *scales;
  int32_t *sums;
  float *bias;
  long channels, inputs;
} ck_i8_weights;

/// Quantises w: (rows, inputs), rows `ldw` floats apart, into channels first ..< first + rows of `out`, whose memory was
/// zeroed before. scale = largest magnitude / 127; q is w / scale rounded to nearest, ties to even. A channel below 2⁻¹⁰⁰
/// everywhere becomes zero. `bias` null: zero. Returns the first row that holds a NaN or infinity (the work ends there), or -1.
long ck_i8_pack(const float *w, long ldw, long rows, const float *_Nullable bias, long first, ck_i8_weights *out);

/// Queries, keys and values of all tokens, one row of heads to a token: (tokens, heads, width) bytes, width = head_dim
/// rounded up to a multiple of CK_I8_STEP, and (tokens, heads) scales. Queries are unsigned, 128 is zero.
typedef struct {
  uint8_t *query;
  int8_t *key, *value;
  float *query_scale, *key_scale, *value_scale;
} ck_i8_heads;

typedef struct {
  /// Rows of f32 to 8 bits. x: (rows, inputs), rows `ldx` floats apart; q: (rows, depth), rows `ldq` bytes apart, zero past
  /// `inputs`. Per row, over its least and greatest element and 0: scale = (greatest - least) / 255,
  /// inverse = 255 / (greatest - least), zero = round(-least · inverse), q = round(fma(x, inverse, zero)) in 0 ... 255;
  /// rounding is to nearest, ties to even. A row whose range is below 2⁻¹⁰⁰ becomes zero with scale 0.
  /// Returns the first row with a NaN, an infinity or an infinite range, or -1; each such row becomes zero.
  long (*quantise_rows)(const float *x, long ldx, long rows, long inputs, uint8_t *q, long ldq, float *scale,
                        int32_t *zero);

  /// y = x·wᵀ + bias for channels first ..< first + count (first a multiple of 16), or residual + (x·wᵀ + bias), which is
  /// one more rounding. q: (rows, depth), rows `ldq` bytes apart; scale, zero: (rows); y, residual: (rows, count), rows
  /// `ldy` and `ldr` floats apart. `residual` may be y.
  void (*product)(const uint8_t *q, long ldq, const float *scale, const int32_t *zero, long rows,
                  const ck_i8_weights *w, long first, long count, const float *_Nullable residual, long ldr, float *y,
                  long ldy);

  /// The bare sums: out[m][n] = Σ q[m][k]·panel[n][k], k < depth (a multiple of CK_I8_STEP). out: (rows, channels), rows
  /// `ldo` elements apart; a multiple of 16 channels is fastest.
  void (*sums)(const uint8_t *q, long ldq, long rows, const int8_t *panels, long depth, long channels, int32_t *out,
               long ldo);

  /// Panels of a signed matrix whose rows are the channels (keys): a: (channels, inputs), rows `lda` bytes apart. `sums`:
  /// the sum of each channel, room for `channels` rounded up to a multiple of 16. Writes the padding too.
  void (*pack_rows)(const int8_t *a, long lda, long channels, long inputs, int8_t *panels, int32_t *_Nullable sums);

  /// The same for a matrix whose columns are the channels (values): a: (inputs, channels).
  void (*pack_columns)(const int8_t *a, long lda, long channels, long inputs, int8_t *panels, int32_t *_Nullable sums);

  // What stands between the products. Rows come out as f32 and as q, scale, zero, the operands of `product`, coded as in
  // `quantise_rows`; but a row with a NaN or an infinity gets the scale NaN, so that its products are NaN. q: rows `ldq`
  // bytes apart, zero past the last column. Where there are `factors`, one to a column, the codes are those of the row times
  // the factors.

  /// x[i] = LayerNorm(words[ids[i]] · word_scales[ids[i]] + positions[i]), x: (count, dim); otherwise as `embed` of
  /// ck_kernels.
  long (*embed)(const int32_t *ids, long count, long dim, const int8_t *words, const float *word_scales, long vocabulary,
                const float *positions, const float *gamma, const float *beta, float epsilon,
                const float *_Nullable factors, float *x, uint8_t *q, long ldq, float *scale, int32_t *zero);

  /// x = LayerNorm(x), x: (rows, dim), contiguous.
  void (*norm)(float *x, long rows, long dim, const float *gamma, const float *beta, float epsilon,
               const float *_Nullable factors, uint8_t *q, long ldq, float *scale, int32_t *zero);

  /// x = GELU(x) to within 4e-5, x: (rows, columns), contiguous.
  void (*gelu)(float *x, long rows, long columns, uint8_t *q, long ldq, float *scale, int32_t *zero);

  /// x = max(x, 0), x: (rows, columns), contiguous.
  void (*relu)(float *x, long rows, long columns, uint8_t *q, long ldq, float *scale, int32_t *zero);

  /// The codes alone.
  void (*encode)(const float *x, long ldx, long rows, long columns, const float *_Nullable factors, uint8_t *q, long ldq,
                 float *scale, int32_t *zero);

  /// Queries, keys and values, into rows `row` ... of `out`. Counted over a whole row, (3 · heads, head_dim), x holds the
  /// heads `first` ..< `first` + `count`: (rows, count · head_dim).
  void (*split_heads)(const float *x, long rows, long first, long count, long heads, long head_dim,
                      const ck_i8_heads *out, long row);

  /// Self-attention of one sequence, rows `row` ..< `row` + `length` of `in`, for the queries `first` ..< `first` + `count` of
  /// it; their context is written as codes into those rows of (length, heads · head_dim). The scale 1/√head_dim is expected to
  /// be in the queries. `scratch`, aligned to 64 bytes, has ck_i8_attention_scratch(length, heads, head_dim) bytes.
  void (*attention)(const ck_i8_heads *in, long row, long length, long heads, long head_dim, long first, long count,
                    uint8_t *q, long ldq, float *scale, int32_t *zero, void *scratch);
} ck_i8_kernels;

/// Bytes of scratch memory that `attention` needs, for up to `length` tokens.
long ck_i8_attention_scratch(long length, long heads, long head_dim);

/// The int8 kernels of one instruction set. It must be supported here.
const ck_i8_kernels *ck_i8_kernels_for(ck_path path);

#pragma clang assume_nonnull end

#endif
