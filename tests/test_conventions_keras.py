"""Keras's words against Keras: here on TensorFlow, and in a process of its own on PyTorch."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import Refusal, read, write

from .frameworks import keras as driver
from .frameworks.compare import check_writing, refuses, same_as_read
from .frameworks.parameters import keras_parameters

CASES = 500


def test_read() -> None:
    check_reading("tensorflow")


def test_read_on_the_pytorch_backend(root: Path) -> None:
    code = "from tests.test_conventions_keras import check_reading; check_reading('torch')"
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr


def check_reading(backend: str) -> None:
    """Random parameters, read, against Keras itself."""
    rng, values, kinds = random.Random(0), np.random.default_rng(0), Counter[str]()
    tried = 0
    while tried < CASES:
        ndim = rng.choice((1, 1, 2, 3))
        params, size = keras_parameters(rng, ndim)
        shapes = (1, 1, *size), (*np.broadcast_to(params["kernel_size"], ndim), 1, 1)
        try:
            geometry = read("keras", params, size)
        except dc.GeometryError as error:
            if error.what != "the output would be empty":
                refuses(driver.run, params, *shapes)
                kinds["refused by both"] += 1
            continue
        extra = params.get("output_padding")
        same = params["padding"] == "same"
        if backend == "tensorflow" and same and extra is not None and _adds_nothing(geometry, extra):
            refuses(driver.run, params, *shapes)
            kinds["refused by this backend"] += 1
            continue
        tried += 1
        assert driver.keras().backend.backend() == backend
        same_as_read("keras", driver.run, params, size, values)
        kinds[f"{params['padding']}, {'default' if extra is None else 'output_padding'}"] += 1
        kinds[f"{params['padding']}, odd"] += any(k % 2 for k in geometry.kernel_size)
        kinds[f"{params['padding']}, even"] += any(k % 2 == 0 for k in geometry.kernel_size)
        kinds[f"{params['padding']}, kernel < stride"] += any(a.span < a.stride for a in geometry.axes)
        kinds["dilation"] += max(geometry.dilation) > 1
        kinds["unequal crop"] += any(b != e for b, e in geometry.crop)
    assert len(kinds) == (14 if backend == "tensorflow" else 13), kinds
    assert min(kinds.values()) >= 20, kinds


def _adds_nothing(geometry: dc.ConvTranspose, extra: Any) -> bool:
    extras = np.broadcast_to(extra, geometry.ndim)
    return any(op == 0 and a.span % 2 == 0 for a, op in zip(geometry.axes, extras, strict=True))


def test_write() -> None:
    counts = check_writing("keras", driver.run, (1, 2, 3), 150)
    assert counts["refused"] > 200
    assert counts["written"] > 60


def test_what_is_refused_is_refused_by_keras() -> None:
    both = dc.ConvTranspose((3,), stride=2, dilation=2)
    refusal = write("keras", both, (4,))
    assert isinstance(refusal, Refusal)
    assert refusal.nearest is not None
    assert (refusal.nearest.params["kernel_size"], refusal.nearest.dilation) == ((5,), (2,))
    refuses(driver.run, {"kernel_size": 3, "strides": 2, "dilation_rate": 2}, (1, 1, 4), (3, 1, 1))
    grouped = write("keras", dc.ConvTranspose((3,), groups=2), (4,))
    assert isinstance(grouped, Refusal)
    assert grouped.nearest is not None
    assert grouped.nearest.groups == 2
    refuses(driver.run, {"kernel_size": 3, "groups": 2}, (1, 2, 4), (3, 1, 1))
    refuses(driver.run, {"kernel_size": 3}, (1, 2, 4), (3, 1, 1))
    for words in ({"output_padding": 2}, {"padding": 1}, {"padding": ((1, 1),)}, {"padding": "full"}):
        refuses(driver.run, {"kernel_size": 3, "strides": 2, **words}, (1, 1, 4), (3, 1, 1))
    assert not write("keras", dc.ConvTranspose((3,), stride=2, padding=((1, 0),)), (4,))


def test_two_spellings_of_same_differ() -> None:
    """PyTorch's padding 1 is not "same": Keras crops (0, 1) there, a shift by one position."""
    geometry = read("keras", {"kernel_size": 3, "strides": 2, "padding": "same"}, (4,))
    assert geometry.crop == ((0, 1),)
    with pytest.raises(dc.GeometryError, match="strides and dilation_rate cannot both be above 1"):
        read("keras", {"kernel_size": 3, "strides": (1, 2), "dilation_rate": (2, 1)}, (4, 4))
    refuses(driver.run, {"kernel_size": 3, "strides": (1, 2), "dilation_rate": (2, 1)}, (1, 1, 4, 4), (3, 3, 1, 1))
