#ifndef CKERNELS_KERNELS_H
#define CKERNELS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Small fused f32 kernels. They allocate nothing, hold no state and do no I/O; the caller guarantees that every pointer
// covers the extent named beside it. Matrices are row-major; `ld…` is the distance between rows, in floats.
//
// One source (body/) is compiled once per instruction set. Every float operation has one defined order: fused
// multiply-add where a product is added, sums over 16 lanes that are folded in halves (lane i with i + 8, then 4, 2, 1).
// So each instruction set gives the same bits for the same input.

/// The instruction sets that the kernels are compiled for. Those with a byte dot product differ for int8 only, and
/// one has kernels for bf16.
typedef enum {
  CK_PORTABLE = 0,     ///< plain C; NEON on arm64
  CK_NEON_DOT,         ///< arm64 with the dot product instructions
  CK_AVX2,             ///< x86-64 with AVX2 and FMA
  CK_AVX_VNNI,         ///< the same with the 256-bit byte dot product
  CK_AVX512,           ///< x86-64 with AVX-512 F, DQ, BW, VL
  CK_AVX512_VNNI,      ///< the same with the 512-bit byte dot product
  CK_AVX512_BF16,      ///< the same with the dot product of bf16
} ck_path;

/// What becomes of a product's sums.
typedef enum {
  CK_SUM = 0,  ///< they stay as they are, without a bias
  CK_GELU,     ///< GELU(sum + bias), exact (erf) form
  CK_RELU,     ///< max(sum + bias, 0); NaN stays NaN
} ck_finish;

/// Channels of a panel of weights, and inputs whose products are summed up in one chain.
enum { CK_PANEL = 16, CK_TURN = 384 };

typedef struct {
  /// out[i] = LayerNorm(words[ids[i]] + positions[i]) for i < count; `positions` starts at the first token's position.
  /// Returns the index of the first id outside 0 ..< vocabulary (nothing after it is written), or -1.
  long (*embed)(const int32_t *ids, long count, long dim, const float *words, long vocabulary, const float *positions,
                const float *gamma, const float *beta, float epsilon, float *out);

  /// x = LayerNorm(x + bias), x: (rows, dim), contiguous. Population variance, as in PyTorch.
  void (*bias_layer_norm)(float *x, long rows, long dim, const float *bias, const float *gamma, const float *beta,
                          float epsilon);

  /// x = GELU(x + bias), exact (erf) form, x: (rows, columns), contiguous.
  void (*bias_gelu)(float *x, long rows, long columns, const float *bias);

  /// x = max(x + bias, 0), x: (rows, columns), contiguous. NaN stays NaN.
  void (*bias_relu)(float *x, long rows, long columns, const float *bias);

  /// y = x·wᵀ + bias, or y += x·wᵀ + bias. x: (rows, inputs), w: (outputs, inputs), y: (rows, outputs). `bias` may be null.
  /// Each output is one dot product over 16 lanes, so a row's bits depend on that row alone.
  void (*linear)(const float *x, long ldx, long rows, const float *w, long ldw, long outputs, long inputs,
                 const float *_Nullable bias, bool accumulate, float *y, long ldy);

  /// c = a·b. a: (rows, depth), b: (depth, columns), c: (rows, columns). Each element is one chain of fused
  /// multiply-adds over depth, ascending.
  void (*product)(const float *a, long lda, long rows, const float *b, long ldb, long depth, long columns, float *c,
                  long ldc);

  /// For the channels `first` ..< `first` + `count` of a linear layer: y = finish(x·wᵀ), or y = finish(y + x·wᵀ). x: (rows, inputs);
  /// y: (rows, count). `first` is a multiple of CK_PANEL. `panels`: w in panels of CK_PANEL channels, each (inputs, CK_PANEL), the last one
  /// filled up with zeroes; ck_pack_panels makes them. `bias` is `first`'s. For each CK_TURN inputs one chain of fused
  /// multiply-adds, ascending from 0, is added to y or to what was before. Null where the CPU has no fused multiply-add.
  void (*_Nullable panel_product)(const float *x, long ldx, long rows, const float *panels, long inputs, long first, long count,
                                  const float *bias, ck_finish finish, bool accumulate, float *y, long ldy);

  /// Each row of x: (rows, columns) becomes its softmax.
  void (*softmax)(float *x, long ldx, long rows, long columns);

  /// One head of self-attention over one sequence, for the queries `first` ..< `first` + `count` of it. q, k, v:
  /// (length, head_dim) with rows `stride` apart; those rows of q are overwritten with softmax((q + q_bias)·kᵀ)·v, the
  /// others are not looked at. The scale 1/√head_dim is expected to be folded into q and q_bias. `scratch` holds
  /// ck_attention_scratch(length, head_dim) floats.
  void (*attention)(float *q, const float *k, const float *v, long stride, long length, long head_dim,
                    const float *q_bias, long first, long count, float *scratch);
} ck_kernels;

/// The kernels of one instruction set. It must be supported here.
const ck_kernels *ck_kernels_for(ck_path path);

/// Whether this CPU and operating system run that instruction set.
bool ck_path_supported(ck_path path);

/// Floats of scratch memory that `attention` needs.
long ck_attention_scratch(long length, long head_dim);

/// Bits of ck_cpu_features.
enum {
  CK_FEATURE_AVX2 = 1,
  CK_FEATURE_FMA = 2,
  CK_FEATURE_AVX512 = 4,  ///< F, DQ, BW and VL
  CK_FEATURE_AVX512_VNNI = 8,
  CK_FEATURE_AVX512_BF16 = 16,
  CK_FEATURE_NEON = 32,
  CK_FEATURE_AVX_VNNI = 64,
  CK_FEATURE_NEON_DOT = 128,
};
int ck_cpu_features(void);

/// Element types of a checkpoint.
typedef enum { CK_F32, CK_F16, CK_BF16 } ck_type;

/// out = source · scale as f32, for `count` little-endian elements at any alignment. Returns the index of the first
/// element that is NaN or infinite (before or after scaling), or -1.
long ck_convert(const void *source, ck_type type, long count, float scale, float *out);

/// The same for a matrix (rows, columns), written transposed: out[c · ldo + r] = source[r · columns + c] · scale.
long ck_convert_transposed(const void *source, ck_type type, long rows, long columns, float scale, float *out, long ldo);

/// The same for rows `first` ..< `first` + `rows` of a linear layer's weights, (rows, inputs), written into its panels.
long ck_pack_panels(const void *source, ck_type type, long rows, long inputs, float scale, long first, float *panels);

/// A 64-bit checksum of bytes, continuing from `seed`; see hash.c for the algorithm. Not cryptographic.
uint64_t ck_hash(const void *bytes, long count, uint64_t seed);

/// SHA-1 of whole blocks of 64 bytes, continuing from `state` (5 words); see digest.c.
/// Git names blobs by it; it protects against no attacker.
void ck_sha1_blocks(uint32_t *state, const uint8_t *bytes, long blocks);

/// SHA-256 of whole blocks of 64 bytes, continuing from `state` (8 words).
void ck_sha256_blocks(uint32_t *state, const uint8_t *bytes, long blocks);

/// Tells the CPU that this thread waits in a loop for another one to write.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#pragma clang assume_nonnull end

#endif
