"""Geometries: spellings, sizes, coverage, pairs."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

import deconvs as dc

from .cases import cases


def test_spellings_of_the_same_geometry_are_equal() -> None:
    g = dc.ConvTranspose((3, 3), (2, 2), ((1, 0), (1, 0)))
    for other in (
        dc.ConvTranspose(3, 2, 1, 1, ndim=2),
        dc.ConvTranspose([3, 3], stride=[2, 2], padding=[1, 1], output_padding=(1, 1)),
        dc.ConvTranspose(np.array([3, 3]), np.int64(2), padding=(1, (1, 1)), output_padding=1, dilation=1, groups=1),
    ):
        assert other == g
        assert hash(other) == hash(g)
    assert g != dc.ConvTranspose((3, 3), 2)
    assert g != dc.Conv((3, 3), 2, ((1, 0), (1, 0)))
    assert (g.kernel_size, g.stride, g.dilation, g.groups, g.crop, g.ndim) == (
        (3, 3), (2, 2), (1, 1), 1, ((1, 0), (1, 0)), 2,
    )  # fmt: skip


def test_geometries_are_frozen() -> None:
    g = dc.ConvTranspose((3,))
    with pytest.raises(AttributeError):
        g.groups = 2  # type: ignore[misc]


def test_repr_is_code_that_makes_the_same_geometry() -> None:
    for case in cases(4, 500):
        g = case.geometry
        assert eval(repr(g), {"ConvTranspose": dc.ConvTranspose}) == g
        assert eval(repr(g.adjoint()), {"Conv": dc.Conv}) == g.adjoint()
        assert pickle.loads(pickle.dumps(g)) == copy.deepcopy(g) == g
    assert repr(dc.ConvTranspose(3, 2, 1, 1, ndim=2, groups=4)) == (
        "ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1), groups=4)"
    )


def test_output_sizes() -> None:
    assert dc.ConvTranspose((4, 4), 2, 1).output_size((8, 6)) == (16, 12)
    assert dc.ConvTranspose((4, 4), 2, 1).output_size(8) == (16, 16)
    assert dc.ConvTranspose((3,), padding=((2, 1),)).output_size(1) == (0,)
    assert dc.ConvTranspose((3,), stride=2**40).output_size((2**20,)) == (2**60 - 2**40 + 3,)
    assert dc.Conv(3, 2, 1, ndim=2).output_size((6, 7)) == (3, 4)


def test_coverage_counts_products() -> None:
    """Uneven overlap, even overlap, and the holes that dilation makes."""
    assert dc.ConvTranspose((3,), 2, 1, 1).coverage(5).tolist() == [1, 2, 1, 2, 1, 2, 1, 2, 1, 1]
    assert dc.ConvTranspose((4,), 2, 1).coverage(5).tolist() == [1, 2, 2, 2, 2, 2, 2, 2, 2, 1]
    assert dc.ConvTranspose((3,), 2, dilation=2).coverage(5).tolist() == [1, 0, 2, 0, 3, 0, 3, 0, 3, 0, 2, 0, 1]
    for case in cases(8, 200):
        g, n = case.geometry, case.inputs[0].shape[2:]
        ones = dc.ConvTranspose(g.kernel_size, g.stride, g.crop, 0, g.dilation)
        x, w = np.ones((1, *n), np.int64), np.ones((1, 1, *g.kernel_size), np.int64)
        coverage = g.coverage(n)
        assert coverage.dtype == np.int64
        assert np.array_equal(coverage, ones.plan("scatter").run(x, w)[0])


def test_adjoint_and_transpose_are_a_pair() -> None:
    for case in cases(9, 400):
        g, n = case.geometry, case.inputs[0].shape[2:]
        m = g.output_size(n)
        if min(m) == 0:
            continue
        assert g.adjoint().output_size(m) == n
        assert g.adjoint().transpose(m) == g
    assert dc.Conv(3, stride=2, padding=1, ndim=2).transpose(input_size=(6, 6)).output_size((3, 3)) == (6, 6)


def test_transpose_returns_to_every_input_size() -> None:
    for size in range(5, 40):
        for s in range(1, 6):
            g = dc.Conv((3,), s, 1, 2).transpose(size)
            assert g.output_size(dc.Conv((3,), s, 1, 2).output_size(size)) == (size,)


@pytest.mark.parametrize("value", [dc.ConvTranspose((3,)), dc.Conv((3,)), dc.Axis(3)])
@pytest.mark.parametrize("name", ["padding", "stride", "axes", "strides"])
def test_geometries_are_frozen_misspelt_names_too(value: Any, name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, 5)


def test_any_iterable_gives_one_value_per_axis() -> None:
    g = dc.ConvTranspose((k for k in (3, 4)), iter([2, 1]), padding=(p for p in (1, 0)))
    assert g == dc.ConvTranspose((3, 4), (2, 1), (1, 0))
    assert dc.ConvTranspose((k for k in (3, 4)), ndim=2).kernel_size == (3, 4)


def test_an_axis_reads_integers_as_geometries_do() -> None:
    axis = dc.Axis(np.int64(3), np.int8(2), 1, [np.int64(1), 0])  # type: ignore[arg-type]
    assert axis == dc.Axis(3, 2, 1, (1, 0))
    assert [type(value) for value in (axis.kernel_size, axis.stride, *axis.crop)] == [int] * 4
