"""`deconvs solve` and `deconvs check` as users meet them."""

from __future__ import annotations

import json

import pytest

import deconvs as dc
from deconvs.cli import run

SOLVED = """\
7x7 -> 14x14: 2 layers
 output   taps a phase   products   code
 ────────────────────────────────────────────────────────────────────────────────────────────────────────────
 14x14    even: 1             196   torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=2, stride=2)
 14x14    even: 2x2           676   torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=4, stride=2, padding=1)
"""

NOT_SOLVED = """\
8 -> 17: no layer
equal padding on both sides changes the size by two, and output_padding, which could fill the gap, must be smaller than \
stride or dilation

the nearest
 output   taps a phase   products   code
 ────────────────────────────────────────────────────────────────────────────────────────────────
 16       even: 2              30   dc.ConvTranspose(kernel_size=(4,), stride=(2,), padding=(1,))
 18       even: 2              32   dc.ConvTranspose(kernel_size=(4,), stride=(2,))

exact, but outside the box, with larger or unequal paddings:
  dc.ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))
"""

UNDONE = """\
Conv(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)) leads 16x15 to 8x8;
ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 0)) leads 8x8 back to 16x15:
  torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=3, stride=2, padding=1, output_padding=(1, 0))
"""

CHAINED = """\
4x4 -> 16x16 in 2 layers

1. 4x4 -> 8x8 -> 16x16: 0 uneven, 0 with output_padding, 1,096 products
   torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=4, stride=2, padding=1)
   torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=4, stride=2, padding=1)
"""


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ("7x7 14x14 -k 2..4 -s 2 -o 0", 0, SOLVED),
        ("8 17 -s 2 -k 4 -o 0 --framework deconvs", 1, NOT_SOLVED),
        ("16x15 --undo -k 3 -s 2 -p 1", 0, UNDONE),
        ("4x4 16x16 --chain 2 -k 4 -s 2 --most 1", 0, CHAINED),
        ("4 9 --chain 2 -k 1", 1, "4 -> 9 in 2 layers: no chain of the box; allow larger kernels or strides, or more layers\n"),
    ],
)  # fmt: skip
def test_solve(arguments: str, code: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["solve", *arguments.split()]) == code
    assert capsys.readouterr().out == text


def test_solve_shows_the_best_and_counts_all(capsys: pytest.CaptureFixture[str]) -> None:
    every = dc.solve((7, 7), (14, 14))
    assert run(["solve", "7x7", "14x14", "--most", "2"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"7x7 -> 14x14: {len(every)} layers, the best 2\n")
    assert out.count("torch.nn") == 2
    assert run(["solve", "7x7", "14x14", "--even", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [layer["coverage"] for layer in data["solutions"]] == ["even"] * len(dc.solve((7, 7), (14, 14), even=True))
    assert data["solutions"][0] == {
        "kernel_size": [2, 2],
        "stride": [2, 2],
        "padding": [0, 0],
        "output_padding": [0, 0],
        "dilation": [1, 1],
        "output_size": [14, 14],
        "coverage": "even",
        "products": 196,
        "code": "torch.nn.ConvTranspose2d(C_in, C_out, kernel_size=2, stride=2)",
        "then": [],
    }


def test_solve_as_json_without_a_solution_as_a_chain_and_undone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["solve", "8", "17", "-s", "2", "-k", "4", "-o", "0", "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["solutions"], [layer["output_size"] for layer in data["nearest"]]) == ([], [[16], [18]])
    assert data["beyond"] == "ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))"
    assert run(["solve", "4x4", "16x16", "--chain", "2", "--most", "3", "--json"]) == 0
    chains = json.loads(capsys.readouterr().out)
    assert len(chains) == 3
    assert chains[0]["sizes"] == [[4, 4], [8, 8], [16, 16]]
    assert [layer["output_size"] for layer in chains[0]["layers"]] == [[8, 8], [16, 16]]
    assert chains[0]["cost"] == {"uneven_layers": 0, "output_paddings": 0, "products": 64 + 256}
    # A remainder that output_padding cannot say: what is too much is cut.
    assert run(["solve", "8", "--undo", "-k", "3", "-s", "2", "-p", "0:2", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["layer"] == "ConvTranspose(kernel_size=(3,), stride=(2,), padding=((0, 1),))"
    assert data["code"] == "torch.nn.ConvTranspose1d(C_in, C_out, kernel_size=3, stride=2)"
    assert data["then"] == ["then cut 0 before, 1 after"]
    assert (data["input_size"], data["output_size"]) == ([4], [8])


def test_the_code_shown_for_pytorch_is_the_layer() -> None:
    import torch

    from deconvs.programs import line

    for g in dc.solve((3, 5), (8, 12), kernel_size=range(1, 6), stride=range(1, 4), dilation=(1, 2)):
        layer = eval(str(line("torch", g, (3, 5))), {"torch": torch, "C_in": 2, "C_out": 3})
        assert tuple(layer(torch.zeros(1, 2, 3, 5)).shape) == (1, 3, 8, 12)
    for ndim in (1, 2, 3):
        g = dc.ConvTranspose((4,) * ndim, 2, 1, 1, 2)
        layer = eval(str(line("torch", g, 3)), {"torch": torch, "C_in": 1, "C_out": 1})
        assert tuple(layer(torch.zeros(1, 1, *(3,) * ndim)).shape[2:]) == g.output_size(3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("7x7", "output_size is missing: input_size=7x7; write deconvs solve 7x7 14x14"),
        ("7x7 14", "the sizes have different numbers of axes: input_size=7x7, output_size=14; give one size per axis to both"),
        ("7 14 --most 0", "most is too small: most=0; use an integer of at least 1"),
        ("7 14 --framework caffe", "no such framework: 'caffe'; use one of deconvs, torch, keras, tensorflow, onnx, jax, flax, tflite"),
        ("7 --undo --framework caffe", "no such framework: 'caffe'; use one of deconvs, torch, keras, tensorflow, onnx, jax, flax, tflite"),
        ("2x2x2x2 4x4x4x4", "torch has ConvTranspose1d, 2d and 3d: kernel_size cannot have 4 axes: this layer has 4 axes; use --framework deconvs"),
        ("7 14 --undo", "--undo takes a convolution: output_size, --chain, --even or --output-padding given; leave them out"),
        ("7 14 -k 0..3", "kernel_size is too small: kernel_size='0..3'; use integers of at least 1"),
        ("7 7 --chain 2", "a chain enlarges: input 7, output 7; ask for a larger output"),
        ("7 14 --chain 99", "the chain is too long: layers=99; use at most 16"),
        ("7 14 -k 1..10000000", "kernel_size has too many values: 10,000,000 of them; allow at most 1,048,576"),
        ("7 14 -k 1..1000 -s 1..1000", "the box is too large to look through: 500,500,000 combinations of kernel, stride, dilation and output_padding; allow at most 1,048,576 of them"),
        ("0 14", "input_size[0] is too small: input_size[0]=0; use an integer of at least 1"),
    ],
)  # fmt: skip
def test_solve_errors(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["solve", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"deconvs: {message}\n")


CHECKED = """\
8x8 -> 17x17, channels 1 -> 1: 576 useful products, 2,601 with zeros inserted, 1,152 FLOPs by PyTorch's counter

warning uneven-coverage
  outputs sum 1 or 2 products in turn along an axis, which shows as a checkerboard
  use ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=((0, 1), (0, 1)))

note border-attenuation
  outputs at the border sum fewer products than those inside (1 to 4)
  pad the input by 1 before and 1 after, repeating its edge, and use ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(2, 2))

note zero-insertion
  run with inserted zeros, 78% of its products would be wasted
  run its polyphase, subpixel or gemm form

note subpixel-padding
  one sub-pixel convolution would hold zeros besides its 3x3 taps: 1.78 times their products
  run its polyphase form, or use ConvTranspose(kernel_size=(4, 4), stride=(2, 2), padding=((0, 1), (0, 1)))
"""

ASKED = """\
8x8 -> 16x16, channels 1 -> 1: 900 useful products, 4,096 with zeros inserted, 2,048 FLOPs by PyTorch's counter

error unsupported
  Core ML (coreml) cannot run it: padding is (0, 2), only the same before and after
  use ConvTranspose(kernel_size=(4, 4), stride=(2, 2)), and cut from its output 0 before, 2 after
"""


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ("8x8 -k 3 -s 2", 1, CHECKED),
        ("8 -k 1", 0, "8 -> 8, channels 1 -> 1: 8 useful products, 8 with zeros inserted, 16 FLOPs by PyTorch's counter\n\nnothing to report\n"),
        ("8 -k 2 -s 2", 0, "8 -> 16, channels 1 -> 1: 16 useful products, 32 with zeros inserted, 32 FLOPs by PyTorch's counter\n\nnote zero-insertion\n  run with inserted zeros, 50% of its products would be wasted\n  run its polyphase, subpixel or gemm form\n"),
        ("9 -k 1 -g 2 -c 4,6 --target tflite --target torch --target webnn", 1, None),
        ("8x8 -k 4 -s 2 -p 1 -t tflite -t torch", 0, None),
    ],
)  # fmt: skip
def test_check(arguments: str, code: int, text: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", *arguments.split()]) == code
    out = capsys.readouterr().out
    assert text is None or out == text
    assert ("error unsupported" in out) == (text is None and code == 1)


def test_check_of_a_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "8x8", "-k", "4", "-s", "2", "-p", "0:2", "--target", "coreml", "-t", "onnx"]) == 1
    out = capsys.readouterr().out
    assert out.startswith(ASKED)
    assert out.count("error") == 1


def test_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "100", "-k", "1024", "-s", "256", "-c", "1026,1", "-t", "coreml", "--json"]) == 1
    g = dc.ConvTranspose((1024,), 256)
    (layer,) = json.loads(capsys.readouterr().out)["layers"]
    found = dc.check(g, 100, channels=(1026, 1), targets=["coreml"])
    assert layer["findings"] == [f.as_dict() for f in found]
    assert layer["findings"][0]["inserted"] == [31]
    assert {name: layer[name] for name in ("name", "geometry", "input_size", "output_size", "channels")} == {
        "name": "",
        "geometry": "ConvTranspose(kernel_size=(1024,), stride=(256,))",
        "input_size": [100],
        "output_size": [26368],
        "channels": [1026, 1],
    }
    costs = {view: g.plan(view).at(100, channels=(1026, 1)) for view in dc.VIEWS}
    assert layer["macs"] == {"useful": costs["gemm"].useful_macs, **{v: costs[v].macs for v in dc.VIEWS}}
    assert run(["check", "4", "-k", "1", "-s", "100000", "--json"]) == 1
    (layer,) = json.loads(capsys.readouterr().out)["layers"]
    assert (layer["macs"]["polyphase"], layer["macs"]["gemm"]) == (None, 4)


def test_check_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "4", "-g", "2", "-c", "3,2"]) == 2
    assert "channels are not divisible by groups" in capsys.readouterr().err
    assert run(["check", "4", "--target", "nonsense"]) == 2
    assert capsys.readouterr().err.startswith("deconvs: no such framework or target: 'nonsense'; use one of torch, ")


def test_several_layers_as_text_and_data() -> None:
    from deconvs import lint_text as texts

    named = [
        texts.Checked(g, (4,), (1, 1), tuple(dc.check(g, 4)), name)
        for g, name in ((dc.ConvTranspose((2,), 2), "up.0"), (dc.ConvTranspose((1,)), "up.1"))
    ]
    assert texts.layers_text(named) == (
        "up.0: 4 -> 8, channels 1 -> 1: 8 useful products, 16 with zeros inserted, 16 FLOPs by PyTorch's counter\n\n"
        "note zero-insertion\n  run with inserted zeros, 50% of its products would be wasted\n"
        "  run its polyphase, subpixel or gemm form\n\n\n"
        "up.1: 4 -> 4, channels 1 -> 1: 4 useful products, 4 with zeros inserted, 8 FLOPs by PyTorch's counter\n\n"
        "nothing to report"
    )
    assert [layer["name"] for layer in texts.layers_as_data(named)["layers"]] == ["up.0", "up.1"]
    assert texts.exit_code(named) == 0
    uneven = dc.ConvTranspose((3,), 2)
    assert texts.exit_code([*named, texts.Checked(uneven, (4,), (1, 1), tuple(dc.check(uneven, 4)))]) == 1
    assert texts.layers_text([]) == "no transposed convolution"
