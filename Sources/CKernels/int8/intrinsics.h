// The instructions by name, and the functions that may use them. With CK_EMULATED they come from SIMDe, which runs them on
// any CPU (scripts/kernels-emulated).
#include "../include/int8.h"

#include <string.h>
#if defined(CK_EMULATED)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define _mm256_dpbusd_avx_epi32 simde_mm256_dpbusd_epi32  // the same under its older name
#undef _mm512_madd_epi16  // whose alias has other arguments in SIMDe 0.7.4
#define _mm512_madd_epi16 simde_mm512_madd_epi16
#elif defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/// What lies between these two is compiled for the features named.
#if defined(CK_EMULATED)
#define BEGIN_TARGET(features)
#define END_TARGET
#else
#define PRAGMA(text) _Pragma(#text)
#define BEGIN_TARGET(features) PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define END_TARGET PRAGMA(clang attribute pop)
#endif

/// Keeps the compiler from adding up in another order, which takes more registers than there are. x86-64 only.
#if defined(CK_EMULATED)
#define keep_in_register(vector)
#else
#define keep_in_register(vector) __asm__("" : "+v"(vector))
#endif
