// Loops of independent multiply-adds, as many as it takes to hide their latency.
#include "include/peak.h"

#include <stdint.h>

enum { ROUNDS = 20000 };

#if defined(__x86_64__)
#include <immintrin.h>
#define REGISTER "v"
#define TARGET(FEATURES) __attribute__((target(FEATURES), noinline))
#elif defined(__aarch64__)
#include <arm_neon.h>
#define REGISTER "w"
#define TARGET(FEATURES) __attribute__((target(FEATURES), noinline))
#endif

// OPERATIONS: of one step. The empty statements keep each product where it is: in the loop and in registers.
#define PEAK(NAME, FEATURES, VECTOR, COUNT, OPERATIONS, STEP)               \
  TARGET(FEATURES) static double NAME(void) {                               \
    VECTOR sum[COUNT] = {0}, a = {0}, b = {0};                              \
    __asm__ volatile("" : "+" REGISTER(a), "+" REGISTER(b));                \
    for (int n = 0; n < ROUNDS; n++) {                                      \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < COUNT; i++) {  \
        __asm__ volatile("" : "+" REGISTER(a));                             \
        STEP;                                                               \
        __asm__ volatile("" : "+" REGISTER(sum[i]));                        \
      }                                                                     \
    }                                                                       \
    return (double)ROUNDS * COUNT * OPERATIONS;                             \
  }

#if defined(__x86_64__)
PEAK(f32_avx512, "avx512f", __m512, 24, 32, sum[i] = _mm512_fmadd_ps(a, b, sum[i]))
PEAK(f32_avx2, "avx2,fma", __m256, 12, 16, sum[i] = _mm256_fmadd_ps(a, b, sum[i]))
PEAK(f32_sse2, "sse2", __m128, 12, 8, __m128 product = _mm_mul_ps(a, b); sum[i] = _mm_add_ps(sum[i], product))
PEAK(bf16_avx512, "avx512f,avx512bf16", __m512, 24, 64, sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)a, (__m512bh)b))
PEAK(int8_avx512_vnni, "avx512f,avx512vnni", __m512i, 24, 128, sum[i] = _mm512_dpbusd_epi32(sum[i], a, b))
PEAK(int8_avx512, "avx512f,avx512bw", __m512i, 24, 64, __m512i product = _mm512_madd_epi16(a, b);
     sum[i] = _mm512_add_epi32(sum[i], product))
PEAK(int8_avx_vnni, "avx2,avxvnni", __m256i, 12, 64, sum[i] = _mm256_dpbusd_avx_epi32(sum[i], a, b))
PEAK(int8_avx2, "avx2", __m256i, 12, 32, __m256i product = _mm256_madd_epi16(a, b);
     sum[i] = _mm256_add_epi32(sum[i], product))
#elif defined(__aarch64__)
PEAK(f32_neon, "neon", float32x4_t, 24, 8, sum[i] = vfmaq_f32(sum[i], a, b))
PEAK(int8_neon_dot, "dotprod", int32x4_t, 24, 32,
     sum[i] = vdotq_s32(sum[i], vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b)))
#endif

static double f32(ck_path path) {
  switch (path) {
#if defined(__x86_64__)
    case CK_AVX512:
    case CK_AVX512_VNNI:
    case CK_AVX512_BF16: return f32_avx512();
    case CK_AVX2:
    case CK_AVX_VNNI: return f32_avx2();
    default: return f32_sse2();
#elif defined(__aarch64__)
    default: return f32_neon();
#else
    default: return 0;
#endif
  }
}

static double int8(ck_path path) {
  switch (path) {
#if defined(__x86_64__)
    case CK_AVX512_BF16:
    case CK_AVX512_VNNI: return int8_avx512_vnni();
    case CK_AVX512: return int8_avx512();
    case CK_AVX_VNNI: return int8_avx_vnni();
    case CK_AVX2: return int8_avx2();
#elif defined(__aarch64__)
    case CK_NEON_DOT: return int8_neon_dot();
#endif
    default: return 0;
  }
}

double ck_peak_run(ck_peak kind, ck_path path) {
  switch (kind) {
    case CK_PEAK_F32: return f32(path);
    case CK_PEAK_INT8: return int8(path);
    case CK_PEAK_BF16:
#if defined(__x86_64__)
      if (ck_path_supported(CK_AVX512_BF16)) return bf16_avx512();
#endif
      return 0;
  }
  return 0;
}
