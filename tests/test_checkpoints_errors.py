"""Every error of checkpoints, word for word: configs, names, layouts, files, paths; nothing is ever half written."""

from __future__ import annotations

import io
import json
import os
import pickle
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

import deconvs as dc
from deconvs import memory
from deconvs.checkpoints import files, npz
from deconvs.checkpoints import safetensors as ours
from deconvs.checkpoints.files import read_npy

from .checkpoint_fuzz import run_headers
from .test_checkpoints import CONFIG, TENSORS, UP, changed, folder, layer

__all__ = ["folder"]


NONE_THERE = "layers without a tensor called weight in the checkpoint: "
ERRORS: list[tuple[Any, str]] = [
    # the config
    (changed(framework="caffe"), "the config needs a framework: framework='caffe'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite"),
    ({"layers": {}}, "the config needs a framework: framework=None; use one of torch, keras, tensorflow, onnx, jax, flax, tflite"),
    (changed(layer={}), "the config has unknown keys: 'layer' (like 'layers'); known are: framework, layers, keep, rename, metadata"),
    (changed(layers=["up1"]), "layers are not keywords by name: layers=['up1']; write {\"up1\": {\"kernel_size\": 4, ...}}"),
    (changed(layers={"up1": 4}), "layers are not keywords by name: layers={'up1': 4}; write {\"up1\": {\"kernel_size\": 4, ...}}"),
    (changed(layers={7: {}}), "layers has a name that is no text: 7; use texts"),
    (changed(keep="norm.*"), "keep is not a list of patterns: keep='norm.*'; write [\"norm.*\"]"),
    (changed(rename=["a"]), "rename is not texts by name: rename=['a']; write {\"name\": \"text\"}"),
    (changed(rename={"up": "x"}), "rename names no layers: 'up' (like 'up1'); use names of the config's layers"),
    (changed(rename={"up1": ""}), "a layer without a name keeps it: rename={'up1': ''}; rename other layers"),
    (changed(rename={"up1": "head"}), "two layers would get one name: 'head'; rename one of them"),
    (changed(metadata={"a": 1}), "metadata is not texts by name: metadata={'a': 1}; write {\"name\": \"text\"}"),
    (7, "config is neither a dict nor a path: got int; give one of them"),
    ("no.json", "the config cannot be read: 'no.json': No such file or directory; give a JSON file"),
    (layer("up1", kernel_size=4), "layers need their input_size, because padding may depend on it: 'up1' has none; add one size per axis, such as \"input_size\": [8, 8]"),
    (layer("up1", input_size=8), "layer 'up1': its input_size is not one size per axis: got no list; write a list such as [8, 8]"),
    (layer("up1", input_size=[8, 0]), "layer 'up1': input_size[1] is too small: input_size[1]=0; use an integer of at least 1"),
    (layer("up1", kind="deconv"), "layer 'up1': its kind is not known: kind='deconv'; use one of conv_transpose, conv, linear"),
    (layer("head", kind="linear", groups=2), "layer 'head': its kind, linear, has unknown keys: 'groups'; it takes none"),
    (layer("enc.0", kind="conv", stride=2), "layer 'enc.0': its kind, conv, has unknown keys: 'stride'; known are: kernel_size"),
    (layer("up1", input_size=[8, 8], suffix=":1"), "layer 'up1': its suffix is not known: suffix=':1'; use \"\" or \":0\""),
    (layer("up1", input_size=[8, 8], transpose_kernel=1), "layer 'up1': its transpose_kernel is not true or false: transpose_kernel=1; use true or false"),
    (layer("up1", input_size=[8, 8], strides=2), "layer 'up1': torch has no such parameter: 'strides'; known are: kernel_size, stride, padding, output_padding, groups, dilation, padding_mode, in_channels, out_channels, bias, device, dtype"),
    (layer("up1", input_size=[8, 8], crop=[[0, 1]]), "layer 'up1': crop is not one pair per axis: crop=[[0, 1]]; give ((begin, end), ...), 2 of them"),
    (layer("up1", input_size=[8, 8], crop=[[0, -1], [0, 0]]), "layer 'up1': crop[0][1] is too small: crop[0][1]=-1; use an integer of at least 0"),
    (layer("up1", input_size=[8]), "layer 'up1': weight has the wrong number of axes: weight has shape (3, 4, 4, 4), input_size has 1; give it 3 axes, or input_size 2"),
    # the names
    (layer("up2", input_size=[8, 8]), NONE_THERE + "'up2' (like 'up1'); correct their names or the framework, or take them out of the config"),
    (layer("enc", kind="conv"), NONE_THERE + "'enc' (which has only 'enc.0.weight'); correct their names or the framework, or take them out of the config"),
    (changed(keep=[]), "tensors that no layer and no pattern of keep claims: 'norm.count'; add layers for them, or patterns to copy them as they are, such as \"keep\": [\"norm.*\"]"),
    ({"framework": "torch"}, "tensors that no layer and no pattern of keep claims: 'up1.weight', 'up1.bias', 'enc.0.weight', 'head.weight' and 1 more; add layers for them, or patterns to copy them as they are, such as \"keep\": [\"norm.*\"]"),
    # the layouts
    (layer("up1", input_size=[8, 8], kernel_size=3), "layer 'up1': the weight does not have the layout of torch: its shape is (3, 4, 4, 4), its bias (4,); use (C_in, C_out/groups, k0, k1), here (C_in, C_out/groups, 3, 3)"),
    (layer("up1", input_size=[8, 8], groups=2), "layer 'up1': the weight does not have the layout of torch: its shape is (3, 4, 4, 4), its bias (4,); use (C_in, C_out/groups, k0, k1), here (C_in, C_out/groups, 4, 4), C_in a multiple of groups=2"),
    (layer("enc.0", kind="conv", kernel_size=[4, 4]), "layer 'enc.0': the weight does not have the layout of torch: its shape is (5, 4, 2, 3); use (C_out, C_in/groups, k0, k1), here (C_out, C_in/groups, 4, 4)"),
    (layer("head", kind="conv"), "layer 'head': the weight does not have the layout of torch: its shape is (2, 3); use (C_out, C_in/groups, k0, k1), with one axis of the kernel or more"),
    (layer("enc.0", kind="linear"), "layer 'enc.0': the weight does not have the layout of torch: its shape is (5, 4, 2, 3); use (C_out, C_in)"),
    # the target
    (layer("up1", input_size=[8, 9], padding=9), "layer 'up1': the output would have a negative size: input 8 gives 11 positions and 9 + 9 are cropped; use an input of at least 15, or crop (pad) less"),
    (layer("up1", input_size=[8, 8], stride=2, dilation=2), "keras cannot say a layer: 'up1': keras refuses dilation_rate above 1 together with strides above 1 (nearest: keras.layers.Conv2DTranspose(C_out, kernel_size=7, strides=2), with zeros between the taps (dilation 2)); choose another target, or rebuild these as dc.convert shows: its refusal has weights and a program"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "message"), ERRORS, ids=[message[:60] for _, message in ERRORS])
def test_errors_of_configs(config: Any, message: str, folder: Path) -> None:
    refused(message, "a.npz", config, "b.npz", target="keras")


def refused(message: str, *arguments: Any, **options: Any) -> None:
    """One error, nothing deeper chained to it, and nothing written."""
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    with pytest.raises(dc.GeometryError) as caught:
        dc.convert_checkpoint(*arguments, **options)
    assert str(caught.value) == message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


CONFIG_FILES = [
    (b"{", "the config is not JSON: 'c.json': Expecting property name enclosed in double quotes: line 1 column 2 (char 1); correct it there"),
    (b"\xff", "the config is not JSON: 'c.json': 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte; correct it there"),
    (b"[1]", "the config is not a JSON object: 'c.json': [1]; write {...}"),
    (b'{"layers": {"a": {}, "a": {}}}', "the config is not JSON: 'c.json': 'a' appears twice; correct it there"),
    (b'{"framework": "torch", "keep": ["\\ud800"], "layers": {"\\ud800": {}}}', "layers has a name that is no text: '\\ud800'; use texts"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), CONFIG_FILES, ids=[message[:50] for _, message in CONFIG_FILES])
def test_errors_of_config_files(data: bytes, message: str, folder: Path) -> None:
    Path("c.json").write_bytes(data)
    refused(message, "a.npz", "c.json", "b.npz", target="keras")


def test_json_that_is_nested_too_deeply(folder: Path) -> None:
    Path("c.json").write_text("[" * 100_000)
    with pytest.raises(dc.GeometryError, match="the config is not JSON"):
        dc.convert_checkpoint("a.npz", "c.json", "b.npz", target="keras")


PICKLES = "checkpoints are read from .npz and .safetensors files, never from pickles: "
TORCH = "save it as safetensors.torch.save_file(model.state_dict(), 'x.safetensors')"
PATHS = [
    (("a.npz", "b.npz", "caffe"), "no such framework: target='caffe'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite"),
    (("model.pt", "b.npz", "keras"), f"{PICKLES}'model.pt'; {TORCH}"),
    (("model.pth", "b.npz", "keras"), f"{PICKLES}'model.pth'; {TORCH}"),
    (("model.ckpt", "b.npz", "keras"), f"{PICKLES}'model.ckpt'; {TORCH}"),
    (("model.bin", "b.npz", "keras"), f"{PICKLES}'model.bin'; {TORCH}"),
    (("model.pkl", "b.npz", "keras"), f"{PICKLES}'model.pkl'; {TORCH}"),
    (("model.h5", "b.npz", "keras"), f"{PICKLES}'model.h5'; save it as np.savez('x.npz', **{{v.path: v.numpy() for v in model.weights}})"),
    (("model", "b.npz", "keras"), f"{PICKLES}'model'; save it as one of these"),
    (("no.npz", "b.npz", "keras"), "there is no such checkpoint: 'no.npz' does not exist; give the path of a file"),
    (("dir.npz", "b.npz", "keras"), "there is no such checkpoint: 'dir.npz' is a folder; give the path of a file"),
    ((None, "b.npz", "keras"), "source_file is not a path: source_file=None; give the path of a file"),
    (("x\0.npz", "b.npz", "keras"), "source_file is not a path: source_file='x\\x00.npz'; give the path of a file"),
    (("a.npz", "b.pt", "keras"), "target_file has no known suffix: 'b.pt'; name it *.npz or *.safetensors"),
    (("a.npz", "no/b.npz", "keras"), "the folder does not exist: 'no'; create it, or save somewhere else"),
    (("a.npz", "dir.npz", "keras"), "target_file is a folder: 'dir.npz'; name a file"),
    (("a.npz", "a.npz", "keras"), "target_file is one of the files to be read: 'a.npz'; write somewhere else"),
    (("a.npz", "link.npz", "keras"), "target_file is one of the files to be read: 'link.npz'; write somewhere else"),
    (("a.npz", "there.npz", "keras"), "target_file exists already: 'there.npz'; name another file, or allow it: overwrite=True (--overwrite)"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), PATHS, ids=[str(arguments) for arguments, _ in PATHS])
def test_errors_of_paths(arguments: tuple[Any, Any, str], message: str, folder: Path) -> None:
    Path("dir.npz").mkdir()
    Path("link.npz").symlink_to("a.npz")
    Path("there.npz").write_bytes(b"what was here")
    source, out, target = arguments
    refused(message, source, CONFIG, out, target=target)


def test_names_too_long_for_the_system(folder: Path) -> None:
    with pytest.raises(
        dc.GeometryError, match=r"source_file is no path here: 'xxx.*…x.*\.npz': File name too long; use"
    ):
        dc.convert_checkpoint("x" * 5000 + ".npz", CONFIG, "b.npz", target="keras")


def test_the_config_file_is_written_with_the_checkpoint_or_not_at_all(folder: Path) -> None:
    Path("c.json").write_text(json.dumps(CONFIG))
    message = "write_config is one of the files to be read: 'c.json'; write somewhere else"
    refused(message, "a.npz", "c.json", "b.npz", target="keras", overwrite=True, write_config="c.json")
    message = "write_config has no known suffix: 'c.txt'; name it *.json"
    refused(message, "a.npz", "c.json", "b.npz", target="keras", write_config="c.txt")
    config = changed(keep=[])
    with pytest.raises(dc.GeometryError, match="no pattern of keep claims"):
        dc.convert_checkpoint("a.npz", config, "b.npz", target="keras", write_config="new.json")
    assert {path.name for path in folder.iterdir()} == {"a.npz", "c.json"}


def test_overwriting_is_asked_for_and_survives_failures(folder: Path) -> None:
    Path("b.npz").write_bytes(b"what was here")
    refused(ERRORS[-1][1], "a.npz", ERRORS[-1][0], "b.npz", target="keras", overwrite=True)
    dc.convert_checkpoint("a.npz", CONFIG, "b.npz", target="keras", overwrite=True)
    assert "head.kernel" in np.load("b.npz")


def test_several_problems_are_one_error(folder: Path) -> None:
    np.savez("n.npz", **{f"l{number}.weight": UP for number in range(6)})
    words = {"input_size": [8, 8], "stride": 2, "dilation": 2}
    layers = {f"l{number}": words for number in range(6)}
    reason = "keras refuses dilation_rate above 1 together with strides above 1 (nearest: keras.layers.Conv2DTranspose(C_out, kernel_size=7, strides=2), with zeros between the taps (dilation 2))"  # fmt: skip
    refused(
        f"keras cannot say 6 layers: 'l0': {reason}; 'l1': {reason}; 'l2': {reason}; and 3 more; choose another target, "
        "or rebuild these as dc.convert shows: its refusal has weights and a program",
        "n.npz", {"framework": "torch", "layers": layers}, "b.npz", target="keras",
    )  # fmt: skip
    layers = {f"l{number}": {"input_size": [8, 8], "kernel_size": number} for number in range(1, 6)}
    with pytest.raises(dc.GeometryError) as caught:
        dc.convert_checkpoint("n.npz", {"framework": "torch", "layers": layers, "keep": ["*"]}, "b.npz", target="keras")
    said = "the weight does not have the layout of torch: its shape is (3, 4, 4, 4)"
    assert str(caught.value) == (
        f"4 layers do not have the layout of torch: 'l1': {said}; 'l2': {said}; 'l3': {said}; and 1 more; "
        "correct the config, or the framework it names"
    )
    missing = {f"x{number}": {"kind": "linear"} for number in range(6)}
    with pytest.raises(dc.GeometryError, match=r"in the checkpoint: 'x0', 'x1', 'x2', 'x3' and 2 more; correct"):
        dc.convert_checkpoint("n.npz", {"framework": "torch", "layers": missing}, "b.npz", target="keras")


def test_half_converted_checkpoints_are_told(folder: Path) -> None:
    """By names where they differ, by shapes where they do not, by the bias where shapes do not tell."""
    kernel, config = UP.transpose(2, 3, 1, 0), {"framework": "torch", "layers": {}}
    ups = {name: {"kernel_size": 4, "input_size": [8, 8]} for name in ("up1", "up2")}
    np.savez("h.npz", **{"up1.weight": UP, "up2.kernel": kernel})
    refused(
        "the checkpoint is half converted: torch has stored 'up1', keras 'up2'; convert the original, or take what is "
        "converted out of the layers and keep it",
        "h.npz", {**config, "layers": ups}, "b.npz", target="keras",
    )  # fmt: skip
    np.savez("h.npz", **{"up1.kernel": kernel, "up2.kernel": kernel})
    refused(
        "the checkpoint is of keras already: 'up1', 'up2' have its names or layout, not those of torch; use it as it "
        "is, or correct the framework in the config",
        "h.npz", {**config, "layers": ups}, "b.npz", target="keras",
    )  # fmt: skip
    # Under the new name.
    np.savez("h.npz", **{"up1.weight": UP, "new/up2.kernel": kernel})
    with pytest.raises(dc.GeometryError, match="half converted: torch has stored 'up1', keras 'up2'"):
        dc.convert_checkpoint("h.npz", {**config, "layers": ups, "rename": {"up2": "new/up2"}}, "b.npz", target="keras")
    # ONNX and PyTorch share the word; flax and keras share it too, and differ in shape, or only in the bias.
    flaxes = {name: {"kernel_size": [4, 4], "input_size": [8, 8]} for name in ("up1", "up2")}
    lax, bias = UP.transpose(2, 3, 0, 1), np.zeros(4)
    np.savez("h.npz", **{"up1/kernel": lax, "up1/bias": bias, "up2/kernel": kernel, "up2/bias": bias})
    with pytest.raises(dc.GeometryError, match="half converted: flax has stored 'up1', keras 'up2'"):
        dc.convert_checkpoint("h.npz", {"framework": "flax", "layers": flaxes}, "b.npz", target="keras")


def test_a_bias_of_the_wrong_length(folder: Path) -> None:
    np.savez("w.npz", **{**TENSORS, "up1.bias": np.zeros(5)})
    refused(
        "layer 'up1': bias does not fit the weight: bias has shape (5,), the weight (3, 4, 4, 4) has 4 output channels; "
        "give it shape (4,)",
        "w.npz", CONFIG, "b.npz", target="keras",
    )  # fmt: skip
    np.savez("w.npz", **{**TENSORS, "enc.0.bias": np.zeros(4)})
    refused(
        "layer 'enc.0': bias does not fit the weight: bias has shape (4,), the weight (5, 4, 2, 3) has 5 output "
        "channels; give it shape (5,)",
        "w.npz", CONFIG, "b.npz", target="keras",
    )  # fmt: skip


def test_other_layouts_are_recognised(folder: Path) -> None:
    np.savez("o.npz", **{"up.weight": UP[:, :2].transpose(2, 3, 1, 0), "up.bias": np.zeros(2)})
    words = {"kernel_size": 4, "input_size": [8, 8]}
    refused(
        "layer 'up': the weight does not have the layout of torch: its shape is (4, 4, 2, 3), its bias (2,); it would "
        "fit keras, tensorflow; use (C_in, C_out/groups, k0, k1), here (C_in, C_out/groups, 4, 4)",
        "o.npz", {"framework": "torch", "layers": {"up": words}}, "b.npz", target="jax",
    )  # fmt: skip
    # The kernel's size is not said: each layout has its own.
    config = {"framework": "torch", "layers": {"up": {"input_size": [8, 8]}}}
    with pytest.raises(dc.GeometryError, match=r"its bias \(2,\); it would fit keras, tensorflow; use"):
        dc.convert_checkpoint("o.npz", config, "b.npz", target="jax")


def test_names_that_collide_or_are_there_twice(folder: Path) -> None:
    np.savez("c.npz", **{**TENSORS, "norm.x": UP, "head.kernel": UP})
    refused(
        "two tensors would get one name: 'head.weight' and 'head.kernel' would both be 'head.kernel'; rename one of "
        "their layers",
        "c.npz", changed(keep=["*.x", "norm.[bc]ount", "head.kernel"]), "b.npz", target="keras",
    )  # fmt: skip
    np.savez("c.npz", **{**TENSORS, "head/weight": UP})
    refused(
        "a layer has two weights: 'head': 'head.weight', 'head/weight'; leave one of them",
        "c.npz", CONFIG, "b.npz", target="keras",
    )  # fmt: skip


def test_what_other_files_cannot_hold(folder: Path) -> None:
    safetensors.torch.save_file({"a": torch.ones(2, dtype=torch.bfloat16)}, "s.safetensors")
    keep = {"framework": "torch", "keep": ["*"]}
    refused(
        "NumPy has no such types: BF16 of 'a'; write a .safetensors file",
        "s.safetensors",
        keep,
        "b.npz",
        target="keras",
    )
    np.savez("n.npz", a=np.array(["text"]), b=np.zeros(2, np.complex128), __metadata__=np.ones(1))
    message = "safetensors has no such types: <U4, <c16 of 'a', 'b'; write a .npz file"
    refused(message, "n.npz", keep, "b.safetensors", target="keras")
    np.savez("n.npz", __metadata__=np.ones(1))
    message = "names that .safetensors files cannot hold: '__metadata__'; rename these"
    refused(message, "n.npz", keep, "b.safetensors", target="keras")
    np.savez("n.npz", **{"up.weight": UP.astype(np.complex128)})
    refused(
        "layer 'up': elements of this type are not moved: 'up.weight' is <c16; convert numbers of 1 to 8 bytes",
        "n.npz", {"framework": "torch", "layers": {"up": {"input_size": [8, 8]}}}, "b.npz", target="keras",
    )  # fmt: skip


def npy(header: bytes, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy file of this header."""
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


def zipped(**members: bytes) -> bytes:
    """A .npz file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    """A .safetensors file of this header."""
    return len(text.encode()).to_bytes(8, "little") + text.encode() + data


ONE = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
DAMAGED = "the file is damaged, or is not what its name says: "
FILES = [
    ("x.npz", b"", "'x.npz': File is not a zip file"),
    ("x.npz", pickle.dumps(7), "'x.npz': File is not a zip file"),
    ("x.npz", b"#!" + zipped(), "'x.npz': it does not begin as a zip archive"),
    ("x.npz", zipped(a=b"nonsense"), "'a': it has no .npy header"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}\n")), "'a': shape (1000000000000,) of float32 needs 4000000000000 bytes, 0 are there"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}\n", bytes(4))), "'a': its shape has an axis of a negative size"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1," * 65 + b")}\n", bytes(4))), "'a': its shape has 65 axes, of up to 64"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (0x" + b"f" * 4000 + b", 0x" + b"f" * 4000 + b")}\n")), "'a': its shape has an axis of 2**63 elements or more"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n", bytes(8))), "'a': shape () of float32 needs 4 bytes, 8 are there"),
    ("x.npz", zipped(a=npy(b"(" * 900)), "'a': it has no .npy header"),
    ("x.npz", zipped(a=npy(b"", version=b"\x03\x00")), "'a': version 3.0 of .npy, which is for records"),
    ("x.safetensors", b"", "'x.safetensors': the length of its header is wrong"),
    ("x.safetensors", b"\xff" * 20, "'x.safetensors': the length of its header is wrong"),
    ("x.safetensors", header("[]"), "'x.safetensors': its header is not a JSON object"),
    ("x.safetensors", header("{{"), "'x.safetensors': its header is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
    ("x.safetensors", header(ONE + ',"a":1}'), "'x.safetensors': its header has 'a' twice"),
    ("x.safetensors", header('{"a":' + "[" * 100_000), "'x.safetensors': its header is not JSON (nested too deeply)"),
    ("x.safetensors", header(ONE + "}", bytes(4)), "'x.safetensors': its tensors end at byte 70, the file at 66"),
    ("x.safetensors", header(ONE + "}", bytes(12)), "'x.safetensors': its tensors end at byte 70, the file at 74"),
    ("x.safetensors", header(ONE.replace("F32", "F33") + "}", bytes(8)), "'x.safetensors': the type 'F33' of 'a' is not known"),
    ("x.safetensors", header(ONE.replace("[2]", "[3]") + "}", bytes(8)), "'x.safetensors': the bytes of 'a' are not those of shape (3,) and F32"),
    ("x.safetensors", header(ONE.replace("[2]", "[true]") + "}", bytes(8)), "'x.safetensors': its header does not tell dtype, shape and data_offsets of 'a'"),
    ("x.safetensors", header(ONE.replace("[0,8]", "[8,0]") + "}", bytes(8)), "'x.safetensors': the bytes of 'a' are not those of shape (2,) and F32"),
    ("x.safetensors", header('{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}', bytes(1)), "'x.safetensors': the bytes of 'a' are not those of shape (3,) and F4"),
    ("x.safetensors", header('{"a":{"dtype":"F32","shape":[0' + ",1" * 99 + '],"data_offsets":[0,0]}}'), "'x.safetensors': 'a' has 100 axes, of up to 64"),
    ("x.safetensors", header('{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}'), "'x.safetensors': array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."),
    ("x.safetensors", header(ONE.replace("[0,8]", "[-0,8]") + "}", bytes(8)), "'x.safetensors': its header does not tell dtype, shape and data_offsets of 'a'"),
    ("x.safetensors", header('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'), "'x.safetensors': its header does not tell dtype, shape and data_offsets of 'a'"),
    ("x.safetensors", header(ONE + ',"__metadata__":{},"__metadata__":{}}', bytes(8)), "'x.safetensors': its header has '__metadata__' twice"),
    ("x.safetensors", header(ONE + ',"__metadata__":[]}', bytes(8)), "'x.safetensors': its metadata is not words with texts"),
    ("x.safetensors", header(ONE.replace('"a"', '"\\ud800"') + "}", bytes(8)), "'x.safetensors': its header is not JSON ('utf-8' codec can't encode character '\\ud800' in position 2: surrogates not allowed)"),
    ("x.safetensors", header(ONE + ',"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', bytes(12)), "'x.safetensors': the bytes of 'b' are not those of shape (2,) and F32"),
    ("x.safetensors", header(ONE + ',"__metadata__":{"a":1}}', bytes(8)), "'x.safetensors': its metadata is not words with texts"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "why"), FILES, ids=[f"{number} {why[:50]}" for number, (_, _, why) in enumerate(FILES)]
)
def test_damaged_files(name: str, data: bytes, why: str, folder: Path) -> None:
    Path(name).write_bytes(data)
    refused(f"{DAMAGED}{why}; save it again", name, {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras")


def test_the_package_refuses_these_files_too(folder: Path) -> None:
    for name, data, _ in FILES:
        if name.endswith(".safetensors"):
            with pytest.raises(Exception):  # noqa: B017, PT011
                safetensors.numpy.load(data)


STRICTER = [
    # What the package reads, and which of two it means would be a guess, or what it passes over would be lost.
    (header("{" + ONE[1:] + "," + ONE[1:] + "}", bytes(8)), f"{DAMAGED}'x.safetensors': its header has 'a' twice; save it again"),
    (header(ONE + ',"__metadata__":{"b":"1","c":"2","b":"3"}}', bytes(8)), f"{DAMAGED}'x.safetensors': its header has 'b' twice; save it again"),
    (header(ONE[:-1] + ',"scale":2}}', bytes(8)), "the file says more of a tensor than is understood here: 'x.safetensors': 'a' has 'scale' beside dtype, shape and data_offsets; load it with the package safetensors, which passes over these, and save it again"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), STRICTER, ids=["tensor twice", "word twice", "more words"])
def test_what_the_package_reads_and_nobody_should_guess(data: bytes, message: str, folder: Path) -> None:
    assert list(safetensors.numpy.load(data)) == ["a"]
    Path("x.safetensors").write_bytes(data)
    refused(message, "x.safetensors", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras")


def test_metadata_that_are_null_are_none(folder: Path) -> None:
    data = header(ONE + ',"__metadata__":null}', np.ones(2, "<f4").tobytes())
    Path("x.safetensors").write_bytes(data)
    report = dc.convert_checkpoint(
        "x.safetensors", {"framework": "torch", "keep": ["a"]}, "y.safetensors", target="keras"
    )
    assert "metadata" not in report.config
    assert np.array_equal(safetensors.numpy.load(data)["a"], safetensors.numpy.load_file("y.safetensors")["a"])


def test_random_damage_that_the_package_refuses_is_refused() -> None:
    counts = run_headers(2000, 0)
    assert counts["read by both"] > 300
    assert counts["refused by both"] > 800
    assert 0 < counts["read by the package only"] < 300


NO_BYTES = "elements of no bytes are not read: 'a' has dtype {}; save it without this array"


@pytest.mark.parametrize("descr", ["|S0", "|V0", "<U0", [], ("<f4", (0,))], ids=str)
@pytest.mark.parametrize("shape", [(10**12,), (2**62, 2), (10**9, 10**9), (0,), ()], ids=str)
def test_elements_of_no_bytes(descr: Any, shape: tuple[int, ...], folder: Path) -> None:
    """As many of them as one likes fit into a file of 300 bytes."""
    array = npy(f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n".encode())
    Path("x.npz").write_bytes(zipped(a=array))
    keep = {"framework": "torch", "keep": ["*"]}
    said = descr if descr in ("|S0", "<U0") else "|V0"
    refused(NO_BYTES.format(said), "x.npz", keep, "b.npz", target="keras")
    Path("a.npy").write_bytes(array)
    with pytest.raises(dc.GeometryError, match="elements of no bytes"):
        read_npy("a.npy")


def test_shapes_without_elements_are_kept(folder: Path) -> None:
    """Long axes beside one of no length: nothing is stored, and nothing iterated."""
    empty = {"a": np.zeros((10**12, 0), "f4"), "b": np.zeros((0, 2**40), "?")}
    np.savez("z.npz", **empty)
    for name in ("b.npz", "b.safetensors"):
        dc.convert_checkpoint("z.npz", {"framework": "torch", "keep": ["*"]}, name, target="keras")
    assert {name: array.shape for name, array in np.load("b.npz").items()} == {"a": (10**12, 0), "b": (0, 2**40)}
    assert files.read(Path("b.safetensors")).tensors["a"].shape == (10**12, 0)


def test_shapes_of_very_many_axes_take_no_time(folder: Path) -> None:
    """Their product would have millions of digits."""
    data = header('{"a":{"dtype":"U8","shape":[' + f"{2**63 - 1}," * 400_000 + '2],"data_offsets":[0,0]}}')
    Path("x.safetensors").write_bytes(data)
    refused(
        f"{DAMAGED}'x.safetensors': 'a' has 400,001 axes, of up to 64; save it again",
        "x.safetensors", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras",
    )  # fmt: skip


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_unpack_to_more_than_they_say(how: int, folder: Path) -> None:
    """No more is unpacked than the directory says; the ways of packing that cannot be stopped are refused."""
    array = npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (8,)}\n", bytes(8))
    whole, out = array + bytes(2**28), io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("a.npy", whole)
    data = out.getvalue()
    for number in (len, zlib.crc32):
        data = data.replace(number(whole).to_bytes(4, "little"), number(array).to_bytes(4, "little"))
    del whole, out
    Path("x.npz").write_bytes(data)
    keep = {"framework": "torch", "keep": ["*"]}
    if how == zipfile.ZIP_DEFLATED:
        tracemalloc.start()
        dc.convert_checkpoint("x.npz", keep, "b.npz", target="keras")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**23
        assert np.load("b.npz")["a"].shape == (8,)
    else:
        message = f"{DAMAGED}'x.npz': it is packed in a way that NumPy does not use: 'a.npy'; save it again"
        refused(message, "x.npz", keep, "b.npz", target="keras")


def test_python_objects_are_never_unpickled(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, ("sprung",)

    np.savez("p.npz", a=np.array([Trap()], dtype=object))
    refused(
        "Python objects are not read, because pickle can run any code: 'a' has dtype object; save it as numbers",
        "p.npz", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras",
    )  # fmt: skip
    torch.save({"a": torch.ones(2)}, "model.npz")  # a zip archive too, with a pickle inside
    refused(
        f"{DAMAGED}'model.npz': it holds other things than arrays: 'model/data.pkl', 'model/.format_version', "
        "'model/.storage_alignment', 'model/byteorder' and 3 more; save it again",
        "model.npz", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras",
    )  # fmt: skip
    assert not Path("sprung").exists()


def test_two_members_of_one_name(folder: Path) -> None:
    zero = npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n", bytes(4))
    with zipfile.ZipFile("t.npz", "w") as archive:
        archive.writestr("a.npy", zero)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.npy", zero)
    message = f"{DAMAGED}'t.npz': it holds two of 'a.npy'; save it again"
    refused(message, "t.npz", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras")


@pytest.mark.parametrize(
    ("module", "wrapped", "parts", "way"),
    [
        ("parametrizations", "weight_norm", ("original0", "original1"), "parametrize.remove_parametrizations(layer, 'weight')"),
        ("", "weight_norm", ("g", "v"), "remove_weight_norm(layer)"),
        ("", "spectral_norm", ("orig", "u"), "remove_spectral_norm(layer)"),
        ("parametrizations", "spectral_norm", ("original", "0._u"), "parametrize.remove_parametrizations(layer, 'weight')"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_weights_that_pytorch_keeps_in_parts(
    module: str, wrapped: str, parts: tuple[str, str], way: str, folder: Path
) -> None:
    home = torch.nn.utils.parametrizations if module else torch.nn.utils
    up = torch.nn.ConvTranspose2d(3, 4, 4)
    state = getattr(home, wrapped)(torch.nn.ConvTranspose2d(3, 4, 4)).state_dict()
    first = "up.parametrizations.weight." if module else "up.weight_"
    stored = {"ok.weight": up.weight.detach(), **{f"up.{name}": tensor.clone() for name, tensor in state.items()}}
    assert {f"{first}{part}" for part in parts} <= stored.keys()
    safetensors.torch.save_file(stored, "n.safetensors")
    config = {"framework": "torch", "layers": {name: {"input_size": [8, 8]} for name in ("ok", "up")}}
    with pytest.raises(dc.GeometryError) as caught:
        dc.convert_checkpoint("n.safetensors", config, "b.npz", target="keras")
    assert str(caught.value).startswith(f"{NONE_THERE}'up' (which has only 'up.bias', '{first}")
    assert caught.value.fix == f"before saving, make one weight of the parts that PyTorch keeps: torch.nn.utils.{way}"
    # And that is what helps.
    layer = getattr(home, wrapped)(torch.nn.ConvTranspose2d(3, 4, 4))
    eval(f"torch.nn.utils.{way}")
    assert "weight" in layer.state_dict()


def test_what_does_not_fit_in_memory_is_refused_before_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small archive that unpacks to much, by what its directory says."""
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(100 * 2**20))
    assert Path("bomb.npz").stat().st_size < 2**20
    monkeypatch.setattr(memory, "available_memory", lambda: 2**28)
    keep = {"framework": "torch", "keep": ["*"]}
    refused(
        "the checkpoint 'bomb.npz' does not fit in memory: 1 tensors: 300.0 MiB needed, 256.0 MiB free; convert it "
        "where there is more memory",
        "bomb.npz", keep, "b.npz", target="keras",
    )  # fmt: skip
    with Path("big.safetensors").open("wb") as big:
        big.truncate(2**27)
    refused(
        "the checkpoint 'big.safetensors' does not fit in memory: as a file: 384.0 MiB needed, 256.0 MiB free; convert "
        "it where there is more memory",
        "big.safetensors", keep, "b.npz", target="keras",
    )  # fmt: skip
    # A header is many times longer as Python's objects, and many small members take more than what they hold.
    text = ",".join(f'"t{number}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' for number in range(120_000))
    Path("many.safetensors").write_bytes(header("{" + text + "}"))
    size = Path("many.safetensors").stat().st_size
    needed = f"{(51 * size - 48 * 8) / 2**20:.1f} MiB"
    refused(
        f"the checkpoint 'many.safetensors' does not fit in memory: as a file: {needed} needed, 256.0 MiB free; "
        "convert it where there is more memory",
        "many.safetensors", keep, "b.npz", target="keras",
    )  # fmt: skip
    monkeypatch.setattr(npz, "_OF_MEMBER", 2**27)
    refused(
        "the checkpoint 'a.npz' does not fit in memory: 5 tensors: 640.0 MiB needed, 256.0 MiB free; convert it where "
        "there is more memory",
        "a.npz", keep, "b.npz", target="keras",
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_many_small_tensors_take_what_is_asked_for(suffix: str, folder: Path) -> None:
    """Peak of Python's memory from reading to writing, against what is required before."""
    count = 4000
    path = Path(f"many{suffix}")
    if suffix == ".npz":
        np.savez(path, **{f"t{number}": np.zeros(1) for number in range(count)})
    else:
        safetensors.numpy.save_file({f"t{number}": np.zeros(1) for number in range(count)}, path)
    asked = []
    dc.convert_checkpoint(path, {"framework": "torch", "keep": ["*"]}, f"warm{suffix}", target="keras")
    with pytest.MonkeyPatch.context() as patch:
        for module in (npz, ours):
            patch.setattr(module, "require_bytes", lambda what, values, needed: asked.append(needed))
        tracemalloc.start()
        dc.convert_checkpoint(path, {"framework": "torch", "keep": ["*"]}, f"b{suffix}", target="keras")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert 0.25 * asked[0] < peak < asked[0]


@pytest.mark.parametrize("name", ["a.npz", "s.safetensors"])
def test_files_that_cannot_be_read(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as such, not as damaged."""
    safetensors.numpy.save_file(TENSORS, "s.safetensors")

    def failing(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", failing)
    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.raises(dc.GeometryError) as caught:
        dc.convert_checkpoint(name, CONFIG, "b.npz", target="keras")
    assert str(caught.value) == (f"the file cannot be read: '{name}': Permission denied; give a file that can be read")
