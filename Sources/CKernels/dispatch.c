// Which instruction sets there are, and the kernels of each.
#include "include/kernels.h"

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
  if (__builtin_cpu_supports("avx512bf16")) features |= CK_FEATURE_AVX512_BF16;
#elif defined(__aarch64__)
  features |= CK_FEATURE_NEON;
#endif
  return features;
}

bool ck_path_supported(ck_path path) {
  const int features = ck_cpu_features(), avx2 = CK_FEATURE_AVX2 | CK_FEATURE_FMA;
  switch (path) {
    case CK_PORTABLE: return true;
    case CK_AVX2: return (features & avx2) == avx2;
    case CK_AVX512: return (features & avx2) == avx2 && (features & CK_FEATURE_AVX512);
  }
  return false;
}

const ck_kernels *ck_kernels_for(ck_path path) {
#if defined(__x86_64__)
  if (path == CK_AVX512) return &ck_kernels_avx512;
  if (path == CK_AVX2) return &ck_kernels_avx2;
#endif
  (void)path;
  return &ck_kernels_portable;
}

long ck_attention_scratch(long length, long head_dim) {
  const long padded_length = (length + 63) / 64 * 64, padded_dim = (head_dim + 15) / 16 * 16;
  return padded_length * head_dim + length * padded_dim + 48 * (padded_dim + padded_length);
}
