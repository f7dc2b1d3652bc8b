// The instructions by name. With CK_EMULATED they come from SIMDe, which runs them on any CPU (scripts/kernels-emulated).
#include "../include/int8.h"

#include <string.h>
#if defined(CK_EMULATED)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/// Keeps the compiler from adding up in another order, which takes more registers than there are. x86-64 only.
#if defined(CK_EMULATED)
#define keep_in_register(vector)
#else
#define keep_in_register(vector) __asm__("" : "+v"(vector))
#endif
