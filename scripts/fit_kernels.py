#!/usr/bin/env python3
"""The polynomials of Sources/CKernels/body/vector.h: weighted minimax fits, by Lawson's iteratively reweighted least squares.

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
