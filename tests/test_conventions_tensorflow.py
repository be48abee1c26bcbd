"""TensorFlow's words against tf.nn.convNd_transpose."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import Refusal, read, write

from .frameworks import tensorflow as driver
from .frameworks.compare import check_writing, refuses, same_as_read
from .frameworks.parameters import tensorflow_parameters

CASES = 600


def test_read() -> None:
    rng, values, kinds = random.Random(0), np.random.default_rng(0), Counter[str]()
    tried = 0
    while tried < CASES:
        ndim = rng.choice((1, 2, 2, 3))
        params, size = tensorflow_parameters(rng, ndim)
        groups = params.get("groups", 1)
        try:
            geometry = read("tensorflow", params, size)
        except dc.GeometryError:
            if not _one_position(params, size):
                refuses(driver.run, params, (1, groups, *size), (*params["kernel_size"], 1, groups))
                kinds["refused by both"] += 1
            continue
        tried += 1
        same_as_read("tensorflow", driver.run, params, size, values)
        padding = params["padding"] if isinstance(params["padding"], str) else "explicit"
        kinds[padding] += 1
        kinds[f"{padding}, even"] += any(k % 2 == 0 for k in geometry.kernel_size)
        kinds[f"{padding}, odd"] += any(k % 2 for k in geometry.kernel_size)
        kinds[f"{padding}, span < stride"] += any(a.span < a.stride for a in geometry.axes)
        kinds[f"{padding}, not n*s"] += any(
            m != n * s for m, n, s in zip(params["output_shape"], size, geometry.stride, strict=True)
        )
        if padding != "explicit":
            kinds[f"{padding}, groups"] += groups > 1
            kinds[f"{padding}, dilation"] += max(geometry.dilation) > 1
    assert len(kinds) == 20
    assert min(kinds.values()) >= 15, kinds


def _one_position(params: dict[str, Any], size: tuple[int, ...]) -> bool:
    """An input of one position gives any output shorter than the kernel under VALID: TensorFlow does not check it."""
    return params["padding"] == "VALID" and 1 in size


def test_write() -> None:
    counts = check_writing("tensorflow", driver.run, (1, 2, 3), 150)
    assert counts["refused"] > 100
    assert counts["written"] > 100


def test_lists_with_batch_and_channels() -> None:
    values = np.random.default_rng(0)
    params = {"kernel_size": (3, 2), "strides": [1, 2, 1, 1], "output_shape": (8, 4), "dilations": [1, 1, 2, 1]}
    assert same_as_read("tensorflow", driver.run, params, (4, 4), values).crop == ((0, 1), (1, 1))
    full = {"kernel_size": 3, "strides": 2, "output_shape": (5, 8, 7)}
    assert read("tensorflow", full, (4,)) == read("tensorflow", {**full, "output_shape": [8]}, (4,))
    first = {**full, "output_shape": (5, 7, 8), "data_format": "NCW"}
    assert read("tensorflow", first, (4,)) == read("tensorflow", full, (4,))


def test_one_position_takes_an_output_that_no_longer_input_takes() -> None:
    """Kernel 4, stride 2, VALID: n positions give 2n + 2 or one more. One gives 3 as well, shorter than the kernel."""
    words = {"kernel_size": 4, "strides": 2, "padding": "VALID"}
    weight = np.arange(1, 5, dtype=np.float32).reshape(4, 1, 1)
    for n, taken in ((1, (3, 4, 5)), (2, (6, 7)), (3, (8, 9))):
        x = np.ones((1, 1, n), np.float32)
        for output in range(1, 12):
            asked = {**words, "output_shape": [output]}
            if output in taken:
                assert driver.run(asked, x, weight).shape == (1, 1, output)
            else:
                refuses(driver.run, asked, x.shape, weight.shape)
    with pytest.raises(dc.GeometryError, match=r"input 1 with padding='VALID' gives 4 to 5, not 3"):
        read("tensorflow", {**words, "output_shape": [3]}, (1,))


def test_what_is_refused_is_refused_by_tensorflow() -> None:
    for ndim, crop, words in (
        (1, (1, 0), {"padding": [[0, 0], [1, 0], [0, 0]], "output_shape": [8]}),
        (3, (1, 0), {"padding": [[0, 0], [1, 0], [1, 0], [1, 0], [0, 0]], "output_shape": [8] * 3}),
        (2, (0, -2), {"padding": "VALID", "output_shape": [11] * 2}),
        (2, (0, 4), {"padding": "SAME", "output_shape": [5] * 2}),
    ):
        refusal = write("tensorflow", dc.ConvTranspose((3,) * ndim, 2, (crop,) * ndim), (4,) * ndim)
        if (ndim, crop) != (2, (0, 4)):  # explicit padding says this one
            assert isinstance(refusal, Refusal), refusal
        shapes = (1, 1, *(4,) * ndim), (*(3,) * ndim, 1, 1)
        refuses(driver.run, {"kernel_size": 3, "strides": 2, **words}, *shapes)
    explicit = {"kernel_size": 3, "strides": 2, "padding": [[0, 0], [1, 0], [1, 0], [0, 0]]}
    refuses(driver.run, {**explicit, "output_shape": [10] * 2, "dilations": 2}, (1, 1, 4, 4), (3, 3, 1, 1))
    refuses(driver.run, {**explicit, "output_shape": [8] * 2, "groups": 2}, (1, 2, 4, 4), (3, 3, 1, 2))
    for more in ({"dilation": 2}, {"groups": 2}):
        refusal = write("tensorflow", dc.ConvTranspose((3, 3), 2, ((1, 0), (1, 0)), **more), (4, 4))
        assert str(refusal).endswith("(explicit padding goes without dilations and groups)")
    refusal = write("tensorflow", dc.ConvTranspose((3,) * 3, 2, groups=2), (4,) * 3)
    assert str(refusal) == "filters of conv3d_transpose cannot have groups"
    whole = {"kernel_size": 3, "strides": 2, "padding": "VALID", "output_shape": [9] * 3, "groups": 2}
    refuses(driver.run, whole, (1, 2, 4, 4, 4), (3, 3, 3, 1, 2))
