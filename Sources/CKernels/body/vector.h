// Sixteen float lanes and what is done to them. Included once per instruction set (see portable.c, avx2.c, avx512.c);
// the compiler maps one `lanes` to one zmm, two ymm, four xmm or four NEON registers.
//
// Contraction is off: a product and a sum are fused exactly where `fma16` says so, on every instruction set.
#pragma clang fp contract(off)
// `lanes` never crosses a function boundary: everything that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#include <stdint.h>

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));

#define INLINE static inline __attribute__((always_inline))

INLINE lanes splat(float x) { return (lanes){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE ints splat_int(int32_t x) { return (ints){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
INLINE lanes fma16(lanes a, lanes b, lanes c) { return __builtin_elementwise_fma(a, b, c); }

INLINE lanes load(const float *p) {
  lanes v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
INLINE void store(float *p, lanes v) { __builtin_memcpy(p, &v, sizeof v); }

/// The first `count` (1 ... 15) lanes from memory, the others zero.
INLINE lanes load_first(const float *p, long count) {
  lanes v = splat(0);
  for (long i = 0; i < count; i++) v[i] = p[i];
  return v;
}
INLINE void store_first(float *p, lanes v, long count) {
  for (long i = 0; i < count; i++) p[i] = v[i];
}
INLINE lanes load_up_to(const float *p, long count) { return count >= LANES ? load(p) : load_first(p, count); }
INLINE void store_up_to(float *p, lanes v, long count) {
  if (count >= LANES) store(p, v); else store_first(p, v, count);
}

/// mask ? a : b, lane by lane; a mask lane is all ones or zero.
INLINE lanes select16(ints mask, lanes a, lanes b) { return (lanes)((mask & (ints)a) | (~mask & (ints)b)); }
/// Keeps the lanes below `count`, zeroes the others.
INLINE lanes keep_first(lanes v, long count) {
  const ints index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return (lanes)((ints)v & (index < splat_int((int32_t)count)));
}
INLINE lanes max16(lanes a, lanes b) { return select16(a > b, a, b); }
INLINE lanes abs16(lanes a) { return (lanes)((ints)a & splat_int(0x7fffffff)); }

/// Folds in halves: lane i with i + 8, then with i + 4, i + 2, i + 1.
INLINE float sum16(lanes v) {
  v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return v[0] + v[1];
}
INLINE float largest16(lanes v) {
  v = max16(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = max16(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = max16(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return v[0] > v[1] ? v[0] : v[1];
}

/// 2^(n + r) · 2^(bias - 127), n integral as float bits offset by ROUND (see below), r in [-0.5, 0.5].
/// The polynomial is the degree 6 minimax fit of 2^r on that interval (error 1.9e-9), computed by scripts/fit_kernels.py.
/// The power of two is applied as a factor, not to the exponent bits, so that NaN stays NaN.
#define ROUND 12582912.0f  // 1.5 · 2^23: adding it rounds to the nearest integer, in the low bits
INLINE lanes exp2_parts(lanes rounded, lanes r, int32_t bias) {
  lanes p = splat(0x1.4499p-13f);
  p = fma16(p, r, splat(0x1.5f48c6p-10f));
  p = fma16(p, r, splat(0x1.3b2996p-7f));
  p = fma16(p, r, splat(0x1.c6aeccp-5f));
  p = fma16(p, r, splat(0x1.ebfbe2p-3f));
  p = fma16(p, r, splat(0x1.62e43p-1f));
  p = fma16(p, r, splat(1));
  const ints n = (ints)rounded - splat_int(0x4b400000);
  return p * (lanes)((n + splat_int(bias)) << 23);
}

/// eˣ for x <= 0; zero below -87 (eˣ < 1.7e-38). Largest error 2 ulp (KernelTests).
INLINE lanes exp16(lanes x) {
  const ints tiny = x < splat(-87);
  x = select16(tiny, splat(-87), x);
  const lanes rounded = fma16(x, splat(0x1.715476p+0f), splat(ROUND));  // log2(e), high part
  const lanes n = rounded - splat(ROUND);
  lanes r = fma16(x, splat(0x1.715476p+0f), -n);
  r = fma16(x, splat(0x1.4ae0cp-26f), r);  // log2(e), low part
  return (lanes)(~tiny & (ints)exp2_parts(rounded, r, 127));
}

/// Exact GELU, x·Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2, without the cancellation of 1 + erf:
/// with e(a) = Φ(-a) = erfc(a/√2) / 2, x·Φ(x) = max(x, 0) - |x|·e(|x|).
/// e(a) = 2^(-1 - a·g(a)); g is the degree 10 weighted minimax fit of -log2(erfc(a/√2)) / a on [0, 6.5]
/// (scripts/fit_kernels.py). Beyond 6.5, where e < 4.1e-11, e is taken as 0.
INLINE lanes gelu16(lanes x) {
  const lanes magnitude = abs16(x);
  const ints far = magnitude > splat(6.5f);
  const lanes a = select16(far, splat(6.5f), magnitude);
  lanes g = splat(-0x1.83ad2p-29f);
  g = fma16(g, a, splat(0x1.c35dbep-24f));
  g = fma16(g, a, splat(-0x1.cf641p-20f));
  g = fma16(g, a, splat(0x1.12875ep-16f));
  g = fma16(g, a, splat(-0x1.947ca8p-14f));
  g = fma16(g, a, splat(0x1.5466c8p-12f));
  g = fma16(g, a, splat(-0x1.fa6172p-15f));
  g = fma16(g, a, splat(-0x1.c448a6p-8f));
  g = fma16(g, a, splat(0x1.ad7564p-5f));
  g = fma16(g, a, splat(0x1.d63e9cp-2f));
  g = fma16(g, a, splat(0x1.26aec4p+0f));
  const lanes exponent = -a * g;
  const lanes rounded = exponent + splat(ROUND);
  const lanes r = exponent - (rounded - splat(ROUND));
  const lanes e = (lanes)(~far & (ints)exp2_parts(rounded, r, 126));
  return fma16(-magnitude, e, max16(x, splat(0)));
}
