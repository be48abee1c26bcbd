"""Random parameters in each framework's own words, with an input size; most of them valid."""

from __future__ import annotations

import random
from typing import Any

import numpy as np


def torch_parameters(rng: random.Random, ndim: int) -> tuple[dict[str, object], tuple[int, ...]]:
    """Random ones, not all of them valid."""
    bare = rng.random() < 0.3

    def some(least: int, most: int) -> int | tuple[int, ...]:
        return rng.randint(least, most) if bare else tuple(rng.randint(least, most) for _ in range(ndim))

    params = {
        "kernel_size": some(1, 4),
        "stride": some(1, 4),
        "padding": some(0, 2),
        "output_padding": some(0, rng.choice((0, 1, 3))),
        "dilation": some(1, rng.choice((1, 3))),
        "groups": rng.choice((1, 1, 2, 3)),
    }
    return params, tuple(rng.randint(1, 4) for _ in range(ndim))


def keras_parameters(rng: random.Random, ndim: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Random ones, not all of them valid."""
    bare, dilated = rng.random() < 0.3, rng.random() < 0.3

    def some(least: int, most: int) -> int | tuple[int, ...]:
        return rng.randint(least, most) if bare else tuple(rng.randint(least, most) for _ in range(ndim))

    params: dict[str, Any] = {
        "kernel_size": some(1, 5 if ndim < 3 else 3),
        "strides": some(1, 1 if dilated and rng.random() < 0.9 else 4),
        "padding": rng.choice(("valid", "same")),
        "dilation_rate": some(1, 3 if dilated else 1),
    }
    if rng.random() < 0.5:
        params["output_padding"] = some(0, int(np.min(params["strides"])) - (rng.random() < 0.8))
    return params, tuple(rng.randint(1, 4) for _ in range(ndim))


def tensorflow_parameters(rng: random.Random, ndim: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Random ones, not all of them valid: sizes about those that fit."""
    size = tuple(rng.randint(1, 4) for _ in range(ndim))
    kernel = tuple(rng.randint(1, 4) for _ in range(ndim))
    strides = tuple(rng.randint(1, 4) for _ in range(ndim))
    explicit = ndim == 2 and rng.random() < 0.5
    plain = explicit and rng.random() < 0.9
    dilations = tuple(1 if plain else rng.randint(1, 2) for _ in range(ndim))
    pads = [[rng.randint(0, 2), rng.randint(0, 2)] for _ in range(ndim)]
    padding = rng.choice(("SAME", "VALID"))
    outputs = []
    for n, k, s, d, pair in zip(size, kernel, strides, dilations, pads, strict=True):
        if explicit:
            outputs.append(
                rng.randint(-1, s + 1 if rng.random() < 0.1 else s - 1) + 1 + (n - 1) * s + d * (k - 1) - sum(pair)
            )
        elif padding == "SAME":
            outputs.append(rng.randint((n - 1) * s, n * s) + (rng.random() < 0.9))
        else:
            outputs.append((n - 1) * s + d * (k - 1) + 1 + rng.randint(0, s if rng.random() < 0.1 else s - 1))
    params: dict[str, Any] = {
        "kernel_size": kernel,
        "strides": strides,
        "dilations": dilations,
        "output_shape": [max(1, output) for output in outputs],
        "padding": [[0, 0], *pads, [0, 0]] if explicit else padding,
    }
    if rng.random() < 0.3 and ndim < 3 and not plain:
        params["groups"] = 2
    return params, size


def onnx_parameters(rng: random.Random, ndim: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Random ones, not all of them valid."""
    size = tuple(rng.randint(1, 4) for _ in range(ndim))
    kernel = [rng.randint(1, 4) for _ in range(ndim)]
    strides = [rng.randint(1, 4) for _ in range(ndim)]
    dilations = [rng.randint(1, 2) for _ in range(ndim)]
    auto_pad = rng.choice(("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"))
    params: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": strides,
        "dilations": dilations,
        "group": rng.choice((1, 1, 2, 3)),
        "auto_pad": auto_pad,
        "output_padding": [rng.randint(0, rng.choice((0, s - 1, s))) for s in strides],
    }
    if auto_pad == "NOTSET" or rng.random() < 0.05:
        params["pads"] = [rng.randint(0, 2) for _ in range(2 * ndim)]
    if rng.random() < 0.5:
        fulls = [(n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)]
        params["output_shape"] = [max(1, full + rng.randint(-4, 2)) for full in fulls]
    return params, size


def tflite_parameters(rng: random.Random, ndim: int = 2) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Random ones, not all of them valid."""
    size, kernel, strides = (tuple(rng.randint(1, 4) for _ in range(2)) for _ in range(3))
    padding = rng.choice(("SAME", "VALID"))
    outputs = [
        (n - 1) * s + (1 if padding == "SAME" else k) + rng.randint(0, s if rng.random() < 0.1 else s - 1)
        for n, k, s in zip(size, kernel, strides, strict=True)
    ]
    return {
        "kernel_size": kernel,
        "stride_h": strides[0],
        "stride_w": strides[1],
        "padding": padding,
        "output_shape": outputs,
    }, size


def jax_parameters(rng: random.Random, ndim: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Random ones, nearly all of them valid."""
    size, kernel, strides = (tuple(rng.randint(1, most) for _ in range(ndim)) for most in (4, 4 if ndim < 3 else 2, 3))
    pairs = tuple((rng.randint(-1, 4), rng.randint(-1, 4)) for _ in range(ndim))
    return {
        "kernel_size": kernel,
        "strides": strides,
        "padding": rng.choice(("SAME", "VALID", pairs)),
        "rhs_dilation": rng.choice((None, tuple(rng.randint(1, 3) for _ in range(ndim)))),
        "transpose_kernel": rng.random() < 0.5,
        "use_consistent_padding": rng.random() < 0.5,
    }, size


def flax_parameters(rng: random.Random, ndim: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Random ones, nearly all of them valid."""
    own, size = jax_parameters(rng, ndim)
    mixed = tuple(rng.choice((pair, pair[0])) for pair in own["padding"]) if isinstance(own["padding"], tuple) else 2
    return {
        "kernel_size": own["kernel_size"],
        "strides": rng.choice((own["strides"], None, 2)),
        "padding": rng.choice((own["padding"], own["padding"], mixed, rng.randint(0, 3))),
        "kernel_dilation": own["rhs_dilation"],
        "transpose_kernel": own["transpose_kernel"],
    }, size


GENERATORS = {
    "torch": torch_parameters,
    "keras": keras_parameters,
    "tensorflow": tensorflow_parameters,
    "onnx": onnx_parameters,
    "jax": jax_parameters,
    "flax": flax_parameters,
    "tflite": tflite_parameters,
}
