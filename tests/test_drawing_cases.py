"""Geometries that the pictures are tested on: one and two axes, and every hard kind among them."""

from __future__ import annotations

from math import gcd

import deconvs as dc

CASES: list[tuple[dc.ConvTranspose, tuple[int, ...]]] = [
    (dc.ConvTranspose((3, 3)), (2, 2)),
    (dc.ConvTranspose((3, 3), stride=2), (2, 2)),
    (dc.ConvTranspose((3,), stride=2, dilation=2), (5,)),
    (dc.ConvTranspose((4,), stride=3, padding=((-2, 1),)), (3,)),
    (dc.ConvTranspose((2,), stride=4), (3,)),
    (dc.ConvTranspose((2,), stride=2, padding=((4, 0),)), (6,)),
    (dc.ConvTranspose((1,)), (1,)),
    (dc.ConvTranspose((3, 3), stride=2, padding=1, output_padding=1), (3, 2)),
    (dc.ConvTranspose((3, 3), stride=2, padding=((1, 0), (3, -1))), (3, 3)),
    (dc.ConvTranspose((2, 2), stride=2, padding=((3, 2), (0, 0))), (5, 2)),
    (dc.ConvTranspose((5, 4), stride=(3, 2)), (2, 3)),
    (dc.ConvTranspose((3, 2), stride=(2, 1), padding=((1, -1), (0, 0)), dilation=(1, 2)), (2, 2)),
    (dc.ConvTranspose((2, 3), stride=(1, 2), dilation=(3, 2), padding=((2, 0), (1, 2))), (3, 2)),
    (dc.ConvTranspose((1, 1)), (2, 2)),
    (dc.ConvTranspose((7, 7), padding=3), (5, 5)),
    (dc.ConvTranspose((3,), stride=2, padding=1, output_padding=1), (18,)),
]

IDS = [f"{g} of {n}" for g, n in CASES]


def test_the_hard_kinds_are_among_them() -> None:
    axes = [axis for g, _ in CASES for axis in g.axes]
    assert {g.ndim for g, _ in CASES} == {1, 2}
    assert any(axis.stride > axis.span for axis in axes)
    assert any(gcd(axis.stride, axis.dilation) > 1 for axis in axes)
    assert any(axis.crop[0] != axis.crop[1] for axis in axes)
    assert any(min(axis.crop) < 0 for axis in axes)
    assert any(max(axis.crop) > axis.span - 1 for axis in axes)
    assert any(len(set(g.stride)) > 1 for g, _ in CASES)
    assert any(len(set(n)) > 1 for _, n in CASES)
    assert any(0 in g.coverage(n) for g, n in CASES)
