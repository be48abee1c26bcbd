"""Deployment targets: every limit from both sides, and every stand-in equal by value and taken by its target."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import deconvs as dc
from deconvs.conventions import Refusal, layout, write
from deconvs.targets import TARGETS, Instead, Obstacle, Target, obstacles, takes, target
from deconvs.targets.target import ONE, ONE_OR_DEPTHWISE, UNEQUAL, WHOLE_SAME_OR_VALID

from .frameworks import onnx as onnx_driver
from .frameworks import tflite as tflite_driver
from .frameworks.compare import random_geometry

Array = NDArray[Any]
Sizes = tuple[int, ...]
T = dc.ConvTranspose

SEEN = 400
"""Random layers, each on every target."""


def test_every_target_says_where_it_is_known_from() -> None:
    assert len(TARGETS) == len(set(TARGETS)) == 19
    for name in TARGETS:
        known = target(name)
        assert known.name == name
        assert known.title
        assert ("unconfirmed" in known.evidence) == (not known.confirmed)
        assert known.evidence.startswith("tested here") or "." in known.evidence or not known.confirmed
        assert all(note.endswith(".") for note in known.notes)
    assert [name for name in TARGETS if not target(name).confirmed] == ["intel-npu", "rknn", "ascend"]
    assert [name for name in TARGETS if not target(name).operator] == ["k210", "gap8", "esp-dl"]


PLAIN = {1: T((2,), 2), 2: T((2, 2), 2), 3: T((2, 2, 2), 2)}

# target, field, a layer that keeps within the limit, one that does not, the reason; inputs of 8 along each axis.
LIMITS: list[tuple[str, str, dc.ConvTranspose, dc.ConvTranspose, str]] = [
    ("tensorrt", "axes", PLAIN[2], PLAIN[1], "kernel_size has 1 axis, only 2 or 3"),
    ("tensorrt", "output_padding", T((4, 4), 2, ((1, 0), (0, 1))), T((3, 3), 2, 0, 1), "output_padding is 1, only 0"),
    ("nvidia-dla", "axes", PLAIN[2], PLAIN[3], "kernel_size has 3 axes, only 2"),
    ("nvidia-dla", "dilation", T((3, 3)), T((3, 3), dilation=(1, 2)), "dilation is 2, only 1"),
    ("nvidia-dla", "groups", T((3, 3)), T((3, 3), groups=2), "groups is 2, only 1"),
    ("nvidia-dla", "padding", T((4, 4), 2), T((4, 4), 2, (0, 1)), "padding is 1, only 0"),
    ("nvidia-dla", "output_padding", T((4, 4), 2), T((4, 4), 2, 0, (1, 0)), "output_padding is 1, only 0"),
    ("coreml", "padding", T((4, 4), 2, 1), T((4, 4), 2, (1, 0)), "padding is (1, 0), only one number for all axes"),
    ("coreml", "output_padding", T((3, 3), 2, 1), T((3, 3), 2, 1, 1), "output_padding is 1, only 0"),
    ("coreml", "largest_stride", T((16,), 15), T((16,), 16), "stride is 16, only up to 15"),
    ("intel-npu", "axes", PLAIN[2], PLAIN[1], "kernel_size has 1 axis, only 2"),
    ("tflite", "axes", PLAIN[2], PLAIN[3], "kernel_size has 3 axes, only 2"),
    ("tflite", "dilation", T((3, 3), 2), T((3, 3), 2, dilation=2), "dilation is 2, only 1"),
    ("tflite", "groups", T((3, 3), 2), T((3, 3), 2, groups=3), "groups is 3, only 1"),
    ("tflite", "padding", T((3, 3), 2, ((0, 1), (0, 1))), T((3, 3), 2, 1, 1), "the crop is (1, 0), only those of SAME and VALID"),
    ("tflite", "padding", T((3, 3), 2, ((0, 0), (0, -1))), T((3, 3), 2, ((0, 1), (0, 0))), "the crops are (0, 1), (0, 0), only SAME on all axes or VALID on all"),
    ("xnnpack", "axes", PLAIN[1], PLAIN[3], "kernel_size has 3 axes, only 1 or 2"),
    ("xnnpack", "padding", T((4, 4), 2, (1, 0), 1), T((4, 4), 2, ((0, 1), (1, 1))), "padding is (0, 1), only the same before and after"),
    ("ethos-u", "axes", PLAIN[2], PLAIN[3], "kernel_size has 3 axes, only 2"),
    ("ethos-u", "dilation", T((3, 3), 1), T((3, 3), 1, dilation=2), "dilation is 2, only 1"),
    ("ethos-u", "groups", T((3, 3), 2), T((3, 3), 2, groups=2), "groups is 2, only 1"),
    ("ethos-u", "padding", T((3, 3), 2, ((0, 1), (0, 1))), T((3, 3), 2, ((0, -1), (0, 1))), "the crop is (0, -1), only those of SAME and VALID to n*s and n*s + max(k-s, 0) outputs"),
    ("ethos-u", "strides", T((3, 3)), T((3, 3), (2, 1)), "stride is (2, 1), only 1x1 or 2x2"),
    ("vitis-ai", "axes", PLAIN[2], PLAIN[1], "kernel_size has 1 axis, only 2"),
    ("vitis-ai", "groups", T((3, 3)), T((3, 3), groups=2), "groups is 2 for 4 channels, only 1 or one for every input channel"),
    ("vitis-ai", "output_padding", T((3, 3), 2, 1), T((3, 3), 2, 0, 1), "output_padding is 1, only 0"),
    ("vitis-ai", "largest_kernel", T((16, 1)), T((17, 1)), "kernel_size is 17, only up to 16"),
    ("vitis-ai", "largest_stride", T((16, 1), (16, 1)), T((16, 1), (17, 1)), "stride is 17, only up to 16"),
    ("qnn", "axes", PLAIN[1], PLAIN[3], "kernel_size has 3 axes, only 1 or 2"),
    ("qnn", "dilation", T((3, 3), 2, 1, 1), T((3, 3), 2, dilation=3), "dilation is 3, only 1"),
    ("rknn", "axes", PLAIN[2], PLAIN[3], "kernel_size has 3 axes, only 2"),
    ("onnxruntime", "axes", PLAIN[3], T((1,) * 5), "kernel_size has 5 axes, only 1, 2, 3 or 4"),
    ("webgpu", "axes", PLAIN[1], PLAIN[3], "kernel_size has 3 axes, only 1 or 2"),
    ("webnn", "axes", PLAIN[1], PLAIN[3], "kernel_size has 3 axes, only 1 or 2"),
    ("webnn", "dilation", T((3, 3)), T((3, 3), dilation=2), "dilation is 2, only 1"),
    ("webnn", "groups", T((3, 3)), T((3, 3), groups=2), "groups is 2, only 1"),
    ("tidl", "axes", PLAIN[2], PLAIN[3], "kernel_size has 3 axes, only 2"),
    ("tidl", "dilation", T((3, 3), 2), T((3, 3), 2, dilation=2), "dilation is 2, only 1"),
    ("tidl", "strides", T((4, 4), 2), T((4, 4), (2, 1)), "stride is (2, 1), only 2x2"),
    ("tidl", "kernels", T((4, 4), 2), T((4, 2), 2), "kernel_size is (4, 2), only 2x2, 3x3 or 4x4"),
    ("ascend", "axes", PLAIN[3], PLAIN[1], "kernel_size has 1 axis, only 2 or 3"),
    ("ascend", "dilation", T((3, 3), 1, 1), T((3, 3), 1, ((1, 1), (1, 1)), dilation=(1, 2)), "dilation is 2, only 1"),
    ("ascend", "groups", T((3, 3), 1, 1), T((3, 3), 1, 1, groups=2), "groups is 2 for 4 channels, only 1 or one for every input channel"),
    ("ascend", "padding", T((3, 3), 1, 1), T((3, 3), 1, ((0, 2), (1, 1))), "padding is (0, 2), only the same before and after"),
    ("ascend", "output_padding", T((4, 4), 2, 1), T((3, 3), 2, 1, 1), "output_padding is 1, only 0"),
    ("ascend", "largest_stride_product", T((15, 17), (15, 17)), T((16, 16), 16), "stride is 16, only products up to 255"),
    ("ascend", "covers_exactly", T((4, 4), 2, 1), T((5, 4), 2, 1), "kernel_size - stride - 2 * padding is 1, only 0"),
    ("nvdla", "axes", PLAIN[2], PLAIN[3], "kernel_size has 3 axes, only 2"),
    ("nvdla", "dilation", T((3, 3)), T((3, 3), dilation=2), "dilation is 2, only 1"),
    ("nvdla", "padding", T((4, 4), 2), T((4, 4), 2, ((1, 2), (0, 0))), "padding is (1, 2), only 0"),
    ("nvdla", "output_padding", T((4, 4), 2), T((4, 4), 2, 0, 1), "output_padding is 1, only 0"),
    ("nvdla", "largest_stride", T((32, 32), 32), T((33, 33), 33), "stride is 33, only up to 32"),
]  # fmt: skip

EVERYWHERE = {"name", "title", "evidence", "confirmed", "notes", "int8_group_multiple", "strides_of_a_row", "operator"}
"""Fields that say nothing about one layer, or are tested on their own below."""


@pytest.mark.parametrize(("name", "field", "within", "beyond", "reason"), LIMITS)
def test_limits_from_both_sides(name: str, field: str, within: T, beyond: T, reason: str) -> None:
    for g, expected in ((within, ()), (beyond, (reason,))):
        channels = (2 * g.groups, 4 * g.groups)
        found = obstacles(name, g, (8,) * g.ndim, channels=channels)
        assert tuple(obstacle.reason for obstacle in found) == expected, g
        assert takes(name, g, (8,) * g.ndim, channels=channels) == (not expected)
        parameter = field if field in ("dilation", "groups", "padding", "output_padding") else field[-7:]
        known = {"axes": "kernel_size", "_stride": "stride", "strides": "stride", "product": "stride"}
        assert {o.parameter for o in found} <= {known.get(parameter, "kernel_size"), parameter}


def test_every_limit_of_every_target_is_tested() -> None:
    limited = {
        (name, field.name)
        for name in TARGETS
        for field in fields(Target)
        if field.name not in EVERYWHERE and getattr(target(name), field.name) != field.default
    }
    assert limited == {(name, field) for name, field, *_ in LIMITS}


def test_what_is_limited_for_all() -> None:
    """No target adds positions at the beginning, or as many as the stride at the end."""
    for name in TARGETS:
        if target(name).operator and target(name).padding not in ("same or valid", WHOLE_SAME_OR_VALID):
            (first,) = obstacles(name, T((2, 2), 2, ((-1, 0), (0, 0))), 8)[:1]
            assert (first.parameter, first.reason) == ("padding", "padding is -1 at the beginning, only 0 or more") or (
                name == "coreml" and "one number" in first.reason
            )
        if target(name).operator and target(name).output_padding:
            assert not takes(name, T((2, 2), 2, ((0, -2), (0, 0))), 8)
    (obstacle,) = obstacles("xnnpack", T((2, 2), 2, ((0, -2), (0, 0))), 8)
    assert obstacle.reason == "output_padding is 2, only less than the stride 2"


def test_rows_on_ethos_u() -> None:
    assert takes("ethos-u", T((1, 3), (1, 2)), (1, 8))
    assert not takes("ethos-u", T((1, 3), (1, 2)), (2, 8))
    assert not takes("ethos-u", T((2, 3), (1, 2)), (1, 8))
    assert not takes("ethos-u", T((3, 1), (2, 1)), (8, 1))
    (obstacle,) = obstacles("ethos-u", T((4,), 2, 1), 8)
    assert (obstacle.layer, obstacle.instead.lifted) == (T((1, 4), (1, 2), (0, 1)), 1)


def test_depthwise_needs_the_channels() -> None:
    for name in TARGETS:
        if target(name).groups == ONE_OR_DEPTHWISE:
            assert takes(name, T((4, 4), 2, 1, groups=3), 8)  # one channel per group, unless said otherwise
            assert takes(name, T((4, 4), 2, 1, groups=3), 8, channels=(3, 9))
            assert not takes(name, T((4, 4), 2, 1, groups=3), 8, channels=(6, 3))
        if target(name).groups == ONE:
            assert not takes(name, T((4, 4), 2, groups=3), 8)


@pytest.mark.parametrize(("name", "language", "ndims"), [("tflite", "tflite", (1, 2, 3)), ("onnxruntime", "onnx", (1, 2, 3, 4))])  # fmt: skip
def test_the_tables_agree_with_the_frameworks_words(name: str, language: str, ndims: Sizes) -> None:
    """What is tested against the frameworks themselves in test_conventions_*.py."""
    rng, counts = random.Random(81), Counter[bool]()
    for _ in range(1500):
        g, n = random_geometry(rng, rng.choice(ndims))
        said = not isinstance(write(language, g, n), Refusal)
        assert takes(name, g, n) == said, (g, n)
        counts[said] += 1
    assert min(counts.values()) > 60, counts


def carried_out(name: str, g: dc.ConvTranspose, instead: Instead, x: Array, w: Array, bias: Array, run: Any) -> Array:
    """What an `Instead` says is to be done, step by step; ``run(layer, x, w, bias)`` is the layer itself."""
    assert instead.layer is not None
    parts = []
    channels = (w.shape[0] // instead.groups, w.shape[1] * g.groups // instead.groups)
    weights = instead.weights(w)
    assert len(weights) == instead.groups
    for part, weight, some in zip(np.split(x, instead.groups), weights, np.split(bias, instead.groups), strict=True):
        data = part.reshape(part.shape[0], *(1,) * instead.lifted, *part.shape[1:])
        if instead.pads is not None:
            data = np.pad(data, [(0, 0), *instead.pads])
        if instead.inserted is not None:
            apart = np.zeros((data.shape[0], *((n - 1) * (z + 1) + 1 for n, z in zip(data.shape[1:], instead.inserted, strict=True))), data.dtype)  # fmt: skip
            apart[(slice(None), *(slice(None, None, zeros + 1) for zeros in instead.inserted))] = data
            data = apart
        assert takes(name, instead.layer, data.shape[1:], channels=channels), (name, g, instead)
        y = run(instead.layer, data, weight, some)
        if instead.crop is not None:
            assert min(map(min, instead.crop)) >= 0
            y = y[(slice(None), *(slice(b, m - e) for (b, e), m in zip(instead.crop, y.shape[1:], strict=True)))]
        parts.append(y.reshape(y.shape[0], *y.shape[1 + instead.lifted :]))
    return np.concatenate(parts)


def here(layer: dc.ConvTranspose, x: Array, w: Array, bias: Array) -> Array:
    """In deconvs itself."""
    return np.asarray(layer.prepare(w, bias)(x))


def drawn(rng: random.Random, ndim: int, largest: int = 50) -> tuple[dc.ConvTranspose, Sizes, Array, Array, Array]:
    """A random layer with integers of both signs."""
    g, n = random_geometry(rng, ndim)
    per_in, per_out = rng.choice(((1, 1), (2, 1), (1, 2), (2, 3)))
    numbers = np.random.default_rng(rng.randrange(2**32))
    return g, n, *(
        numbers.integers(-largest, largest + 1, shape)
        for shape in ((g.groups * per_in, *n), (g.groups * per_in, per_out, *g.kernel_size), (g.groups * per_out,))
    )  # fmt: skip


def test_every_stand_in_is_taken_and_equal_by_value() -> None:
    rng, counts, parts = random.Random(82), Counter[str](), Counter[str]()
    for _ in range(SEEN):
        g, n, x, w, bias = drawn(rng, rng.choice((1, 2, 2, 3)))
        expected = here(g, x, w, bias)
        for name in TARGETS:
            found = obstacles(name, g, n, channels=(x.shape[0], bias.size))
            counts[f"{name}: {'taken' if not found else 'stand-in' if found[0].layer else 'form'}"] += 1
            if not found:
                continue
            instead = found[0].instead
            assert all(obstacle.instead is instead and obstacle.target == name for obstacle in found)
            if instead.layer is None:
                assert instead.form in ("direct", "polyphase", "subpixel")
                assert instead.fix.startswith(f"run its {instead.form} form: ")
                assert np.array_equal(g.plan(instead.form).run(x, w, bias), expected), (name, g)
                continue
            y = carried_out(name, g, instead, x, w, bias, here)
            assert y.shape == expected.shape == (bias.size, *g.output_size(n)), (name, g, n, instead)
            assert np.array_equal(y, expected), (name, g, n, instead)
            assert repr(instead.layer) in instead.fix
            parts.update(
                what for what in ("crop", "pads", "inserted", "lifted") if getattr(instead, what) not in (None, 0)
            )
            parts["groups split"] += instead.groups > 1
            parts["taps before"] += any(before for before, _ in instead.taps or ())
            parts["taps after"] += any(after for _, after in instead.taps or ())
            parts["dilation filled"] += instead.dilation is not None
            parts["nothing cut"] += instead.crop is None
    assert len(parts) == 9
    assert min(parts.values()) > 100, parts
    with_operator = [name for name in TARGETS if target(name).operator]
    assert all(counts[f"{name}: stand-in"] >= 40 for name in with_operator), counts
    # Kernels and strides of TIDL's few kinds cannot make every layer, and 3 axes are not 2; all else is always found.
    assert all(counts[f"{name}: form"] == 0 for name in with_operator if max(target(name).axes) >= 3), counts


def test_stand_ins_for_tflite_in_its_interpreter() -> None:
    rng, done = random.Random(83), 0

    def run(layer: dc.ConvTranspose, x: Array, w: Array, bias: Array) -> Array:
        params = write("tflite", layer, x.shape[1:])
        assert not isinstance(params, Refusal)
        stored = layout("tflite", 2).from_canonical(w.astype(np.float32))
        y = tflite_driver.run(params, x[None].astype(np.float32), stored)[0]
        return y + bias[:, None, None]

    while done < 100:
        g, n, x, w, bias = drawn(rng, rng.choice((1, 2)), largest=20)
        found = obstacles("tflite", g, n, channels=(x.shape[0], bias.size))
        if found:
            y = carried_out("tflite", g, found[0].instead, x, w, bias, run)
            assert np.array_equal(y, here(g, x, w, bias)), (g, n, found[0].instead)
            done += 1


def test_stand_ins_for_onnx_runtime_in_itself() -> None:
    rng, done = random.Random(84), 0

    def run(layer: dc.ConvTranspose, x: Array, w: Array, bias: Array) -> Array:
        params = write("onnx", layer, x.shape[1:])
        assert not isinstance(params, Refusal)
        y = onnx_driver.run(params, x[None].astype(np.float32), w.astype(np.float32))[0]
        return y + bias.reshape(-1, *(1,) * layer.ndim)

    while done < 100:
        g, n, x, w, bias = drawn(rng, rng.choice((1, 2, 3)), largest=20)
        found = obstacles("onnxruntime", g, n, channels=(x.shape[0], bias.size))
        if found:
            y = carried_out("onnxruntime", g, found[0].instead, x, w, bias, run)
            assert np.array_equal(y, here(g, x, w, bias)), (g, n, found[0].instead)
            done += 1


def by_matrix_products(g: dc.ConvTranspose, x: Array, w: Array, bias: Array) -> Array:
    """The gemm form in PyTorch: matrix products, sums of slices, a crop; no layer and no convolution."""
    n = x.shape[1:]
    full = tuple(axis.full(m) for axis, m in zip(g.axes, n, strict=True))
    y = torch.zeros((bias.size, *full), dtype=torch.int64)
    for part, taps, out in zip(np.split(x, g.groups), np.split(w, g.groups), y.chunk(g.groups), strict=True):
        columns = torch.from_numpy(taps.reshape(len(taps), -1)).T @ torch.from_numpy(part.reshape(len(part), -1))
        columns = columns.reshape(w.shape[1], *g.kernel_size, *n)
        for tap in np.ndindex(*g.kernel_size):
            starts = [j * d for j, d in zip(tap, g.dilation, strict=True)]
            places = [slice(b, b + (m - 1) * s + 1, s) for b, m, s in zip(starts, n, g.stride, strict=True)]
            out[(slice(None), *places)] += columns[(slice(None), *tap)]
    sides = [-side for pair in reversed(g.crop) for side in pair]
    return (torch.nn.functional.pad(y, sides) + torch.from_numpy(bias).reshape(-1, *(1,) * g.ndim)).numpy()


def test_more_axes_than_a_target_has() -> None:
    rng, counts = random.Random(85), Counter[str]()
    for _ in range(90):
        ndim = rng.choice((3, 4, 5))
        g, n = random_geometry(rng, 3)
        if ndim > 3:  # groups, too, are those of the first axes
            more, sizes = random_geometry(rng, ndim - 3)
            g, n = T.of_axes(g.axes + more.axes, g.groups), n + sizes
        numbers = np.random.default_rng(rng.randrange(2**32))
        x = numbers.integers(-50, 51, (g.groups * 2, *n))
        w = numbers.integers(-50, 51, (g.groups * 2, 3, *g.kernel_size))
        bias = numbers.integers(-50, 51, g.groups * 3)
        expected = here(g, x, w, bias)
        for name in TARGETS:
            few = not target(name).operator or ndim > max(target(name).axes)
            found = obstacles(name, g, n, channels=(x.shape[0], bias.size))
            if not few:
                assert not found or found[0].layer is not None
                continue
            instead = found[0].instead
            assert (instead.layer, instead.crop, instead.groups) == (None, None, 1)
            assert instead.form is not None
            assert instead.fix.startswith(f"run its {instead.form} form: ")
            assert instead.fix.endswith(
                f"; where convolutions of {ndim} axes are missing, its gemm form: matrix products, then overlap-add, "
                "for any number of axes"
            )
            counts[instead.form] += 1
            if counts[f"{ndim} axes, {instead.form}"] < 10:
                assert np.array_equal(g.plan(instead.form).run(x, w, bias), expected), (name, g)
            counts[f"{ndim} axes, {instead.form}"] += 1
        assert np.array_equal(by_matrix_products(g, x, w, bias), expected), g
        assert np.array_equal(g.plan("gemm").run(x, w, bias), expected), g
        counts["groups"] += g.groups > 1
        counts["positions added"] += min(map(min, g.crop)) < 0
        counts["dilation"] += max(g.dilation) > 1
    assert min(counts.values()) >= 10, counts


FIXES = [
    ("coreml", T((3, 3), 2, 1, 1), (8, 8), "use ConvTranspose(kernel_size=(3, 3), stride=(2, 2)), and cut from its output 1 before, 0 after"),
    ("ascend", T((3, 3), 2, 1, 1), (8, 8), "add zero taps to the kernel, 0 before and 1 after, and use ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))"),
    ("ascend", T((3, 3), 2), (8, 8), "pad the input with zeros, 1 before, 0 after, add zero taps to the kernel, 0 before and 1 after, use ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=(1, 1)), and cut from its output 1 before, 0 after"),
    ("coreml", T((16, 1), (16, 1)), (5, 226), "insert (1, 0) zeros between its elements, and use ConvTranspose(kernel_size=(16, 1), stride=(8, 1))"),
    ("tflite", T((4,), 2, 1), (8,), "put 1 axis of size 1 before the others, and use ConvTranspose(kernel_size=(1, 4), stride=(1, 2), padding=(0, 1))"),
    ("tflite", T((3, 3), dilation=2, groups=3), (8, 8), "run each of the 3 groups as a layer of its own, fill the dilated kernel up with zeros, and use ConvTranspose(kernel_size=(5, 5))"),
    ("tidl", T((5, 5), 2, 2), (8, 8), "run its polyphase form: one ordinary convolution at stride 1 for each phase, then interleaving"),
    ("k210", T((4, 4), 2, 1), (8, 8), "run its subpixel form: one ordinary convolution, then depth to space"),
    ("gap8", T((3, 3), 1, 1), (8, 8), "run its direct form: one ordinary convolution with the flipped kernel on the padded input"),
    ("esp-dl", T((1, 3), (1, 2**20)), (8, 8), "run its direct form: inserted zeros, then one ordinary convolution with the flipped kernel"),
    ("onnxruntime", T((3,), 1, ((-2, 0),), dilation=2), (8,), "add zero taps to the kernel, 1 before and 0 after, and use ConvTranspose(kernel_size=(4,), dilation=(2,))"),
    ("k210", T((2, 2, 2), 2), (8, 8, 8), "run its subpixel form: one ordinary convolution, then depth to space; where convolutions of 3 axes are missing, its gemm form: matrix products, then overlap-add, for any number of axes"),
    ("tidl", T((4,), 2, 1), (8,), "put 1 axis of size 1 before the others, add zero taps to the kernel, 0 before and (3, 0) after, and use ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=((0, 3), (1, 1)))"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "g", "n", "fix"), FIXES)
def test_the_sentences(name: str, g: dc.ConvTranspose, n: Sizes, fix: str) -> None:
    found = obstacles(name, g, n)
    assert {obstacle.fix for obstacle in found} == {fix}
    assert all(isinstance(obstacle, Obstacle) for obstacle in found)


def test_the_nearest_keeps_what_it_can() -> None:
    (obstacle,) = obstacles("coreml", T((5, 5), 2, 2, 1), 7)
    assert (obstacle.layer, obstacle.crop, obstacle.groups) == (T((5, 5), 2, 1), ((1, 0), (1, 0)), 1)
    (obstacle,) = obstacles("webnn", T((4, 4), 2, 1, groups=3), 7, channels=(6, 9))
    assert (obstacle.layer, obstacle.crop, obstacle.groups) == (T((4, 4), 2, 1), None, 3)
    (obstacle,) = obstacles("coreml", T((4, 4), 2, (2, 1)), 7)
    assert (obstacle.layer, obstacle.crop) == (T((4, 4), 2, 1), ((1, 1), (0, 0)))
    assert target("tensorrt").padding == UNEQUAL


def test_huge_parameters_take_few_steps() -> None:
    """Lines that Python runs, counted: twice what is seen, and some ten times an ordinary layer's."""
    most, lines = 5_000_000, 0

    def count(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal lines
        lines += event == "line"
        assert lines <= most, "too many steps"
        return count

    before = sys.gettrace()
    for g, n in (
        (T((3,), 2**40), 4),
        (T((3,), padding=((-(10**13), 0),)), 4),
        (T((10**9,), 10**9), 2),
        (T((1,)), 2**61),
    ):
        for name in TARGETS:
            lines = 0
            sys.settrace(count)
            try:
                obstacles(name, g, n)
            finally:
                sys.settrace(before)


def test_combinations_are_made_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from deconvs.targets import obstacle

    made, effort = 0, obstacle._effort

    def counted(chosen: Any) -> Any:
        nonlocal made
        made += 1
        assert made <= obstacle.MOST_COMBINATIONS, "too many combinations"
        return effort(chosen)

    monkeypatch.setattr(obstacle, "_effort", counted)
    most = 0
    for g in (T((3, 3), 720720), T((3, 3, 3), 5040)):
        for name in TARGETS:
            made = 0
            obstacles(name, g, 4)
            most = max(most, made)
    assert most > 10_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: target("nonsense"), f"no such target: 'nonsense'; use one of {', '.join(TARGETS)}"),
        (lambda: obstacles("tidl", T((3,)), 2, channels=(1, 2, 3)), "channels are not a pair: channels=(1, 2, 3); give (C_in, C_out)"),
        (lambda: takes("tidl", T((3,), groups=2), 2, channels=(3, 2)), "channels are not divisible by groups: channels=(3, 2), groups=2; use multiples of 2"),
        (lambda: takes("tidl", T((1,), padding=((0, 2),)), 2), "the output is empty: input (2,); crop less, or use a larger input"),
        (lambda: takes("tidl", dc.Conv((1,)), 2), "not a transposed convolution: got Conv(kernel_size=(1,)); pass a deconvs.ConvTranspose"),
        (lambda: takes("tidl", T((1,)), 0), "input_size is too small: input_size=0; use an integer of at least 1"),
    ],
)  # fmt: skip
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(dc.GeometryError) as caught:
        call()
    assert str(caught.value) == message
