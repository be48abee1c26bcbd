"""A framework that is said to have no words for a crop has none: all its parameters are tried, in the framework itself.

The kernel, stride and dilation are the geometry's; everything else that the framework takes is run through, and none of
it computes the layer. Refusals for groups, dilation and axes are shown in tests/test_conventions_*.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import Refusal, layout, write

from .convert_fuzz import DRIVERS
from .frameworks.compare import Array, integers

CASES = {"torch": 60, "keras": 40, "tensorflow": 40, "onnx": 25, "tflite": 40}


@pytest.mark.parametrize("framework", CASES)
def test_no_parameters_say_what_is_refused(framework: str) -> None:
    rng, values = random.Random(framework), np.random.default_rng(len(framework))
    refused = written = 0
    while refused < CASES[framework]:
        geometry, size = one_axis(rng, two=framework in ("tensorflow", "tflite"))
        said = write(framework, geometry, size)
        x = integers(values, 1, 2, *size)
        weight = integers(values, 2, 1, *geometry.kernel_size)
        wanted = geometry.prepare(weight)(x)
        if len(np.unique(wanted)) < wanted.size / 2:
            continue  # an output that says little: other layers might compute it by chance
        found = any(
            computes(framework, params, x, layout(framework, geometry.ndim).from_canonical(weight), wanted)
            for params in everything(framework, geometry, size)
        )
        assert found == (not isinstance(said, Refusal)), (geometry, size, said)
        refused += not found
        written += found
    assert written >= CASES[framework] // 4, (written, refused)


def one_axis(rng: random.Random, two: bool) -> tuple[dc.ConvTranspose, tuple[int, ...]]:
    """A geometry of one axis; for functions of two axes the other one does nothing."""
    n, k, s = rng.randint(2, 4), rng.randint(1, 4), rng.randint(1, 3)
    axis = dc.Axis(k, s, 1)
    crop = rng.choice(((rng.randint(-1, k), rng.randint(-1, k)), (rng.randint(0, 1),) * 2, (0, -rng.randint(0, s - 1))))
    if axis.full(n) - sum(crop) < 2:
        return one_axis(rng, two)
    if two:
        return dc.ConvTranspose((k, 1), (s, 1), (crop, (0, 0))), (n, 3)
    return dc.ConvTranspose((k,), s, (crop,)), (n,)


def computes(framework: str, params: dict[str, Any], x: Array, weight: Array, wanted: Array) -> bool:
    try:
        y = DRIVERS[framework](params, x, weight)
    except Exception:  # the framework refuses these
        return False
    return y.shape == wanted.shape and np.array_equal(y, wanted)


def everything(framework: str, g: dc.ConvTranspose, size: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """All that a framework takes beside the kernel and the stride, with what cannot have the right size left out."""
    output, full, s = g.output_size(size), g.axes[0].full(size[0]), g.stride[0]
    extras = range(s + 1)
    if framework == "torch":
        yield from (
            {"kernel_size": g.kernel_size, "stride": s, "padding": p, "output_padding": op}
            for p in range(full)
            for op in extras
            if full - 2 * p + op == output[0]
        )
    elif framework == "keras":
        for padding in ("valid", "same"):
            yield from (
                {"kernel_size": g.kernel_size, "strides": s, "padding": padding, "output_padding": op}
                for op in (None, *extras)
            )
    elif framework == "onnx":
        common = {"kernel_shape": list(g.kernel_size), "strides": [s]}
        for op in extras:
            for pad in ("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"):
                yield {**common, "auto_pad": pad, "output_padding": [op]}
                yield {**common, "auto_pad": pad, "output_padding": [op], "output_shape": list(output)}
            for begin in range(-2, full):
                yield {**common, "pads": [begin, full + op - output[0] - begin], "output_padding": [op]}
    elif framework == "tensorflow":
        common = {"kernel_size": g.kernel_size, "strides": g.stride, "output_shape": output}
        yield from ({**common, "padding": padding} for padding in ("SAME", "VALID"))
        for begin in range(-2, full + 1):
            for end in range(-2, full + 1):
                yield {**common, "padding": [[0, 0], [begin, end], [0, 0], [0, 0]]}
    else:
        common = {"kernel_size": g.kernel_size, "stride_h": s, "stride_w": 1, "output_shape": output}
        # Of an output that no convolution takes back the two kernels make different things: test_conventions_tflite.py.
        taken = {"SAME": -(-output[0] // s), "VALID": -(-(output[0] - g.kernel_size[0] + 1) // s)}
        yield from ({**common, "padding": padding} for padding, back in taken.items() if back == size[0])
