#ifndef CKERNELS_BF16_H
#define CKERNELS_BF16_H

#include "kernels.h"

#pragma clang assume_nonnull begin

// Matrix products of bf16 activations and weights with f32 sums, for CPUs with AVX-512 BF16 only.
//
// Each element is one chain of `vdpbf16ps` over pairs of inputs, ascending: a row's bits depend on that row alone, but
// how the instruction rounds within a pair is the CPU's business.
//
// Weights lie in panels of 16 channels: (channels / 16, depth / 2, 16, 2). Depth is the number of inputs rounded up to a
// multiple of CK_BF16_STEP; channels are rounded up to a multiple of 16; what is padded is zero.

enum { CK_BF16_STEP = 8, CK_BF16_PANEL = 16 };

/// Whether this CPU and operating system run these kernels.
bool ck_bf16_supported(void);

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

/// Rows of f32 to bf16, to nearest, ties to even; subnormals become zero. x: (rows, inputs), rows `ldx` floats apart; out:
/// (rows, depth), rows `ldo` elements apart, zero past `inputs`. Must be supported here.
void ck_bf16_round_rows(const float *x, long ldx, long rows, long inputs, uint16_t *out, long ldo);

/// y = x·wᵀ + bias for channels first ..< first + count (first a multiple of 16), or residual + (x·wᵀ + bias). x: (rows,
/// depth), rows `ldx` elements apart; y, residual: (rows, count), rows `ldy` and `ldr` floats apart. `residual` may be y.
/// Must be supported here.
void ck_bf16_product(const uint16_t *x, long ldx, long rows, const ck_bf16_weights *w, long first, long count,
                     const float *_Nullable residual, long ldr, float *y, long ldy);

#pragma clang assume_nonnull end

#endif
