#!/usr/bin/env python3
"""The polynomials of Sources/CKernels/body/vector.h, int8 and bf16: weighted minimax fits, by Lawson's iteratively reweighted least squares.

Prints each as C hexadecimal floats, constant term first, with its largest weighted error before rounding to f32.
Needs: pip install numpy mpmath
"""
import mpmath as mp
import numpy as np

mp.mp.dps = 40


def fit(f, low, high, degree, weight):
    nodes = 3000
    x = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * k + 1) / (2 * nodes)) for k in range(nodes)]
    points = np.array([float(v) for v in x])
    values = np.array([float(f(v)) for v in x])
    weights = np.array([float(weight(v)) for v in x])
    basis = np.polynomial.chebyshev.chebvander((2 * points - low - high) / (high - low), degree)
    lawson = np.ones(nodes)
    for _ in range(400):
        scale = np.sqrt(lawson) * weights
        coefficients, *_ = np.linalg.lstsq(basis * scale[:, None], values * scale, rcond=None)
        error = np.abs((basis @ coefficients - values) * weights)
        lawson *= error / error.max() + 1e-3
        lawson *= nodes / lawson.sum()
    chebyshev = np.polynomial.chebyshev.Chebyshev(coefficients, domain=[low, high])
    return chebyshev.convert(kind=np.polynomial.Polynomial).coef, error.max()


def report(name, result):
    coefficients, error = result
    print(f"{name}: error {error:.2g}")
    for c in coefficients:
        print("  ", float(np.float32(c)).hex())


# 2^r
report("exp2", fit(lambda r: mp.mpf(2) ** r, -0.5, 0.5, 6, lambda r: 1))

# g(a) = -log2(erfc(a / sqrt 2)) / a. An error of g becomes an error of erfc(a / sqrt 2) / 2 in proportion to a times that
# value: the absolute error of GELU's Φ counts, and a floor keeps the relative error small where Φ vanishes.
def g(a):
    return -mp.log(mp.erfc(a / mp.sqrt(2)), 2) / a if a > 1e-12 else mp.sqrt(2 / mp.pi) / mp.log(2)


report("gelu", fit(g, 0, 6.5, 10, lambda a: a * mp.erfc(a / mp.sqrt(2)) * mp.log(2) / 2 + mp.mpf("2e-3") * a / 6.5))

# The one of Sources/CKernels/bf16: the relative error of erfc(a / sqrt 2) / 2, also where it vanishes.
report("gelu to round", fit(g, 0, 6.5, 5, lambda a: a * mp.log(2)))

# The coarser ones of Sources/CKernels/int8, for what becomes 8 bits; bf16 has the same exp2.
# 2^r = 1 + r * p(r): relative error.
report("exp2 for codes", fit(
    lambda r: (mp.mpf(2) ** r - 1) / r if abs(r) > 1e-12 else mp.log(2), -0.5, 0.5, 2, lambda r: abs(r) / mp.mpf(2) ** r))
# log2(1 + f) = f + f * (1 - f) * p(f): absolute error, none at the ends.
report("log2 for codes, p", fit(
    lambda f: (mp.log(1 + f, 2) - f) / (f * (1 - f)), 1e-6, 1 - 1e-6, 1, lambda f: f * (1 - f)))
# erf(c / sqrt 2) / 2c over s = c^2 / 8 - 1, for c up to 4: the absolute error of GELU, c^2 times that.
report("gelu for codes", fit(
    lambda s: mp.erf(mp.sqrt(4 * s + 4)) / (2 * mp.sqrt(8 * s + 8)) if s > -1 + 1e-12 else 1 / mp.sqrt(2 * mp.pi),
    -1, 1, 7, lambda s: 8 * s + 8))
