"""Every kernel under every instruction set equals the oracle bit for bit on random geometries with integer data."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from deconvs.run.reference import scatter

from .cases import KINDS, Case, cases
from .native_cases import FEWER, ISAS, KERNELS, NEEDS_CORE, Array, assert_same, prepared, scattered
from .sweep import by_definition

pytestmark = NEEDS_CORE

COUNT = 150 // FEWER
BY_BOTH = 30
"""Cases that the package's own oracle, which is slow, computes too."""


@lru_cache(maxsize=1)
def expected() -> list[tuple[Case, list[Array]]]:
    """Cases with data so small that nothing is rounded in float32 either, and the oracle's results."""
    found = []
    for number, case in enumerate(cases(4, COUNT)):
        small = Case(
            case.geometry,
            case.c_in,
            case.c_out,
            tuple(x * 7 % 17 - 8 for x in case.inputs),
            case.weight * 5 % 13 - 6,
            case.bias,
        )
        results = []
        for x in small.inputs:
            results.append(scattered(small.geometry, x, small.weight, small.bias))
            if number < BY_BOTH:
                y = np.stack([by_definition(scatter, small, image) for image in x])
                y = y + small.bias.reshape(-1, *(1,) * small.geometry.ndim)
                assert_same(results[-1], y, case.geometry)
        found.append((small, results))
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("isa", ISAS)
def test_equal_to_the_oracle_bit_for_bit(isa: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At both sizes, by one operator, into memory that held NaN."""
    monkeypatch.setenv("DECONVS_ISA", isa)
    kinds: Counter[str] = Counter()
    computed: Counter[str] = Counter()
    for case, results in expected():
        kinds.update(case.kinds())
        for kernel in KERNELS:
            op = prepared(case.geometry, case.weight.astype(dtype), case.bias.astype(dtype), kernel)
            if op is None:
                continue
            for x, y in zip(case.inputs, results, strict=True):
                out = np.full(y.shape, np.nan, dtype)
                op(x.astype(dtype), out=out)
                assert_same(out, y, (isa, dtype, kernel, case.geometry, x.shape))
                assert_same(op(x.astype(dtype)), y, (isa, dtype, kernel, case.geometry, x.shape))
                choice = op.choose(x.shape)
                assert y.size == 0 or choice.kernel == kernel
            computed[kernel] += 1
    assert computed["phase"] == computed["union"] == COUNT
    assert computed["toom"] >= COUNT // 50
    if FEWER == 1:
        assert not [kind for kind in KINDS if not kinds[kind]]
