"""Every error of checkpoints, word for word: configs, names, layouts, files, paths; nothing is ever half written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

import deconvs as dc

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
