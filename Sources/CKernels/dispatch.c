// Which instruction sets there are, and the kernels of each.
#include "include/kernels.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

extern const ck_kernels ck_kernels_portable;
#if defined(__x86_64__)
extern const ck_kernels ck_kernels_avx2, ck_kernels_avx512;
#endif

int ck_cpu_features(void) {
  int features = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) features |= CK_FEATURE_AVX2;
  if (__builtin_cpu_supports("fma")) features |= CK_FEATURE_FMA;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    features |= CK_FEATURE_AVX512;
  if (__builtin_cpu_supports("avx512vnni")) features |= CK_FEATURE_AVX512_VNNI;
  if (__builtin_cpu_supports("avxvnni")) features |= CK_FEATURE_AVX_VNNI;
  if (__builtin_cpu_supports("avx512bf16")) features |= CK_FEATURE_AVX512_BF16;
#elif defined(__aarch64__)
  features |= CK_FEATURE_NEON;
#if defined(__linux__)
  if (getauxval(AT_HWCAP) & 1 << 20) features |= CK_FEATURE_NEON_DOT;  // HWCAP_ASIMDDP
#elif defined(__APPLE__)
  features |= CK_FEATURE_NEON_DOT;  // every arm64 Mac
#endif
#endif
  return features;
}

/// The features that a path needs, all of them; -1 if it is not compiled for this architecture.
static int features_needed(ck_path path) {
  switch (path) {
    case CK_PORTABLE: return 0;
#if defined(__x86_64__)
    case CK_AVX2: return CK_FEATURE_AVX2 | CK_FEATURE_FMA;
    case CK_AVX_VNNI: return features_needed(CK_AVX2) | CK_FEATURE_AVX_VNNI;
    case CK_AVX512: return features_needed(CK_AVX2) | CK_FEATURE_AVX512;
    case CK_AVX512_VNNI: return features_needed(CK_AVX512) | CK_FEATURE_AVX512_VNNI;
    case CK_AVX512_BF16: return features_needed(CK_AVX512_VNNI) | CK_FEATURE_AVX512_BF16;
#elif defined(__aarch64__)
    case CK_NEON_DOT: return CK_FEATURE_NEON | CK_FEATURE_NEON_DOT;
#endif
    default: return -1;
  }
}

bool ck_path_supported(ck_path path) {
  const int needed = features_needed(path);
  return needed >= 0 && (ck_cpu_features() & needed) == needed;
}

const ck_kernels *ck_kernels_for(ck_path path) {
  switch (path) {
#if defined(__x86_64__)
    case CK_AVX512:
    case CK_AVX512_VNNI:
    case CK_AVX512_BF16: return &ck_kernels_avx512;
    case CK_AVX2:
    case CK_AVX_VNNI: return &ck_kernels_avx2;
#endif
    default: return &ck_kernels_portable;
  }
}

long ck_attention_scratch(long length, long head_dim) {
  const long padded_length = (length + 63) / 64 * 64, padded_dim = (head_dim + 15) / 16 * 16;
  return padded_length * head_dim + length * padded_dim + 48 * (padded_dim + padded_length);
}
