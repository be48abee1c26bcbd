"""`deconvs convert` as users meet it: parameters, arrays, checkpoints, and every wrong combination of options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import deconvs as dc
from deconvs.cli import run
from deconvs.cli_convert import parameters

from .frameworks.programs import run_program

CONVERTED = """\
keras -> torch, 7x7 -> 14x14
  ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=((0, 1), (0, 1)))

torch
  kernel_size     (3, 3)
  stride          (2, 2)
  padding         (0, 0)
  output_padding  (0, 0)
  groups          1
  dilation        (1, 1)

weight: (k0, k1, C_out, C_in) -> (C_in, C_out/groups, k0, k1)
  weight.transpose(3, 2, 0, 1)

still to be cut from its output: 0 before, 1 after

program, from x, weight
  import torch

  layer = torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=3, stride=2, bias=False)
  with torch.no_grad():
      layer.weight.copy_(torch.as_tensor(weight))
  y = layer(x)
  y = y[:, :, :-1, :-1]
"""

REFUSED = """\
torch -> keras: no exact spelling
  keras has no groups in transposed convolutions

the nearest in keras
  kernel_size     (3, 3)
  strides         (2, 2)
  dilation_rate   (1, 1)
  padding         'same'
  output_padding  (0, 0)

what makes it equal
  once for each of the 2 groups of channels

program, from x and weights, one for each group, (and bias)
  import keras

  def one_group(x, weight):
      layer = keras.layers.Conv2DTranspose(C_out // 2, kernel_size=3, strides=2, padding="same", output_padding=0, \
use_bias=False)
      layer.build((None, None, None, C_in // 2))
      layer.set_weights([weight])
      y = layer(x)
      return y

  parts = [one_group(*pair) for pair in zip(keras.ops.split(x, 2, axis=-1), weights)]
  y = keras.ops.concatenate(parts, axis=-1)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def convert(arguments: str, *more: str) -> int:
    """The command's exit code."""
    return run(["convert", *arguments.split(), *more])


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ("7x7 --from keras --to torch kernel_size=3 strides=2 padding=same", 0, CONVERTED),
        ("7x7 --from torch --to keras kernel_size=3 stride=2 padding=1 groups=2", 1, REFUSED),
        ("7x7x7x7 --from onnx --to torch kernel_shape=[2,2,2,2]", 1, "onnx -> torch: no exact spelling\n  torch has ConvTranspose1d, 2d and 3d: kernel_size cannot have 4 axes\n"),
    ],
    ids=["converted", "refused", "nothing near"],
)  # fmt: skip
def test_parameters(arguments: str, code: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(arguments) == code
    assert capsys.readouterr().out == text


def test_parameters_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("7x6 --from keras --to jax kernel_size=3x2 strides=2 padding=same --json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data.pop("code").endswith("padding=((2, 1), (1, 1)))")
    assert data == {
        "source": "keras",
        "target": "jax",
        "geometry": "ConvTranspose(kernel_size=(3, 2), stride=(2, 2), padding=((0, 1), (0, 0)))",
        "input_size": [7, 6],
        "output_size": [14, 12],
        "params": {
            "kernel_size": [3, 2],
            "strides": [2, 2],
            "padding": [[2, 1], [1, 1]],
            "rhs_dilation": [1, 1],
            "transpose_kernel": False,
            "use_consistent_padding": False,
        },
        "weight": {
            "source": ["k0", "k1", "C_out", "C_in"],
            "target": ["k0", "k1", "C_in", "C_out"],
            "flipped": True,
            "numpy": "weight.transpose(0, 1, 3, 2)[::-1, ::-1].copy()",
        },
        "crop": None,
    }
    assert convert("7 --from torch --to keras kernel_size=3 groups=3 --json") == 1
    data = json.loads(capsys.readouterr().out)
    assert data["reason"] == "keras has no groups in transposed convolutions"
    assert (data["nearest"]["groups"], data["nearest"]["then"]) == (3, ["once for each of the 3 groups of channels"])
    assert "one_group" in data["nearest"]["code"]
    assert convert("2x2x2x2 --from onnx --to torch kernel_shape=[2,2,2,2] --json") == 1
    assert json.loads(capsys.readouterr().out)["nearest"] is None


def test_the_printed_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    np.save("w.npy", np.arange(48, dtype=np.float32).reshape(2, 2, 3, 4) - 20)
    np.save("b.npy", np.arange(3, dtype=np.float32))
    words = "5x6 --from keras --to torch strides=2 padding=same --weight w.npy --bias b.npy --out o.npy"
    assert convert(words) == 0
    out = capsys.readouterr().out
    assert out.endswith("\n\nwrote o.npy: float32 (4, 3, 2, 2)\n")
    code = out.partition("program, from x, weight and bias\n")[2].partition("\n\nwrote")[0]
    x = np.arange(2 * 4 * 30, dtype=np.float32).reshape(2, 4, 5, 6) % 11
    y = run_program("torch", "\n".join(line[2:] for line in code.splitlines()), x, [np.load("o.npy")], np.load("b.npy"))
    g = dc.ConvTranspose((2, 2), 2)
    assert np.array_equal(y, g.prepare(np.load("w.npy").transpose(3, 2, 0, 1), np.load("b.npy"))(x))


@pytest.mark.parametrize(
    "dtype", [np.float64, np.int8, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.complex64, ">f4"]
)
def test_arrays_of_any_type_keep_their_bytes(dtype: Any, capsys: pytest.CaptureFixture[str]) -> None:
    weight = np.arange(24).astype(dtype).reshape(3, 2, 4)
    np.save("w.npy", weight)
    saved = np.load("w.npy")  # as NumPy reads the types that it does not know: bytes without a meaning
    assert convert("5 --from torch --to flax --weight w.npy --out o.npy --json") == 0
    assert json.loads(capsys.readouterr().out)["out"] == "o.npy"
    made = np.load("o.npy")
    assert made.dtype == saved.dtype
    assert made.tobytes() == saved.transpose(2, 0, 1)[::-1].tobytes()


def test_nothing_is_written_for_a_refusal() -> None:
    np.save("w.npy", np.zeros((4, 2, 3, 3)))
    words = "5x5 --from torch --to keras groups=2 --weight w.npy --out o.npy"
    assert convert(words) == 1
    assert not Path("o.npy").exists()


def test_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("a.npz", **{"up.weight": np.arange(24.0).reshape(2, 3, 4), "n": np.ones(1)})
    config = {"framework": "torch", "layers": {"up": {"input_size": [5], "stride": 2}}, "keep": ["n"]}
    Path("c.json").write_text(json.dumps(config))
    words = "--checkpoint a.npz --config c.json --to keras --out b.npz --write-config back.json"
    assert convert(words) == 0
    report = dc.convert_checkpoint("a.npz", config, "b2.npz", target="keras")
    assert capsys.readouterr().out == f"{report}\n".replace("b2.npz", "b.npz")
    assert convert("--checkpoint b.npz --config back.json --to torch --out c.npz --json") == 0
    assert json.loads(capsys.readouterr().out)["config"]["framework"] == "torch"
    assert Path("c.npz").read_bytes() == Path("a.npz").read_bytes()
    assert convert(words) == 2
    assert "target_file exists already: 'b.npz'" in capsys.readouterr().err
    assert convert(words, "--overwrite") == 0


ERRORS = [
    ("", "what to convert is missing: got no input size; begin with an input size such as 7x7, or give --checkpoint FILE"),
    ("kernel_size=3", "what to convert is missing: got kernel_size=3; begin with an input size such as 7x7, or give --checkpoint FILE"),
    ("7", "--from and --to are missing: both are needed; add, for example, --from keras --to torch"),
    ("7 --from keras", "--from and --to are missing: both are needed; add, for example, --from keras --to torch"),
    ("7 --from caffe --to torch kernel_size=3", "no such framework: 'caffe'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite"),
    ("7 --from torch --to caffe kernel_size=3", "no such framework: 'caffe'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite"),
    ("7 --from torch --to keras", "torch needs kernel_size: got []; add kernel_size; known are: kernel_size, stride, padding, output_padding, groups, dilation, padding_mode, in_channels, out_channels, bias, device, dtype"),
    ("7 --from torch --to keras kernel_size", "not a parameter: 'kernel_size'; write KEY=VALUE, as in strides=2"),
    ("7 --from torch --to keras =3", "not a parameter: '=3'; write KEY=VALUE, as in strides=2"),
    ("7 --from torch --to keras kernel_size=3 kernel_size=4", "a parameter is given twice: kernel_size; give it once"),
    ("7 --from torch --to keras kernel_size=[3", "kernel_size cannot be read: '[3'; write it like 2, 2x1, ((0, 1), (0, 1)) or same"),
    ("7 --from torch --to keras kernel_size=99999999999999999999", "kernel_size does not fit in 64 bits: kernel_size='99999999999999999999'; stay within 9223372036854775807 (2**63 - 1)"),
    (f"7 --from torch --to keras kernel_size=3 padding_mode={'z' * 900}", f"padding_mode is not known: padding_mode='{'z' * 185}…; use one of zeros"),
    ("7y7 --from torch --to keras", "input_size cannot be read: input_size='7y7'; write it like 4x4, or 4 for one axis"),
    ("7 --from torch --to keras kernel_size=3 --out o.npy", "--out and --bias go with --weight: there is no --weight; add --weight FILE.npy"),
    ("7 --from torch --to keras kernel_size=3 --bias w.npy", "--out and --bias go with --weight: there is no --weight; add --weight FILE.npy"),
    ("7 --from torch --to keras --weight no.npy", "there is no such array: 'no.npy' does not exist; give the path of a file"),
    ("7 --from torch --to keras --weight w.pt", "arrays are read from .npy files, never from pickles: 'w.pt'; numpy.save it as one"),
    ("7 --from torch --to keras --weight objects.npy", "Python objects are not read, because pickle can run any code: 'objects.npy' has dtype object; save it as numbers"),
    ("7 --from torch --to keras --weight text.npy", "elements of this type are not moved: 'text.npy' is <U1; convert numbers of 1 to 8 bytes"),
    ("7 --from torch --to keras --weight bad.npy", "the file is damaged, or is not what its name says: 'bad.npy': it has no .npy header; save it again"),
    ("7x7 --from torch --to keras --weight w.npy", "weight has the wrong number of axes: weight has shape (2, 3, 4), input_size has 2; give it 4 axes, or input_size 1"),
    ("7 --from torch --to keras --weight w.npy --bias w.npy", "bias does not fit the weight: bias has shape (2, 3, 4), the weight has 3 output channels; give it shape (3,)"),
    ("7 --from torch --to keras --weight w.npy --out w.npy --overwrite", "--out is one of the files to be read: 'w.npy'; write somewhere else"),
    ("7 --from torch --to keras --weight w.npy --out there.npy", "--out exists already: 'there.npy'; name another file, or allow it: overwrite=True (--overwrite)"),
    ("7 --from torch --to keras --weight w.npy --out o.npz", "--out has no known suffix: 'o.npz'; name it *.npy"),
    ("7 --from torch --to keras --weight w.npy --out no/o.npy", "the folder does not exist: 'no'; create it, or save somewhere else"),
    ("7 --from torch --to keras kernel_size=3 --config c.json", "--config and --write-config are for checkpoints: there is no --checkpoint; add --checkpoint FILE"),
    ("--write-config c.json", "--config and --write-config are for checkpoints: there is no --checkpoint; add --checkpoint FILE"),
    ("--checkpoint a.npz", "--checkpoint needs more: --config, --to, --out missing; add --config"),
    ("--checkpoint a.npz --config c.json --to keras", "--checkpoint needs more: --out missing; add --out"),
    ("7 --checkpoint a.npz --from torch", "--checkpoint takes its layers from --config: parameters, --from given; leave them out"),
    ("--checkpoint a.npz --weight w.npy", "--checkpoint takes its layers from --config: --weight given; leave them out"),
    ("--checkpoint a.npz --config c.json --to keras --out b.npz", "there is no such checkpoint: 'a.npz' does not exist; give the path of a file"),
    ("--checkpoint a.pt --config c.json --to keras --out b.npz", "checkpoints are read from .npz and .safetensors files, never from pickles: 'a.pt'; save it as safetensors.torch.save_file(model.state_dict(), 'x.safetensors')"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), ERRORS, ids=[arguments[:70] for arguments, _ in ERRORS])
def test_errors(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("w.npy", np.zeros((2, 3, 4)))
    np.save("there.npy", np.zeros(1))
    np.save("text.npy", np.array("a"))
    np.save("objects.npy", np.array([None]), allow_pickle=True)
    Path("bad.npy").write_bytes(b"no array")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    assert convert(arguments) == 2
    assert capsys.readouterr() == ("", f"deconvs: {message}\n")
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_values_are_read_as_people_write_them() -> None:
    words = {
        "a=3": 3,
        "a=-1": -1,
        "a=2x1": (2, 1),
        "a=2,1": (2, 1),
        "a=2×1": (2, 1),
        "a=(2, 1)": (2, 1),
        "a=[2, 1]": [2, 1],
        "a=2,": (2,),
        "a=((0, 1), (0, 1))": ((0, 1), (0, 1)),
        "a=[true, null]": [True, None],
        "a='same'": "same",
        "a=same": "same",
        "a=SAME_UPPER": "SAME_UPPER",
        "a=True": True,
        "a=false": False,
        "a=None": None,
        "a=": "",
        "a=b=c": "b=c",
        "a=1.5": 1.5,
    }
    for word, value in words.items():
        found = parameters([word])["a"]
        assert found == value
        assert type(found) is type(value)
    for word in ("a=[[", "a=" + "[" * 10_000, "a=1if", "a=(", "a=07.7.7"):
        with pytest.raises(dc.GeometryError, match="a cannot be read"):
            parameters([word])


def test_help_shows_both_ways_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--help") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "deconvs convert 7x7 --from keras --to torch kernel_size=3 strides=2 padding=same" in out
    assert "deconvs convert --checkpoint unet.safetensors --config layers.json --to keras --out unet.npz" in out
    assert '"layers": {"up1": {"kernel_size": 4' in out
