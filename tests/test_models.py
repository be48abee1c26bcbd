"""The transposed convolutions of a PyTorch model, and what a checkpoint's config says of it."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import deconvs as dc
from deconvs.cli import run
from deconvs.live.config import checkpoint_config
from deconvs.live.models import Use, uses

from .frameworks import flax as flax_driver
from .frameworks import keras as keras_driver


class UNet(torch.nn.Module):
    """Layers, a function, a size that is asked for, and a branch that is only run on request."""

    def __init__(self, branch: bool = False) -> None:
        super().__init__()
        self.down = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.decoder = torch.nn.Sequential(torch.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, groups=2))
        self.weight = torch.nn.Parameter(torch.ones(6, 2, 2, 5))
        self.side = torch.nn.ConvTranspose2d(4, 1, 2)
        self.branch = branch

    def forward(self, x: Any) -> Any:
        y = self.norm(self.down(x))
        if self.branch:
            self.side(y)
        up = self.decoder[0](y, output_size=x.shape[2:])
        return torch.nn.functional.conv_transpose2d(up, self.weight, stride=(2, 1), padding=(0, 1), dilation=2)


def test_layers_functions_and_sizes_that_are_asked_for() -> None:
    model = UNet()
    skip = dc.ConvTranspose((3, 3), 2, 1, (1, 0), 1, 2)
    function = dc.ConvTranspose((2, 5), (2, 1), (0, 1), 0, 2)
    expected = [Use("decoder.0", skip, (4, 6), (4, 6)), Use("", function, (8, 11), (6, 2))]
    for inputs in ((1, 3, 8, 11), torch.ones(2, 3, 8, 11), (torch.ones(3, 3, 8, 11),)):
        assert uses(model, inputs) == expected
    assert [use.name for use in uses(UNet(branch=True), (1, 3, 8, 8))] == ["side", "decoder.0", ""]


def test_a_model_is_left_as_it_was() -> None:
    model = UNet()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    uses(model, (2, 3, 8, 8))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    model.norm.eval()
    uses(model, (2, 3, 8, 8))
    assert (model.training, model.norm.training, model.down.training) == (True, False, True)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    with pytest.raises(dc.GeometryError):
        uses(model, (2, 4, 8, 8))
    assert (model.training, model.norm.training) == (True, False)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert model(torch.zeros(1, 3, 8, 8)).shape == model.eval()(torch.zeros(1, 3, 8, 8)).shape


def test_a_layer_that_runs_twice_at_two_sizes_is_two_uses() -> None:
    layer = torch.nn.ConvTranspose1d(2, 2, 4, stride=2, padding=1)
    model = torch.nn.Sequential(layer, layer)
    assert [(use.name, use.input_size) for use in uses(model, (1, 2, 5))] == [("0", (5,)), ("0", (10,))]
    with pytest.raises(dc.GeometryError) as error:
        checkpoint_config(model, (1, 2, 5))
    assert str(error.value) == (
        "a layer runs at several sizes: '0' from (5,) to (10,), and from (10,) to (20,); "
        "convert it for each of them on its own"
    )


INPUTS = "inputs are neither tensors nor shapes: got {}; give (1, 3, 64, 64), a tensor, a tuple of these, or a dict of them by name"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (8, INPUTS.format("int")),
        ((), INPUTS.format("tuple")),
        (({"x": torch.ones(1, 3, 8, 8)},), INPUTS.format("dict")),
        ({"x": "tensor"}, INPUTS.format("str")),
        ((1, 3, 0, 8), "inputs[2] is too small: inputs[2]=0; use an integer of at least 1"),
        ((1, 4, 8, 8), "the model does not run on these inputs: shapes (1, 4, 8, 8): RuntimeError: Given groups=1, weight of size [4, 3, 3, 3], expected input[1, 4, 8, 8] to have 3 channels, but got 4 channels instead; give inputs that it takes, with batch and channels"),
        ({"y": (1, 3, 8, 8)}, "the model does not run on these inputs: shapes (1, 3, 8, 8): TypeError: UNet.forward() got an unexpected keyword argument 'y'; give inputs that it takes, with batch and channels"),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(inputs: Any, message: str) -> None:
    with pytest.raises(dc.GeometryError) as error:
        uses(UNet(), inputs)
    assert str(error.value) == message


def test_several_inputs_by_place_and_by_name() -> None:
    class Two(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = torch.nn.ConvTranspose1d(3, 2, 2, stride=2)

        def forward(self, x: Any, skip: Any) -> Any:
            return self.up(x) + skip

    for inputs in (((1, 3, 5), (1, 2, 10)), (torch.ones(1, 3, 5), (1, 2, 10)), {"skip": (1, 2, 10), "x": [1, 3, 5]}):
        assert [(use.name, use.input_size) for use in uses(Two(), inputs)] == [("up", (5,))]


def test_whatever_a_model_raises_is_told_in_one_line() -> None:
    class Broken(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return {}["key"]

    with pytest.raises(dc.GeometryError) as error:
        dc.check(Broken(), (1, 3))
    assert "KeyError: 'key'" in str(error.value)
    assert isinstance(error.value.__cause__, KeyError)
    with pytest.raises(dc.GeometryError, match="the model has layers without a weight yet: lazy modules; run it once"):
        dc.check(torch.nn.Sequential(torch.nn.LazyConvTranspose1d(2, 3)), (1, 3, 5))
    lazy = torch.nn.LazyConvTranspose1d(2, 3)
    with pytest.raises(dc.GeometryError):
        dc.check(lazy, 5)
    assert isinstance(lazy, torch.nn.LazyConvTranspose1d)


def by_three(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    return torch.conv_transpose1d(x, w, stride=[3])


def test_traced_scripted_and_low_level_calls_are_seen() -> None:
    plain = torch.nn.Sequential(torch.nn.Conv1d(4, 4, 1), torch.nn.ConvTranspose1d(4, 2, 3, stride=2))
    (use,) = uses(plain, (1, 4, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls tracing deprecated
        traced, script = torch.jit.trace(plain, torch.zeros(1, 4, 8)), torch.jit.script(plain)
        scripted = torch.jit.script(by_three)

    class Calls(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            low = torch.convolution(x, torch.ones(4, 1, 2), None, [2], [0], [1], True, [1], 1)
            return scripted(x, torch.ones(4, 2, 5)), low

    for model in (traced, script, torch.nn.Sequential(torch.nn.Identity(), script)):
        assert [replace(found, name="1") for found in uses(model, (1, 4, 8))] == [use]
        assert dc.check(model, (1, 4, 8))[0].code == "uneven-coverage"
        with pytest.raises(dc.GeometryError, match="the layers of traced and scripted models have no names"):
            checkpoint_config(model, (1, 4, 8))
    assert [(found.geometry, found.channels) for found in uses(Calls(), (1, 4, 8))] == [
        (dc.ConvTranspose((2,), 2, 0, 1), (4, 1)),
        (dc.ConvTranspose((5,), 3), (4, 2)),
    ]
    exported = torch.export.export(plain, (torch.zeros(1, 4, 8),)).module()
    with pytest.raises(dc.GeometryError, match="exported models cannot be watched while they run"):
        dc.check(exported, (1, 4, 8))


def test_layers_that_do_not_run_are_told_of() -> None:
    found = dc.check(UNet(), (1, 3, 8, 8))
    assert [(f.where, f.severity) for f in found if f.code == "not-run"] == [("side", "note")]
    assert not [f for f in dc.check(UNet(branch=True), (1, 3, 8, 8)) if f.code == "not-run"]


def test_modules_with_two_names_are_layers_under_both() -> None:
    class Shared(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = torch.nn.ConvTranspose1d(3, 3, 3, padding=1)
            self.conv = torch.nn.Conv1d(3, 3, 3, padding=1)
            self.alias, self.second = self.up, self.conv

        def forward(self, x: Any) -> Any:
            return self.conv(self.up(self.alias(self.second(x))))

    config = checkpoint_config(Shared(), (1, 3, 8))
    assert set(config["layers"]) == {"up", "alias", "conv", "second"}
    assert config["layers"]["alias"] == config["layers"]["up"]
    assert config["keep"] == []


def test_weights_that_a_function_runs() -> None:
    class Up(torch.nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name
            self.register_parameter(name, torch.nn.Parameter(torch.ones(3, 2, 4)))

        def forward(self, x: Any) -> Any:
            return torch.nn.functional.conv_transpose1d(x, getattr(self, self.name), stride=2)

    config = checkpoint_config(torch.nn.Sequential(Up("weight")), (1, 3, 8))
    assert config["layers"]["0"]["stride"] == [2]
    assert config["keep"] == []
    assert checkpoint_config(Up("weight"), (1, 3, 8))["layers"][""]["kernel_size"] == [4]
    with pytest.raises(dc.GeometryError) as error:
        checkpoint_config(torch.nn.Sequential(Up("kernel")), (1, 3, 8))
    assert str(error.value) == (
        "a transposed convolution's weight has no name of a layer: in '0' it is the parameter '0.kernel'; "
        "run it by a layer, or by a function with a parameter called weight"
    )
    normed = torch.nn.Sequential(torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(3, 2, 4)))
    with pytest.raises(
        dc.GeometryError, match="layers whose weight is computed from other tensors: '0'; make it plain"
    ):
        checkpoint_config(normed, (1, 3, 8))


def test_check_of_a_model_names_the_layers() -> None:
    found = dc.check(UNet(), (1, 3, 8, 11), targets=["tflite"])
    assert {finding.where for finding in found if finding.code != "not-run"} == {"decoder.0", ""}
    alone = dc.check(dc.ConvTranspose((3, 3), 2, 1, (1, 0), 1, 2), (4, 6), channels=(4, 6), targets="tflite")
    assert [replace(finding, where="") for finding in found if finding.where == "decoder.0"] == alone
    assert {"unsupported", "uneven-coverage"} <= {finding.code for finding in alone}
    twice = torch.nn.Sequential(*[torch.nn.ConvTranspose1d(2, 2, 3, stride=2)] * 2)
    assert {finding.where for finding in dc.check(twice, (1, 2, 5))} == {"0 at 5", "0 at 11"}
    assert dc.check(torch.nn.Conv1d(1, 1, 3), (1, 1, 5)) == []


def test_check_of_a_checkpoint_is_that_of_its_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = UNet(branch=True)
    weights, config = tmp_path / "unet.safetensors", tmp_path / "layers.json"
    safetensors.torch.save_file(model.state_dict(), weights)
    config.write_text(json.dumps(checkpoint_config(model, (1, 3, 8, 11))))
    found = dc.check(weights, config, targets=["keras"])
    expected = dc.check(model, (1, 3, 8, 11), targets=["keras"])
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert {finding.where for finding in found} == {"decoder.0", "side", ""}
    assert run(["check", str(weights), "--config", str(config), "--target", "keras", "--json"]) == 1
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert [(layer["name"], layer["channels"]) for layer in layers] == [
        ("side", [4, 1]),
        ("decoder.0", [4, 6]),
        ("", [6, 2]),
    ]
    assert [finding for layer in layers for finding in layer["findings"]] == [finding.as_dict() for finding in found]
    assert run(["check", str(weights), "--config", str(config)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("side: 4x6 -> 5x7, channels 4 -> 1: ")
    assert "\n\n\ndecoder.0: 4x6 -> 8x11, channels 4 -> 6: " in out
    assert run(["check", str(weights)]) == 2
    assert capsys.readouterr().err == (
        f"deconvs: a checkpoint needs a config that names its layers: '{weights}' alone; add --config layers.json\n"
    )
    assert run(["check", str(weights), "--config", str(config), "-k", "3"]) == 2
    assert capsys.readouterr().err == (
        "deconvs: the layers of a checkpoint are in its config: --kernel-size given too; leave it out, or --config\n"
    )
    swapped = {**model.state_dict(), "side.weight": model.side.weight.detach().permute(2, 3, 1, 0).contiguous()}
    safetensors.torch.save_file(swapped, weights)
    with pytest.raises(dc.GeometryError) as error:
        dc.check(weights, config)
    assert "'side': the weight does not have the layout of torch: its shape is (2, 2, 1, 4)" in str(error.value)
    assert "it would fit keras, tensorflow" in str(error.value)


def test_check_of_a_live_layer() -> None:
    nnx, keras = flax_driver.nnx(), keras_driver.keras()
    flax = nnx.ConvTranspose(2, 4, (3, 4), strides=(2, 2), rngs=nnx.Rngs(0))
    in_keras = keras.layers.Conv2DTranspose(4, (3, 4), strides=2, padding="same")
    in_keras.build((None, None, None, 2))
    same = dc.ConvTranspose((3, 4), 2, ((0, 1), (1, 1)))
    expected = dc.check(same, (5, 6), channels=(2, 4))
    assert expected[0].code == "uneven-coverage"
    for layer in (flax, in_keras):
        assert dc.check(layer, (5, 6)) == expected
    assert dc.check(in_keras, 5) == dc.check(same, 5, channels=(2, 4))
    up = torch.nn.ConvTranspose2d(2, 4, (3, 4), stride=2, groups=2)
    spatial = dc.check(up, (5, 6), targets="keras")
    assert spatial == dc.check(up, (1, 2, 5, 6), targets="keras")
    assert spatial[0].code == "unsupported"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "dc.check(3, 4)",
            (
                "check takes a layer or a model: got int; pass a ConvTranspose, a layer of PyTorch, Keras or Flax, "
                "a PyTorch model, or a checkpoint's path"
            ),
        ),
        (
            "dc.check(torch.nn.ConvTranspose1d(1, 1, 3), 4, channels=(1, 1))",
            "live layers know their channels: channels=(1, 1); leave channels out",
        ),
        (
            "dc.check(FLAX(), (1, 4, 1))",
            "input_size has the wrong number of axes: input_size=(1, 4, 1) has 3 where the geometry has 1; give one integer for all axes, or 1, one for each",
        ),
        (
            "dc.check(torch.nn.ConvTranspose1d(1, 1, 3), 0)",
            "input_size is too small: input_size=0; use an integer of at least 1",
        ),
    ],
)
def test_what_cannot_be_checked(call: str, message: str) -> None:
    nnx = flax_driver.nnx()
    with pytest.raises(dc.GeometryError) as error:
        eval(call, {"dc": dc, "torch": torch, "FLAX": lambda: nnx.ConvTranspose(1, 1, 3, rngs=nnx.Rngs(0))})
    assert str(error.value) == message


def test_the_config_of_a_checkpoint() -> None:
    config = checkpoint_config(UNet(branch=True), (1, 3, 8, 11))
    assert json.loads(json.dumps(config)) == config
    assert set(config["layers"]) == {"down", "decoder.0", "side", ""}
    assert config["layers"]["down"] == {"kind": "conv"}
    assert config["layers"]["decoder.0"]["input_size"] == [4, 6]
    of_norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    assert config["keep"] == [f"norm.{name}" for name in of_norm]
    with pytest.raises(
        dc.GeometryError, match="layers do not run on these inputs: 'side'; give inputs that reach them"
    ):
        checkpoint_config(UNet(), (1, 3, 8, 8))
    with pytest.raises(dc.GeometryError, match=r"not a PyTorch model: got dict; give a torch\.nn\.Module"):
        checkpoint_config({}, (1, 3, 8, 8))
