// Functions whose results are rounded to bf16, which loses up to one part in 256. These lose two in 10,000 at most, with
// polynomials from scripts/fit_kernels.py.

/// scale · 2^x, to a relative 1e-4. `scale` is a constant.
INLINE lanes scaled_power_of_two(const float scale, lanes x) {
  const lanes n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const lanes r = x - n;
  lanes p = splat(0x1.c2a216p-5f * scale);
  p = fma16(p, r, splat(0x1.f00c4cp-3f * scale));
  p = fma16(p, r, splat(0x1.62f5fap-1f * scale));
  p = fma16(p, r, splat(scale));
  return _mm512_scalef_ps(p, n);
}

/// GELU in the form of `gelu16`, max(x, 0) - |x|·e(|x|), with e(a) = 2^(-1 - a·g(a)) to a relative 2e-4 (g has degree 5), so that
/// small results are as good as large ones. Beyond 6.5, where e < 4.1e-11, e is taken as 0; infinities become NaN.
INLINE lanes gelu_to_round(lanes x) {
  const lanes a = abs16(x);
  const __mmask16 near = _mm512_cmp_ps_mask(a, splat(6.5f), _CMP_NGT_UQ);  // NaN is near
  lanes g = splat(0x1.59040cp-16f);
  g = fma16(g, a, splat(-0x1.2bab5ap-11f));
  g = fma16(g, a, splat(0x1.c842b6p-8f));
  g = fma16(g, a, splat(-0x1.9e6a42p-5f));
  g = fma16(g, a, splat(-0x1.d8f246p-2f));
  g = fma16(g, a, splat(-0x1.266caep+0f));
  const lanes e = _mm512_maskz_mov_ps(near, scaled_power_of_two(0.5f, a * g));
  return _mm512_fnmadd_ps(a, e, _mm512_max_ps(x, _mm512_setzero_ps()));
}
