#ifndef CKERNELS_PEAK_H
#define CKERNELS_PEAK_H

#include "kernels.h"

#pragma clang assume_nonnull begin

// The instruction peak: what a core does if it multiplies and adds in registers and does nothing else. No kernel is faster,
// so it is the measure of how good one is.

typedef enum { CK_PEAK_F32, CK_PEAK_BF16, CK_PEAK_INT8 } ck_peak;

/// Runs such a loop once, for about a tenth of a millisecond, with the instructions that products of that kind use on `path`
/// (which must be supported here); bf16 is AVX-512 BF16 whatever the path. Returns how many operations that were, a
/// multiplication and an addition counted as two; 0 if that kind has no such instructions there.
double ck_peak_run(ck_peak kind, ck_path path);

#pragma clang assume_nonnull end

#endif
