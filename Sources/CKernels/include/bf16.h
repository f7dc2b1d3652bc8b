#ifndef CKERNELS_BF16_H
#define CKERNELS_BF16_H

#include "kernels.h"

#pragma clang assume_nonnull begin

// Products of bf16 activations and weights with f32 sums, and what stands between them, for CPUs with AVX-512 BF16 only.
//
// Each sum is one chain of `vdpbf16ps` over pairs of inputs, ascending: a row's bits depend on that row alone, but how the
// instruction rounds within a pair is the CPU's business. A NaN or an infinity in a row makes its results NaN or infinite.
//
// Activations are rows of bf16, (rows, depth) with rows `ldx` elements apart, zero past the last input. Depth is the number of
// inputs rounded up to a multiple of CK_BF16_STEP. Weights lie in panels of 16 channels: (channels / 16, depth / 2, 16, 2);
// channels are rounded up to a multiple of 16; what is padded is zero.

enum { CK_BF16_STEP = 8, CK_BF16_PANEL = 16 };

/// Elements of an activation row: inputs rounded up to a multiple of CK_BF16_STEP.
long ck_bf16_depth(long inputs);
/// Elements of the panels of `channels` × `inputs`.
long ck_bf16_panel_elements(long channels, long inputs);

/// The right-hand side of a product; the memory belongs to the caller. Panels aligned to 64 bytes are fastest.
typedef struct {
  uint16_t *panels;  ///< ck_bf16_panel_elements(channels, inputs)
  float *bias;       ///< `channels` rounded up to a multiple of 16
  long channels, inputs;
} ck_bf16_weights;

/// Rounds w: (rows, inputs), rows `ldw` floats apart, to nearest (ties to even) into channels first ..< first + rows of
/// `out`, whose memory was zeroed before. `bias` null: zero. Returns the first row that holds what is NaN or infinite as
/// bf16 (the work ends there), or -1. Runs on any CPU.
long ck_bf16_pack(const float *w, long ldw, long rows, const float *_Nullable bias, long first, ck_bf16_weights *out);

/// Rounds `count` elements in the same way. Returns the index of the first that is NaN or infinite as bf16, or -1. Runs on
/// any CPU.
long ck_bf16_table(const float *x, long count, uint16_t *out);

typedef enum { CK_BF16_LINEAR, CK_BF16_GELU, CK_BF16_RELU } ck_bf16_activation;

typedef struct {
  /// Rows of f32 to bf16, to nearest, ties to even; subnormals become zero. x: (rows, inputs), rows `ldx` floats apart; out:
  /// (rows, depth), rows `ldo` elements apart.
  void (*round_rows)(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo);

  /// y = x·wᵀ + bias for channels first ..< first + count (first a multiple of 16), or residual + (x·wᵀ + bias). y,
  /// residual: (rows, count) of f32, rows `ldy` and `ldr` floats apart. `residual` may be y.
  void (*product)(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                  const float *_Nullable residual, long ldr, float *y, long ldy);

  /// The same with an activation, rounded to bf16. out: (rows, depth of `count`), rows `ldo` elements apart. GELU is the
  /// exact (erf) form to a relative 2e-4, where rounding loses up to 4e-3.
  void (*product_rows)(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                       ck_bf16_activation activation, uint16_t *out, long ldo);

  /// x[i] = LayerNorm(words[ids[i]] + positions[i]), x: (count, dim), and the same rounded to bf16; otherwise as `embed` of
  /// ck_kernels.
  long (*embed)(const int32_t *ids, long count, long dim, const uint16_t *words, long vocabulary, const float *positions,
                const float *gamma, const float *beta, float epsilon, float *x, uint16_t *out, long ldo);

  /// x = LayerNorm(x), x: (rows, dim), contiguous, and the same rounded to bf16.
  void (*norm)(float *x, long rows, long dim, const float *gamma, const float *beta, float epsilon, uint16_t *out,
               long ldo);

  /// Self-attention of one sequence for the queries `first` ..< `first` + `count` of it. `states`: (length, 3 · heads ·
  /// head_dim), rows `lds` elements apart: queries, keys, values. Their context is written into those rows of out: (length,
  /// depth of heads · head_dim), rows `ldo` elements apart. The scale 1/√head_dim is expected to be in the queries. `scratch`,
  /// aligned to 64 bytes, has ck_bf16_attention_scratch(length, head_dim) bytes.
  void (*attention)(const uint16_t *states, long lds, long length, long heads, long head_dim, long first, long count,
                    uint16_t *out, long ldo, void *scratch);
} ck_bf16_kernels;

/// Bytes of scratch memory that `attention` needs, for up to `length` tokens.
long ck_bf16_attention_scratch(long length, long head_dim);

/// The bf16 kernels of one instruction set, which must be supported here; null where it has none.
const ck_bf16_kernels *_Nullable ck_bf16_kernels_for(ck_path path);

#pragma clang assume_nonnull end

#endif
