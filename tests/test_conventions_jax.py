"""The words of JAX and Flax against jax.lax.conv_transpose and flax.nnx.ConvTranspose."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import Refusal, layout, read, write

from .frameworks import flax as flax_driver
from .frameworks import jax as jax_driver
from .frameworks.compare import check_writing, completed, integers, refuses, same_as_read, same_as_written, same_values
from .frameworks.known import jax_goes_wrong, xla_may_abort
from .frameworks.parameters import flax_parameters, jax_parameters

CASES = {"jax": 300, "flax": 200}


@pytest.mark.parametrize("name", ["jax", "flax"])
def test_read(name: str) -> None:
    run = {"jax": jax_driver.run, "flax": flax_driver.run}[name]
    rng, values, kinds = random.Random(0), np.random.default_rng(0), Counter[str]()
    tried = known_wrong = 0
    while tried < CASES[name]:
        ndim = rng.choice((1, 1, 2, 3))
        params, size = (jax_parameters if name == "jax" else flax_parameters)(rng, ndim)
        try:
            geometry = read(name, params, size)
        except dc.GeometryError:  # a negative size, of which JAX makes an empty output
            kinds["refused"] += 1
            continue
        if jax_goes_wrong(geometry):
            known_wrong += 1
            continue
        tried += 1
        same_values(name, run, params, geometry, size, values)
        padding = params["padding"]
        word = padding if isinstance(padding, str) else "integers" if isinstance(padding, int) else "pairs"
        kinds[word] += 1
        kinds[f"{word}, transposed kernel"] += params["transpose_kernel"]
        kinds[f"{word}, kernel < stride"] += any(a.span < a.stride for a in geometry.axes)
        kinds[f"{word}, even"] += any(a.span % 2 == 0 for a in geometry.axes)
        kinds[f"{word}, dilation"] += max(geometry.dilation) > 1
        if name == "jax":
            kinds[f"{word}, consistent"] += params["use_consistent_padding"]
        if word == "pairs":
            kinds["a negative pad"] += any(min(pair) < 0 for pair in padding if isinstance(pair, tuple))
    assert known_wrong < CASES[name] // 20
    assert len(kinds) == (20 if name == "jax" else 22), kinds
    assert min(kinds.values()) >= 5, kinds


@pytest.mark.parametrize("name", ["jax", "flax"])
def test_write(name: str) -> None:
    counts = check_writing(name, {"jax": jax_driver.run, "flax": flax_driver.run}[name], (1, 2, 3), 100)
    assert counts["refused"] >= counts["groups"]


def test_what_is_refused_is_refused_by_jax() -> None:
    words: dict[str, Any] = {"kernel_size": (3,), "strides": (2,), "padding": "VALID"}
    for more in ({"feature_group_count": 2}, {"padding": "same"}, {"padding": ((-12, 4),)}, {"padding": "FULL"}):
        refuses(jax_driver.run, {**words, **more}, (1, 1, 4), (3, 1, 1))
        with pytest.raises(dc.GeometryError):
            read("jax", {**words, **more}, (4,))
    # Cutting more than the input is said, and computed: only the bias is left.
    deep = dc.ConvTranspose((3,), stride=2, padding=((-9, 14),))
    assert same_as_written("jax", jax_driver.run, deep, (4,), np.random.default_rng(0))
    grouped = write("jax", dc.ConvTranspose((3,), groups=2), (4,))
    assert str(grouped) == "jax has no feature_group_count in conv_transpose"
    refuses(jax_driver.run, {**words}, (1, 2, 4), (3, 1, 1))
    four = {"kernel_size": (1,) * 4, "strides": (1,) * 4, "padding": "VALID"}
    refuses(jax_driver.run, four, (1, 1, 2, 2, 2, 2), (1,) * 6)
    assert str(write("jax", dc.ConvTranspose((1,) * 4), (2,) * 4)) == (
        "jax has default dimension_numbers for 1 to 3 axes, not 4"
    )


def test_what_is_refused_is_refused_by_flax() -> None:
    for words in ({"feature_group_count": 2}, {"padding": "same"}, {"padding": "CAUSAL"}):
        refuses(flax_driver.run, {"kernel_size": (3,), "strides": 2, **words}, (1, 1, 4), (3, 1, 1))
        with pytest.raises(dc.GeometryError):
            read("flax", {"kernel_size": (3,), "strides": 2, **words}, (4,))
    x, weight = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 4), np.array([1, 10, 100], np.float32).reshape(3, 1, 1)
    circular = flax_driver.run({"kernel_size": (3,), "strides": 2, "padding": "CIRCULAR"}, x, weight)
    # The last output but one wraps around to the first: no crop of the full output has both.
    full = dc.conv_transpose(x, weight[::-1].reshape(1, 1, 3), stride=2)
    assert circular.shape == (1, 1, 8)
    assert not any(np.array_equal(circular, full[:, :, b : b + 8]) for b in range(2))
    with pytest.raises(dc.GeometryError, match="CIRCULAR wraps the output around"):
        read("flax", {"kernel_size": 3, "strides": 2, "padding": "CIRCULAR"}, (4,))


def test_empty_outputs() -> None:
    values = np.random.default_rng(0)
    params: dict[str, Any] = {"kernel_size": (1,), "strides": (1,), "padding": ((-1, -1),)}
    assert same_as_read("jax", jax_driver.run, params, (2,), values).output_size(2) == (0,)


def test_negative_lows_below_positive_highs_go_wrong_on_cpus() -> None:
    """openxla/xla issue 48713: numbers from beyond the input. What deconvs writes instead is right."""
    values = np.random.default_rng(0)
    x, weight = integers(values, 1, 8, 6), integers(values, 8, 8, 1)
    geometry = dc.ConvTranspose((1,), padding=((2, -1),))
    ours = geometry.prepare(weight)(x)
    asked: dict[str, Any] = {"kernel_size": (1,), "strides": (1,), "padding": ((-2, 1),)}
    assert read("jax", asked, (6,)) == geometry
    theirs = jax_driver.run(asked, x, layout("jax", 1).from_canonical(weight))
    assert theirs.shape == ours.shape
    assert not np.array_equal(theirs, ours)
    for name, run in (("jax", jax_driver.run), ("flax", flax_driver.run)):
        made = write(name, geometry, (6,))
        assert isinstance(made, Refusal)
        assert "its issue 48713" in made.reason
        assert made.nearest is not None
        assert (made.nearest.params["padding"], made.nearest.crop) == (((0, 1),), ((2, 0),))
        assert np.array_equal(completed(name, run, made, x, weight), ours)


def test_some_convolutions_of_three_axes_end_the_process() -> None:
    """Asked for as the direct form would pad. What deconvs writes instead runs, and is right."""
    values = np.random.default_rng(0)
    for kernel, stride, crop, size in (
        ((3, 2, 3), (2, 2, 2), ((0, 0), (1, 1), (2, 2)), (4, 3, 2)),
        ((2, 2, 2), (1, 2, 1), ((-1, -1), (1, 1), (-1, -1)), (3, 3, 1)),
        ((4, 2, 2), (3, 2, 1), ((1, 1), (1, 1), (-1, -1)), (3, 4, 1)),
    ):
        geometry = dc.ConvTranspose(kernel, stride, crop)
        assert xla_may_abort(geometry)
        pads = tuple(axis.direct().pad for axis in geometry.axes)
        code = (
            f"import numpy as np; from jax import lax; lax.conv_transpose(np.ones((1, *{size}, 1), np.float32),"
            f" np.ones((*{kernel}, 1, 1), np.float32), {stride}, {pads})"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
        assert result.returncode < 0
        assert "Window dimensions do not match RHS shape" in result.stderr
        for name, run in (("jax", jax_driver.run), ("flax", flax_driver.run)):
            assert not same_as_written(name, run, geometry, size, values)
