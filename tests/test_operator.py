"""dc.matrix against dense matrices written element by element."""

from __future__ import annotations

import tracemalloc
from itertools import product
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc

from .cases import cases


def dense(g: dc.ConvTranspose, n: tuple[int, ...], w: NDArray[Any]) -> NDArray[Any]:
    """Cᵀ by searching all inputs, taps and outputs."""
    c_in, per_group = w.shape[:2]
    m = g.output_size(n)
    result = np.zeros((per_group * g.groups, *m, c_in, *n), dtype=w.dtype)
    for i, j in product(product(*map(range, n)), product(*map(range, g.kernel_size))):
        o = tuple(a * s + t * d - b for a, s, t, d, (b, _) in zip(i, g.stride, j, g.dilation, g.crop, strict=True))
        if all(0 <= p < size for p, size in zip(o, m, strict=True)):
            for c, within in product(range(c_in), range(per_group)):
                result[(c // (c_in // g.groups) * per_group + within, *o, c, *i)] += w[(c, within, *j)]
    return result.reshape(per_group * g.groups * int(np.prod(m)), c_in * int(np.prod(n)))


def test_equal_to_the_dense_matrix_with_channels_and_groups() -> None:
    for case in cases(5, 300):
        n = case.inputs[0].shape[2:]
        expected = dense(case.geometry, n, case.weight)
        found = dc.matrix(case.geometry, n, case.weight)
        assert type(found).__name__ == "csr_array"
        assert found.dtype == np.int64
        assert np.array_equal(found.toarray(), expected), case.geometry
        m = case.geometry.output_size(n)
        if min(m) > 0:
            C = dc.matrix(case.geometry.adjoint(), m, case.weight)
            assert type(C).__name__ == "csr_array"
            assert np.array_equal(C.toarray(), expected.T), case.geometry


def test_applying_it_is_the_operator() -> None:
    for case in cases(6, 100):
        x = case.inputs[0]
        Ct = dc.matrix(case.geometry, x.shape[2:], case.weight)
        y = case.geometry.prepare(case.weight)(x)
        assert np.array_equal((Ct @ x.reshape(len(x), -1).T).T, y.reshape(len(x), -1))


def test_stored_elements_are_the_useful_products_zero_weights_included() -> None:
    g = dc.ConvTranspose((4, 4), stride=2, padding=1)
    w = np.arange(144).reshape(3, 3, 4, 4)  # one of them is zero
    Ct = dc.matrix(g, (64, 64), w)
    assert Ct.shape == (3 * 128 * 128, 3 * 64 * 64)
    assert Ct.nnz == 9 * g.plan("scatter").at((64, 64)).useful_macs


@pytest.mark.parametrize(
    ("given", "stored"),
    [("int8", "int64"), ("uint8", "int64"), ("float32", "float32"), ("float64", "float64"), ("float16", "float32")],
)
def test_types(given: str, stored: str) -> None:
    assert dc.matrix(dc.ConvTranspose((2,)), 3, np.ones((1, 1, 2), given)).dtype == stored
    assert dc.matrix(dc.ConvTranspose((2,)), 3, np.ones((1, 1, 2), ml_dtypes.bfloat16)).dtype == np.float32


def test_an_empty_output_is_a_matrix_without_rows() -> None:
    g = dc.ConvTranspose((2,), padding=((2, 1),))
    assert dc.matrix(g, 2, np.ones((1, 1, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("g", "size", "channels"),
    [
        (dc.ConvTranspose((20000,)), 3, (1, 1)),
        (dc.ConvTranspose((4, 4), stride=2, padding=1), 64, (3, 3)),
        (dc.ConvTranspose((1, 1), stride=10), 60, (1, 2)),
        (dc.Conv((3, 3), stride=2), 300, (1, 1)),
    ],
)
@pytest.mark.parametrize("dtype", [np.int8, np.float32])
def test_no_more_memory_than_is_asked_for(
    g: dc.Conv | dc.ConvTranspose, size: int, channels: tuple[int, int], dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("deconvs.operator.require_bytes", lambda what, values, needed: asked.append(needed))
    weight = np.ones((*channels, *g.kernel_size), dtype=dtype)
    dc.matrix(g, size, weight)  # SciPy is loaded by now
    tracemalloc.start()
    dc.matrix(g, size, weight)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used <= asked[-1] + 2**16
