"""The sweep: six views, both oracles, the operator and its adjoint, on many random geometries, bit for bit.

    python -m tests.sweep 200000        # as long as you like; prints how many geometries of each kind agreed

The test suite runs the first 20,000 in tests/test_sweep.py.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

import deconvs as dc
from deconvs.run.reference import gather, scatter

from .cases import KINDS, Case, cases

CHUNK = 1000
"""Geometries of one chunk; the chunk's number is its seed, and every chunk must contain every kind."""


def check_chunk(number: int, count: int = CHUNK) -> Counter[str]:
    """Check ``count`` geometries; returns how many there were of each kind."""
    found: Counter[str] = Counter()
    for case in cases(number, count):
        check(case)
        found.update(case.kinds())
    return found


def check(case: Case) -> None:
    """All ways to compute the case agree with both definitions, at both sizes, with one Plan object per view."""
    plans = [case.geometry.plan(view) for view in dc.VIEWS]
    operator = case.geometry.prepare(case.weight, case.bias)
    for x in case.inputs:
        expected = np.stack([by_definition(scatter, case, image) for image in x])
        again = np.stack([by_definition(gather, case, image) for image in x])
        _same("the two oracles", case, expected, again)
        _same("output_size", case, np.array(expected.shape[2:]), np.array(case.geometry.output_size(x.shape[2:])))
        with_bias = expected + case.bias.reshape(-1, *(1,) * case.geometry.ndim)
        for plan in plans:
            _same(plan.view, case, with_bias, plan.run(x, case.weight, case.bias))
            costs = plan.at(x.shape[2:], channels=(case.c_in, case.c_out), batch=len(x))
            assert costs.shapes[-1] == expected.shape, (case, plan.view)
            assert costs.wasted_macs >= 0, (case, plan.view)
        _same("the prepared operator", case, with_bias, operator(x))
        _check_adjoint(case, x, expected)


def _check_adjoint(case: Case, x: NDArray[np.int64], y: NDArray[np.int64]) -> None:
    """<C u, x> = <u, Cᵀ x> for a u of its own, C being the convolution with the same weights."""
    if 0 in y.shape[2:]:
        return  # C would read from nothing; Cᵀ x is empty, which the caller has checked
    g = case.geometry
    u = (np.arange(y.size).reshape(y.shape) * 7919 % 23) - 11
    back = dc.conv(u, case.weight, stride=g.stride, padding=g.crop, dilation=g.dilation, groups=g.groups)
    _same("the adjoint's size", case, np.array(back.shape), np.array(x.shape))
    _same("adjointness", case, np.array((back * x).sum()), np.array((u * y).sum()))


def by_definition(oracle: Callable[..., dict[tuple[int, ...], float]], case: Case, image: NDArray[np.int64]):
    """One image without bias by an oracle of run/reference.py, as an array."""
    g = case.geometry
    x, w = ({index: int(value) for index, value in np.ndenumerate(a)} for a in (image, case.weight))
    y = oracle(x, w, stride=g.stride, dilation=g.dilation, crop=g.crop, groups=g.groups)
    size = [
        (n - 1) * s + d * (k - 1) + 1 - b - e
        for n, k, s, d, (b, e) in zip(image.shape[1:], g.kernel_size, g.stride, g.dilation, g.crop, strict=True)
    ]
    shape = (case.c_out, *size)
    assert set(y) == set(product(*map(range, shape)))
    result = np.empty(shape, dtype=np.int64)
    for index, value in y.items():
        result[index] = value
    return result


def _same(what: str, case: Case, expected: NDArray[np.int64], found: NDArray[np.int64]) -> None:
    if not np.array_equal(expected, found):
        raise AssertionError(
            f"{what} disagrees for {case.geometry} on input {case.inputs[0].shape}:\n{expected}\n{found}"
        )


def main(total: int) -> None:
    """Check ``total`` geometries in chunks and print the count of each kind."""
    from rich.progress import track

    found: Counter[str] = Counter()
    chunks = -(-total // CHUNK)
    for number in track(range(chunks), description="geometries"):
        found += check_chunk(number, min(CHUNK, total - number * CHUNK))
    missing = [kind for kind in KINDS if not found[kind]]
    for kind in KINDS:
        print(f"{found[kind]:>9,}  {kind}")
    if missing:
        raise SystemExit(f"the generator made no {', '.join(missing)}")
    print(f"{total:>9,}  geometries: six views, two oracles, the operator and its adjoint agree bit for bit")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
