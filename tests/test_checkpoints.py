"""Checkpoints as files: what is read and written, what is reported, every error; tests/checkpoint_fuzz.py at random."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import safetensors.torch
import torch

import deconvs as dc
from deconvs.checkpoints.tensors import BITS
from deconvs.checkpoints.uses import uses_of

from .checkpoint_fuzz import run_cases

UP = np.arange(192, dtype=np.float32).reshape(3, 4, 4, 4)
TENSORS = {
    "up1.weight": UP,
    "up1.bias": np.arange(4.0, dtype=np.float32),
    "enc.0.weight": np.arange(120, dtype=np.float32).reshape(5, 4, 2, 3),
    "head.weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "norm.count": np.array(7),
}
CONFIG: dict[str, Any] = {
    "framework": "torch",
    "layers": {
        "up1": {"kernel_size": 4, "stride": 2, "padding": 1, "input_size": [8, 9]},
        "enc.0": {"kind": "conv"},
        "head": {"kind": "linear"},
    },
    "keep": ["norm.*"],
    "rename": {"up1": "decoder/up1"},
}
REPORT = """\
a.npz (torch) -> b.npz (keras): 5 tensors, 3 of them moved
 tensor         type   shape          becomes              shape          what was done
 ────────────────────────────────────────────────────────────────────────────────────────────────
 up1.weight     F32    (3, 4, 4, 4)   decoder/up1.kernel   (4, 4, 4, 3)   transposed (2, 3, 1, 0)
 up1.bias       F32    (4,)           decoder/up1.bias     (4,)           copied
 enc.0.weight   F32    (5, 4, 2, 3)   enc.0.kernel         (2, 3, 4, 5)   transposed (2, 3, 1, 0)
 head.weight    F16    (2, 3)         head.kernel          (3, 2)         transposed (1, 0)
 norm.count     I64    ()             norm.count           ()             kept

decoder/up1 (8x9 -> 16x18): keras.layers.Conv2DTranspose(4, kernel_size=4, strides=2, padding="same")

note on linear layers: one that follows a flattened image reads its pixels in another order where channels move from \
first to last, or back; only its two axes are swapped here"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, to work in, with a checkpoint."""
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", **TENSORS)
    return tmp_path


def changed(**changes: Any) -> dict[str, Any]:
    """The config with other entries."""
    return {**CONFIG, **changes}


def layer(name: str, **changes: Any) -> dict[str, Any]:
    """The config with another layer."""
    return changed(layers={**CONFIG["layers"], name: changes})


def test_the_report_says_what_was_done(folder: Path) -> None:
    report = dc.convert_checkpoint("a.npz", CONFIG, "b.npz", target="keras", write_config="back.json")
    assert str(report) == REPORT
    with np.load("b.npz", allow_pickle=False) as file:
        assert np.array_equal(file["decoder/up1.kernel"], UP.transpose(2, 3, 1, 0))
        assert list(file) == ["decoder/up1.kernel", "decoder/up1.bias", "enc.0.kernel", "head.kernel", "norm.count"]
    data = json.loads(json.dumps(report.as_dict()))
    assert data["tensors"][0] == {
        "name": "up1.weight",
        "new_name": "decoder/up1.kernel",
        "shape": [3, 4, 4, 4],
        "new_shape": [4, 4, 4, 3],
        "type": "F32",
        "layer": "up1",
        "order": [2, 3, 1, 0],
        "flipped": False,
        "done": "transposed (2, 3, 1, 0)",
    }
    assert data["layers"][0]["params"]["padding"] == "same"
    assert "set_weights([weight, bias])" in data["layers"][0]["code"]
    assert data["config"] == report.config == json.loads(Path("back.json").read_text())
    assert report.config["rename"] == {"decoder/up1": "up1"}
    assert report.config["layers"]["enc.0"] == {"kind": "conv", "kernel_size": [2, 3]}
    dc.convert_checkpoint("b.npz", "back.json", "c.npz", target="torch")
    assert Path("c.npz").read_bytes() == Path("a.npz").read_bytes()


def test_kernels_are_turned_where_the_layout_is_flipped(folder: Path) -> None:
    report = dc.convert_checkpoint("a.npz", CONFIG, "b.npz", target="jax")
    assert report.tensors[0].done == "transposed (2, 3, 0, 1), kernel turned"
    with np.load("b.npz") as file:
        assert np.array_equal(file["decoder/up1.kernel"], UP.transpose(2, 3, 0, 1)[::-1, ::-1])


def test_a_crop_is_carried_to_the_next_framework_and_back(folder: Path) -> None:
    """Keras' "same" is a crop after PyTorch's layer; from there, its own padding again, or JAX's."""
    np.savez("k.npz", **{"up/kernel:0": np.arange(18.0).reshape(3, 2, 3), "up/bias:0": np.arange(2.0)})
    config = {"framework": "keras", "layers": {"up": {"strides": 2, "padding": "same", "input_size": [7]}}}
    there = dc.convert_checkpoint("k.npz", config, "t.npz", target="torch")
    assert there.layers[0].crop == ((0, 1),)
    assert str(there).endswith("torch.nn.ConvTranspose1d(3, 2, kernel_size=3, stride=2), then cut 0 before, 1 after")
    assert there.config["layers"]["up"]["crop"] == [[0, 1]]
    assert there.config["layers"]["up"]["suffix"] == ":0"
    assert set(np.load("t.npz")) == {"up/weight", "up/bias"}
    jax = dc.convert_checkpoint("t.npz", there.config, "j.npz", target="jax")
    assert jax.layers[0].crop is None
    assert jax.layers[0].output_size == (14,)
    back = dc.convert_checkpoint("j.npz", jax.config, "k2.npz", target="keras")
    assert back.layers[0].params["padding"] == "same"
    assert Path("k2.npz").read_bytes() == Path("k.npz").read_bytes()


def test_transposed_kernels_of_jax_come_back_as_they_were(folder: Path) -> None:
    np.savez("f.npz", **{"up/kernel": np.arange(18.0).reshape(3, 2, 3)})
    words = {"kernel_size": [3], "transpose_kernel": True, "input_size": [7]}
    there = dc.convert_checkpoint("f.npz", {"framework": "flax", "layers": {"up": words}}, "t.npz", target="torch")
    back = dc.convert_checkpoint("t.npz", there.config, "f2.npz", target="flax")
    assert Path("f2.npz").read_bytes() == Path("f.npz").read_bytes()
    assert back.layers[0].params["transpose_kernel"] is True
    assert "transpose_kernel=True" in back.layers[0].code


@pytest.mark.parametrize("target", ["jax", "flax"])
def test_the_code_of_transposed_kernels_runs(target: str, folder: Path) -> None:
    from .frameworks.programs import run_program

    words = {"stride": 2, "padding": 1, "input_size": [8, 9], "transpose_kernel": True}
    config = changed(layers={**CONFIG["layers"], "up1": words})
    made = dc.convert_checkpoint("a.npz", config, "b.npz", target=target)
    x = np.arange(2 * 3 * 8 * 9, dtype=np.float32).reshape(2, 3, 8, 9) % 7
    with np.load("b.npz") as file:
        y = run_program(target, made.layers[0].code, x, [file["decoder/up1.kernel"]], file["decoder/up1.bias"])
    assert np.array_equal(y, dc.conv_transpose(x, UP, TENSORS["up1.bias"], stride=2, padding=1))


def test_a_layer_may_be_the_whole_checkpoint(folder: Path) -> None:
    np.savez("one.npz", weight=UP, bias=TENSORS["up1.bias"])
    config = {"framework": "torch", "layers": {"": {"input_size": [8, 8]}}}
    dc.convert_checkpoint("one.npz", config, "b.npz", target="keras")
    assert set(np.load("b.npz")) == {"kernel", "bias"}


def test_every_type_of_safetensors_passes_byte_for_byte(folder: Path) -> None:
    """What the package reads is what was there: NumPy's types, and those that it lacks; metadata too."""
    values, entries, data = np.random.default_rng(0), {}, b""
    for number, (kind, bits) in enumerate(BITS.items()):
        raw = values.bytes(8 * bits // 8)
        entries[f"kept.{number}"] = {"dtype": kind, "shape": [2, 4], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
        if bits >= 8:
            raw = values.bytes(24 * bits // 8)
            name = f"up{number}.weight"
            entries[name] = {"dtype": kind, "shape": [2, 3, 4], "data_offsets": [len(data), len(data) + len(raw)]}
            data += raw
    header = json.dumps({"__metadata__": {"format": "pt", "é": "\x1f\n"}, **entries}).encode()
    Path("s.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + data)
    layers = {name.split(".")[0]: {"input_size": [5]} for name in entries if name.startswith("up")}
    config = {"framework": "torch", "layers": layers, "keep": ["kept.*"]}
    report = dc.convert_checkpoint("s.safetensors", config, "t.safetensors", target="jax")
    dc.convert_checkpoint("t.safetensors", report.config, "u.safetensors", target="torch")
    first, there, back = (dict(safetensors.deserialize(Path(f"{name}.safetensors").read_bytes())) for name in "stu")
    assert back == first
    with safetensors.safe_open("t.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt", "é": "\x1f\n"}
    for name in layers:
        raw, moved = bytes(first[f"{name}.weight"]["data"]), bytes(there[f"{name}.kernel"]["data"])
        size = len(raw) // 24
        elements = np.frombuffer(raw, f"V{size}").reshape(2, 3, 4)
        assert moved == elements.transpose(2, 0, 1)[::-1].tobytes()


def test_bfloat16_is_what_pytorch_saved(folder: Path) -> None:
    weight = torch.arange(24).reshape(2, 3, 4).to(torch.bfloat16)
    safetensors.torch.save_file({"up.weight": weight, "f8": weight.to(torch.float8_e4m3fn)}, "s.safetensors")
    config = {"framework": "torch", "layers": {"up": {"input_size": [5]}}, "keep": ["f8"]}
    report = dc.convert_checkpoint("s.safetensors", config, "t.safetensors", target="keras")
    found = safetensors.torch.load_file("t.safetensors")
    assert torch.equal(found["up.kernel"], weight.permute(2, 1, 0))
    assert torch.equal(found["f8"].view(torch.uint8), weight.to(torch.float8_e4m3fn).view(torch.uint8))
    dc.convert_checkpoint("t.safetensors", report.config, "u.safetensors", target="torch")
    assert Path("u.safetensors").read_bytes() == Path("s.safetensors").read_bytes()


def test_our_files_are_those_of_the_package(folder: Path) -> None:
    """Written from .npz: in the package's own order and bytes."""
    config = {"framework": "torch", "layers": {}, "keep": ["*"]}
    dc.convert_checkpoint("a.npz", config, "b.safetensors", target="torch")
    assert Path("b.safetensors").read_bytes() == safetensors.numpy.save(TENSORS)
    kinds = ("?", "u1", "i1", "i2", "u2", "f2", "i4", "u4", "f4", "c8", "f8", "i8", "u8")
    every = {f"{name}{kind}": np.ones(2, kind) for kind in kinds for name in "Zaé\x7f"}
    np.savez("e.npz", **every)
    dc.convert_checkpoint("e.npz", config, "e.safetensors", target="torch")
    assert Path("e.safetensors").read_bytes() == safetensors.numpy.save(every)


def test_types_that_numpy_lacks_are_in_the_order_of_the_package(folder: Path) -> None:
    kinds = [torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu]
    kinds += [torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.int16, torch.uint16, torch.int8, torch.uint8]
    tensors = {f"{name}{number}": torch.zeros(3).to(kind) for number, kind in enumerate(kinds) for name in "ba"}
    safetensors.torch.save_file(tensors, "s.safetensors")
    keep = {"framework": "torch", "keep": ["*"]}
    dc.convert_checkpoint("s.safetensors", keep, "t.safetensors", target="torch")
    assert Path("t.safetensors").read_bytes() == Path("s.safetensors").read_bytes()


def test_the_layers_of_a_checkpoint_as_they_run(folder: Path) -> None:
    """For `check`: channels of each layout, and a crop as part of the layer."""
    np.savez("k.npz", **{"up.kernel": np.zeros((4, 3, 2, 5)), "head.kernel": np.zeros((2, 3))})
    words = {"strides": 2, "input_size": [8, 9], "crop": [[1, 0], [0, 2]]}
    config = {"framework": "keras", "layers": {"up": words, "head": {"kind": "linear"}}}
    (use,) = uses_of("k.npz", config)
    assert (use.name, use.channels, use.input_size) == ("up", (5, 2), (8, 9))
    assert use.geometry == dc.ConvTranspose((4, 3), stride=2, padding=((1, 0), (0, 2)))


def test_layers_that_need_no_move_are_copied(folder: Path) -> None:
    report = dc.convert_checkpoint("a.npz", CONFIG, "b.npz", target="onnx")
    assert [each.done for each in report.tensors] == ["copied"] * 4 + ["kept"]
    assert report.tensors[0].order == (0, 1, 2, 3)


def test_metadata_waits_in_the_config_where_the_file_has_no_place(folder: Path) -> None:
    safetensors.numpy.save_file(TENSORS, "s.safetensors", {"format": "pt"})
    report = dc.convert_checkpoint("s.safetensors", CONFIG, "b.npz", target="keras")
    assert report.config["metadata"] == {"format": "pt"}
    dc.convert_checkpoint("b.npz", report.config, "t.safetensors", target="torch")
    assert Path("t.safetensors").read_bytes() == Path("s.safetensors").read_bytes()


def test_arrays_of_npz_may_be_of_any_order_and_byte_order(folder: Path) -> None:
    odd = {"a": np.asfortranarray(UP), "b": UP.astype(">f4"), "c": np.array(["x", "yz"]), "d": np.float64(2.5)}
    np.savez_compressed("odd.npz", **odd)
    keep = {"framework": "torch", "layers": {}, "keep": ["*"]}
    dc.convert_checkpoint("odd.npz", keep, "b.npz", target="torch")
    with np.load("b.npz") as file:
        for name, array in odd.items():
            assert file[name].dtype == np.asarray(array).dtype
            assert np.array_equal(file[name], array)
    np.savez("odd.npz", **{name: odd[name] for name in "abd"})
    dc.convert_checkpoint("odd.npz", keep, "b.safetensors", target="torch")
    found = safetensors.numpy.load_file("b.safetensors")
    assert all(np.array_equal(found[name], odd[name]) for name in "abd")


def test_random_checkpoints_there_and_back_and_damaged() -> None:
    counts = run_cases(250, 0)
    assert counts["there and back"] > 100
    assert counts["refused"] > 30
    for kind in ("deleted", "renamed", "transposed", "cut", "bytes", "inserted", "config"):
        assert counts[f"{kind}: refused"] > 3, kind
    for kind in ("with a crop", "transposed kernels", "deleted: still right", "transposed: still right"):
        assert counts[kind] > 3, kind


def test_crops_of_conversions() -> None:
    """dc.convert takes what an earlier conversion left to cut."""
    kernel = np.arange(18.0).reshape(3, 2, 3)
    words = {"strides": 2, "padding": "same"}
    there = dc.convert(words, kernel, source="keras", target="torch", input_size=(7,))
    assert there
    back = dc.convert(there.params, there.weight, source="torch", target="keras", input_size=(7,), crop=there.crop)
    assert back
    assert (back.params["padding"], back.crop) == ("same", None)
    assert np.array_equal(back.weight, kernel)
