// Loops that do nothing but multiply and add in registers: the instruction peak of a core, per path.
#include <immintrin.h>
#include <stdint.h>

enum { PEAK_ROUNDS = 20000 };

#define PEAK(NAME, TARGET, VECTOR, COUNT, ZERO, STEP)                           \
  __attribute__((target(TARGET), noinline)) static double NAME(void) {          \
    VECTOR sum[COUNT], a = ZERO, b = ZERO;                                      \
    for (int i = 0; i < COUNT; i++) sum[i] = ZERO;                              \
    __asm__ volatile("" : "+v"(a), "+v"(b));                                    \
    for (int n = 0; n < PEAK_ROUNDS; n++) {                                     \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < COUNT; i++) {      \
        __asm__ volatile("" : "+v"(a)); /* keeps the product in the loop */     \
        STEP;                                                                   \
        __asm__ volatile("" : "+v"(sum[i]));                                    \
      }                                                                         \
    }                                                                           \
    return (double)PEAK_ROUNDS * COUNT;                                         \
  }

// Operations of one step: a multiplication and an addition per pair.
PEAK(peak_avx512_vnni, "avx512f,avx512vnni", __m512i, 24, _mm512_setzero_si512(),
     sum[i] = _mm512_dpbusd_epi32(sum[i], a, b))
PEAK(peak_avx512, "avx512f,avx512bw", __m512i, 24, _mm512_setzero_si512(),
     __m512i product = _mm512_madd_epi16(a, b);
     sum[i] = _mm512_add_epi32(sum[i], product))
PEAK(peak_avx_vnni, "avx2,avxvnni", __m256i, 12, _mm256_setzero_si256(), sum[i] = _mm256_dpbusd_avx_epi32(sum[i], a, b))
PEAK(peak_avx2, "avx2", __m256i, 12, _mm256_setzero_si256(), __m256i product = _mm256_madd_epi16(a, b);
     sum[i] = _mm256_add_epi32(sum[i], product))
PEAK(peak_bf16, "avx512f,avx512bf16", __m512, 24, _mm512_setzero_ps(),
     sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)a, (__m512bh)b))
