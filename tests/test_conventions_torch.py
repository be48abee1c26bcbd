"""PyTorch's words against PyTorch's own layers."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np

import deconvs as dc
from deconvs.conventions import Refusal, write

from .frameworks import torch as driver
from .frameworks.compare import check_writing, refuses, refuses_or_is_empty, same_as_read
from .frameworks.parameters import torch_parameters

CASES = 300


def test_read() -> None:
    rng, values, kinds = random.Random(0), np.random.default_rng(0), Counter[str]()
    tried = 0
    while tried < CASES:
        ndim = rng.randint(1, 3)
        params, size = torch_parameters(rng, ndim)
        try:
            geometry = same_as_read("torch", driver.run, params, size, values)
        except dc.GeometryError:
            refuses_or_is_empty(
                driver.run, params, (1, 6, *size), (6, 1, *np.broadcast_to(params["kernel_size"], ndim))
            )
            kinds["refused by both"] += 1
            continue
        tried += 1
        kinds["bare integers"] += isinstance(params["kernel_size"], int)
        kinds["groups"] += geometry.groups > 1
        kinds["dilation"] += max(geometry.dilation) > 1
        kinds["output_padding"] += np.max(params["output_padding"]) > 0
        kinds["padding"] += np.max(params["padding"]) > 0
        kinds["kernel < stride"] += any(k < s for k, s in zip(geometry.kernel_size, geometry.stride, strict=True))
    assert len(kinds) == 7
    assert min(kinds.values()) >= 20, kinds


def test_write() -> None:
    counts = check_writing("torch", driver.run, (1, 2, 3), 150)
    assert counts["refused"] > 100
    assert counts["written"] > 200


def test_what_is_refused_is_refused_by_pytorch() -> None:
    same = dc.ConvTranspose((3,), stride=2, padding=((0, 1),))
    refusal = write("torch", same, (7,))
    assert isinstance(refusal, Refusal)
    assert refusal.nearest is not None
    assert refusal.nearest.crop == ((0, 1),)
    for words in ({"padding": (0, 1)}, {"padding": -1}, {"output_padding": -1}, {"output_padding": 2}):
        refuses(driver.run, {"kernel_size": 3, "stride": 2, **words}, (1, 1, 7), (1, 1, 3))
    empty = dc.ConvTranspose((1,), padding=((1, 1),))
    assert str(write("torch", empty, (2,))).startswith("the output is empty")
    refuses(driver.run, {"kernel_size": 1, "padding": 1}, (1, 1, 2), (1, 1, 1))
    assert write("torch", dc.ConvTranspose((1,) * 4), (2,) * 4) == Refusal(
        "torch has ConvTranspose1d, 2d and 3d: kernel_size cannot have 4 axes"
    )


def test_the_nearest_leaves_as_little_as_possible() -> None:
    for crop, padding, extra, left in (
        ((3, 0), 1, 1, (2, 0)),
        ((1, 3), 1, 0, (0, 2)),
        ((-2, 1), 0, 0, (-2, 1)),
        ((-1, -3), 0, 1, (-1, -2)),
    ):
        refusal = write("torch", dc.ConvTranspose((5,), stride=2, padding=(crop,)), (4,))
        assert isinstance(refusal, Refusal)
        assert refusal.nearest is not None
        said = refusal.nearest.params
        assert (said["padding"], said["output_padding"], refusal.nearest.crop) == ((padding,), (extra,), (left,))
