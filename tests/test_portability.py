"""What `check` says of frameworks and deployment targets, and that what it names instead is exact, by value."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc
from deconvs.conventions import FRAMEWORKS, Nearest, Refusal, write
from deconvs.portability import LANGUAGES, NAMES, named
from deconvs.targets import TARGETS, takes

from .frameworks.compare import random_geometry

Array = NDArray[Any]
T = dc.ConvTranspose


def codes(g: dc.ConvTranspose, n: dc.geometry.Sizes, **options: Any) -> list[str]:
    return [finding.code for finding in dc.check(g, n, **options)]


def test_an_ordinary_layer_is_portable() -> None:
    for ndim in (1, 2, 3):
        for g in (T((2,) * ndim, 2), T((4,) * ndim, 2, 1)):
            assert "portability" not in codes(g, (8,) * ndim)
            assert "portability" not in codes(g, (8,) * ndim, channels=(64, 32))
    (found,) = [f for f in dc.check(T((3, 3), 2, 1, 1), (8, 8)) if f.code == "portability"]
    assert (found.severity, found.layer) == ("note", None)
    assert found.message == "keras cannot say it, coreml, tflite and ethos-u cannot run it"
    assert found.fix == (
        "ask for one of them with --target (targets= in Python): it says why, and what is exact instead"
    )
    (found,) = [f for f in dc.check(T((4, 4), 2, 1, groups=2), (8, 8), channels=(4, 4)) if f.code == "portability"]
    assert found.message == "keras, jax and flax cannot say it, tflite, ethos-u, vitis-ai and webnn cannot run it"


def test_the_portability_note_names_those_and_no_others() -> None:
    rng, seen = random.Random(35), Counter[str]()
    for _ in range(300):
        ndim = rng.choice((1, 2, 3))
        g, n = random_geometry(rng, ndim)
        channels = (2 * g.groups, g.groups)
        ordinary, small = T(4, 2, 1, ndim=ndim), (8,) * ndim
        expected = [name for name in LANGUAGES if isinstance(write(name, g, n), Refusal)]
        expected += [
            name
            for name in TARGETS
            if name not in ("intel-npu", "rknn", "ascend") and takes(name, ordinary, small)
            if not takes(name, g, n, channels=channels)
        ]
        found = [f.message for f in dc.check(g, n, channels=channels) if f.code == "portability"]
        words = set(" ".join(found).replace(",", " ").split())
        assert [name for name in NAMES if name in words] == sorted(expected, key=NAMES.index), g
        assert len(found) == bool(expected)
        seen["noted" if expected else "portable"] += 1
        assert "portability" not in codes(g, n, channels=channels, targets=[])
    assert min(seen.values()) > 10, seen


def test_named_frameworks_and_targets() -> None:
    g = T((3, 3), 2, 1, 1, groups=2)
    found = dc.check(g, (8, 8), channels=(4, 6), targets=["torch", "keras", "coreml", "k210", "keras"])
    errors = [f for f in found if f.severity == "error"]
    assert found[:3] == errors  # the worst first, as asked for
    assert [f.code for f in errors] == ["unsupported"] * 3
    keras, coreml, k210 = errors
    assert keras.message == "keras cannot say it: keras has no groups in transposed convolutions"
    assert keras.fix == (
        "run each of the 2 groups as a layer of its own, write kernel_size=(3, 3), strides=(2, 2), dilation_rate=(1, 1), "
        "padding='valid', output_padding=None and cut from its output 1 before, 0 after"
    )
    assert (keras.layer, keras.crop, keras.groups) == (T((3, 3), 2), ((1, 0), (1, 0)), 2)
    assert coreml.message == "Core ML (coreml) cannot run it: output_padding is 1, only 0"
    assert (coreml.layer, coreml.crop, coreml.groups) == (T((3, 3), 2, groups=2), ((1, 0), (1, 0)), 1)
    assert k210.message == "Kendryte K210 (k210) cannot run it: it has no transposed convolution"
    assert (k210.layer, k210.crop, k210.form) == (None, None, "polyphase")
    assert codes(T((4, 4), 2, 1), (8, 8), targets="tflite") == ["border-attenuation", "zero-insertion"]
    (ascend,) = [f for f in dc.check(T((5, 5), 2), (8, 8), targets="ascend") if f.code == "unsupported"]
    assert ascend.message.startswith("Huawei Ascend (ascend) cannot run it, as far as is known: ")
    (dla,) = [
        f for f in dc.check(T((3, 3), 1, 1, dilation=2, groups=2), 9, targets="nvidia-dla") if f.code == "unsupported"
    ]
    assert dla.message == (
        "NVIDIA DLA (nvidia-dla) cannot run it: groups is 2, only 1, dilation is 2, only 1 and padding is 1, only 0"
    )
    (jax,) = [f for f in dc.check(T((1,) * 4), 2, targets="jax") if f.code == "unsupported"]
    assert jax.message == "jax cannot say it: jax has default dimension_numbers for 1 to 3 axes, not 4"
    assert jax.fix == "run its gemm form: matrix products, then overlap-add, for any number of axes"
    assert (jax.layer, jax.form) == (None, "gemm")
    (torch,) = [f for f in dc.check(T((2,), 2, ((-1, 0),)), 4, targets="torch") if f.code == "unsupported"]
    assert torch.fix == (
        "write kernel_size=(2,), stride=(2,), padding=(0,), output_padding=(0,), groups=1, dilation=(1,) and "
        "add positions that hold only the bias, 1 before, 0 after"
    )
    assert torch.crop == ((-1, 0),)


def test_named_ones_are_errors_exactly_where_they_cannot_and_fixes_end_them() -> None:
    rng, seen = random.Random(36), Counter[str]()
    for _ in range(120):
        g, n = random_geometry(rng, rng.choice((1, 2, 3)))
        channels = (2 * g.groups, 4 * g.groups)
        for name in NAMES:
            found = [f for f in dc.check(g, n, channels=channels, targets=name) if f.code == "unsupported"]
            said = write(name, g, n) if name in LANGUAGES else None
            refused = isinstance(said, Refusal) or (name in TARGETS and not takes(name, g, n, channels=channels))
            assert len(found) == refused, (name, g)
            seen["taken"] += not refused
            for finding in found:
                assert finding.severity == "error"
                if finding.layer is None:
                    seen["no layer"] += 1
                    continue
                layer = finding.layer
                lifted = layer.ndim - g.ndim
                inputs, outputs = (1,) * lifted + n, (1,) * lifted + g.output_size(n)
                pads = finding.pads or ((0, 0),) * layer.ndim
                apart = finding.inserted or (0,) * layer.ndim
                size = tuple((m + sum(p) - 1) * (z + 1) + 1 for m, p, z in zip(inputs, pads, apart, strict=True))
                cut = finding.crop or ((0, 0),) * layer.ndim
                left = tuple(m - sum(side) for m, side in zip(layer.output_size(size), cut, strict=True))
                assert left == outputs, (name, g, n, finding)
                assert layer.groups * finding.groups == g.groups
                share = tuple(count // finding.groups for count in channels)
                again = dc.check(layer, size, channels=(share[0], share[1]), targets=name)
                assert "unsupported" not in [f.code for f in again], (name, g, finding)
                seen["language" if name in LANGUAGES else "target"] += 1
                if isinstance(said, Refusal):
                    assert isinstance(said.nearest, Nearest)
                    assert finding.crop == (said.nearest.crop if any(map(any, said.nearest.crop)) else None)
    assert len(seen) == 4
    assert min(seen.values()) > 100, seen


def stand_in(data: dict[str, Any], x: Array, weight: Array, bias: Array) -> Array:
    """The stand-in of an unsupported layer, from its finding's plain data and nothing else; no batch."""
    layer = T(**data["parameters"])
    assert repr(layer) == data["layer"]
    lifted, ndim = data["lifted"], layer.ndim
    weight = weight.reshape(*weight.shape[:2], *(1,) * lifted, *weight.shape[2:])
    weight = apart(weight, [step - 1 for step in data["dilation"] or [1] * ndim])
    weight = np.pad(weight, [(0, 0), (0, 0), *(data["taps"] or [(0, 0)] * ndim)])
    parts = []
    for some, taps, offsets in zip(*(np.split(array, data["groups"]) for array in (x, weight, bias)), strict=True):
        part = some.reshape(some.shape[0], *(1,) * lifted, *some.shape[1:])
        part = np.pad(part, [(0, 0), *(data["pads"] or [(0, 0)] * ndim)])
        y = np.asarray(layer.prepare(taps, offsets)(apart(part, data["inserted"] or [0] * ndim)))
        for axis, (begin, end) in enumerate(data["crop"] or [(0, 0)] * ndim, 1):
            y = np.moveaxis(y, axis, 1)
            y = y[:, max(begin, 0) : y.shape[1] - max(end, 0)]
            beyond = [np.broadcast_to(offsets.reshape(-1, *(1,) * ndim), (len(y), max(-side, 0), *y.shape[2:])) for side in (begin, end)]  # fmt: skip
            y = np.moveaxis(np.concatenate([beyond[0], y, beyond[1]], axis=1), 1, axis)
        parts.append(y.reshape(len(y), *y.shape[1 + lifted :]))
    return np.concatenate(parts)


def apart(data: Array, zeros: list[int]) -> Array:
    """Zeros between neighbours along the last axes."""
    front = data.ndim - len(zeros)
    size = [(n - 1) * (z + 1) + 1 for n, z in zip(data.shape[front:], zeros, strict=True)]
    stretched = np.zeros((*data.shape[:front], *size), data.dtype)
    stretched[(..., *(slice(None, None, z + 1) for z in zeros))] = data
    return stretched


NOTHING_TO_DO = {"lifted": 0, "groups": 1, "dilation": None, "taps": None, "pads": None, "inserted": None, "crop": None}


def test_stand_ins_are_built_from_plain_data_alone() -> None:
    rng, values, seen = random.Random(37), np.random.default_rng(37), Counter[str]()
    for _ in range(300):
        g, n = random_geometry(rng, rng.choice((1, 1, 2, 2, 3, 3, 4)))
        per_in, per_out = rng.choice(((1, 1), (2, 1), (1, 2), (2, 3)))
        channels = (g.groups * per_in, g.groups * per_out)
        x = values.integers(-50, 51, (channels[0], *n))
        weight = values.integers(-50, 51, (channels[0], per_out, *g.kernel_size))
        bias = values.integers(-50, 51, channels[1])
        expected = np.asarray(g.prepare(weight, bias)(x))
        for name in NAMES:
            for finding in named([name], g, n, channels):
                if finding.code != "unsupported":
                    continue
                data = json.loads(json.dumps(finding.as_dict()))
                kind = "language" if name in LANGUAGES else "target"
                if data["layer"] is None:
                    assert {key: data[key] for key in NOTHING_TO_DO} == NOTHING_TO_DO
                    assert data["parameters"] is None
                    assert f"run its {data['form']} form: " in data["fix"]
                    y = g.plan(data["form"]).run(x, weight, bias)
                    seen[f"{kind}: form"] += 1
                else:
                    assert data["form"] is None
                    y = stand_in(data, x, weight, bias)
                    seen.update(f"{kind}: {key}" for key, nothing in NOTHING_TO_DO.items() if data[key] != nothing)
                    seen[f"{kind}: layer"] += 1
                assert np.array_equal(y, expected), (name, g, n, finding)
    assert set(seen) == {
        *(f"target: {key}" for key in (*NOTHING_TO_DO, "layer", "form")),
        *(f"language: {key}" for key in ("groups", "dilation", "crop", "layer", "form")),
    }
    assert min(seen.values()) > 50, seen


def test_a_row_of_one_axis_says_that_it_was_lifted() -> None:
    (found,) = [f for f in dc.check(T((4,), 2, 1), 8, targets=["tflite"]) if f.code == "unsupported"]
    data = found.as_dict()
    assert (data["parameters"]["kernel_size"], data["lifted"], data["taps"]) == ([1, 4], 1, None)
    (found,) = [f for f in dc.check(T((4,), 2, 1), 8, targets=["tidl"]) if f.code == "unsupported"]
    assert (found.lifted, found.taps, found.layer) == (1, ((0, 3), (0, 0)), T((4, 4), 2, ((0, 3), (1, 1))))
    (found,) = [f for f in dc.check(T((3,), 1, ((-2, 0),), dilation=3), 8, targets="keras") if f.code == "unsupported"]
    assert (found.dilation, found.crop, found.layer) == (None, ((-2, 0),), T((3,), dilation=3))
    (found,) = [f for f in dc.check(T((3,), 2, dilation=3), 8, targets="keras") if f.code == "unsupported"]
    assert (found.dilation, found.crop, found.layer) == ((3,), None, T((7,), 2))


def test_channels_of_int8_groups() -> None:
    g = T((4, 4), 2, 1, groups=2)
    (found,) = [f for f in dc.check(g, (8, 8), channels=(8, 6), targets="tensorrt") if f.code == "int8-groups"]
    assert str(found) == (
        "note int8-groups: TensorRT (tensorrt) wants multiples of 4 channels per group in int8, not [4, 3]; "
        "fill the channels of each group up with zeros, or do not quantise"
    )
    assert "int8-groups" not in codes(g, (8, 8), channels=(8, 16), targets="tensorrt")
    assert "int8-groups" not in codes(T((4, 4), 2, 1), (8, 8), channels=(3, 5), targets="tensorrt")
    assert "int8-groups" not in codes(g, (8, 8), channels=(8, 6), targets="qnn")


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ("nonsense", f"no such framework or target: 'nonsense'; use one of {', '.join(NAMES)}"),
        (["torch", 3], f"no such framework or target: 3; use one of {', '.join(NAMES)}"),
        (3, "targets are not names: targets=3; give a sequence of names"),
    ],
)  # fmt: skip
def test_target_errors(targets: Any, message: str) -> None:
    with pytest.raises(dc.GeometryError) as caught:
        dc.check(T((3,)), 4, targets=targets)
    assert str(caught.value) == message


def test_names_are_frameworks_and_targets_each_once() -> None:
    assert set(NAMES) == {*FRAMEWORKS, *TARGETS}
    assert len(NAMES) == len(set(NAMES)) == 25
    assert "tflite" not in LANGUAGES
