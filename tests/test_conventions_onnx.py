"""ONNX's words against ONNX Runtime."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import Refusal, read, write

from .frameworks import onnx as driver
from .frameworks.compare import check_writing, refuses, refuses_or_is_empty, same_as_read, same_values
from .frameworks.parameters import onnx_parameters

CASES = 700


def test_read() -> None:
    rng, values, kinds = random.Random(0), np.random.default_rng(0), Counter[str]()
    tried = 0
    while tried < CASES:
        ndim = rng.choice((1, 1, 2, 3))
        params, size = onnx_parameters(rng, ndim)
        try:
            geometry = same_as_read("onnx", driver.run, params, size, values)
        except dc.GeometryError:
            group = params["group"]
            refuses_or_is_empty(driver.run, params, (1, 2 * group, *size), (2 * group, 1, *params["kernel_shape"]))
            kinds["refused by both"] += 1
            continue
        tried += 1
        kinds[f"{params['auto_pad']}{' with output_shape' if 'output_shape' in params else ''}"] += 1
        kinds["groups"] += geometry.groups > 1
        kinds["dilation"] += max(geometry.dilation) > 1
        kinds["output_padding"] += max(params["output_padding"]) > 0
        kinds["unequal pads"] += "pads" in params and params["pads"][0] != params["pads"][ndim]
        kinds["odd split"] += any((b + e) % 2 and b != e for b, e in geometry.crop)
        kinds["span < stride"] += any(a.span < a.stride for a in geometry.axes)
    assert len(kinds) == 15
    assert min(kinds.values()) >= 20, kinds


def test_write() -> None:
    counts = check_writing("onnx", driver.run, (1, 2, 3, 4), 150)
    assert counts["refused"] > 100
    assert counts["written"] > 300


def test_what_is_refused_is_refused_by_onnx_runtime() -> None:
    for crop in ((-1, 0), (0, -2)):
        refusal = write("onnx", dc.ConvTranspose((3,), stride=2, padding=(crop,)), (4,))
        assert isinstance(refusal, Refusal)
        assert refusal.reason.endswith(f"the crop {crop}")
    for words in ({"pads": [-1, 0]}, {"pads": [0, -2]}, {"output_padding": [2]}, {"output_padding": [-1]}):
        refuses(driver.run, {"kernel_shape": [3], "strides": [2], **words}, (1, 1, 4), (1, 1, 3))
        with pytest.raises(dc.GeometryError):
            read("onnx", {"kernel_shape": [3], "strides": [2], **words}, (4,))
    # Less than the dilation is not enough: PyTorch takes this one.
    wide = {"kernel_shape": [3], "strides": [1], "dilations": [2], "output_padding": [1]}
    refuses(driver.run, wide, (1, 1, 4), (1, 1, 3))
    assert not write("onnx", dc.ConvTranspose((3,), dilation=2, output_padding=1), (4,))


def test_same_without_room_returns_everything() -> None:
    """The specification says 4 * 3 = 12 outputs; ONNX Runtime returns the 10 that there are."""
    params = {"kernel_shape": [1], "strides": [3], "auto_pad": "SAME_UPPER"}
    assert same_as_read("onnx", driver.run, params, (4,), np.random.default_rng(0)).output_size(4) == (10,)


def test_pads_beside_output_shape_are_not_read() -> None:
    params = {"kernel_shape": [3], "strides": [2], "pads": [2, 0], "output_shape": [8]}
    geometry = read("onnx", params, (4,))
    assert geometry.crop == ((1, 0),)
    same_values("onnx", driver.run, params, geometry, (4,), np.random.default_rng(0))
