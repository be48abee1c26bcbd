"""The command line as users meet it: texts, JSON, errors in one line with exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import deconvs as dc
from deconvs import cli_values
from deconvs.cli import run


def deconvs(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "deconvs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload]


def test_help_names_every_command_and_every_option() -> None:
    overview = deconvs("--help").stdout
    for command in ("tour", "explain", "names"):
        assert command in overview
        told = deconvs(command, "--help")
        assert told.returncode == 0
        assert "Example:" in told.stdout
    assert "--padding" in deconvs("explain", "--help").stdout
    assert deconvs("--version").stdout.strip() == f"deconvs {dc.__version__}"


def test_explain_prints_what_the_library_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["explain", "8x6", "-k", "4x3", "-s", "2", "-p", "1x0:-1", "-d", "1x2", "-g", "2", "-c", "4,6", "-n", "3"])
        == 0
    )
    g = dc.ConvTranspose((4, 3), 2, (1, (0, -1)), 0, (1, 2), 2)
    assert capsys.readouterr().out == f"{dc.explain(g, (8, 6), channels=(4, 6), batch=3)}\n"


def test_explain_one_view(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "2x2", "-k", "3", "-s", "2", "--view", "polyphase"]) == 0
    plan = dc.ConvTranspose((3, 3), 2).plan("polyphase")
    assert capsys.readouterr().out == f"{plan}\n\n{plan.at((2, 2))}\n"


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "5", "-k", "3", "-s", "2", "-p", "1", "-o", "1", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["output_size"] == [10]
    assert data["coverage"] == {"least": 1, "most": 2, "phases": [[2, 1]]}
    assert [view["view"] for view in data["views"]] == list(dc.VIEWS)
    assert {name["name"] for name in data["names"] if name["earned"]} >= {"transposed convolution"}
    assert run(["explain", "5", "--view", "gemm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["macs"] == 15


def test_names_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["names", "--kernel", "2..3", "--stride", "1..2", "--padding", "0"]) == 0
    out = capsys.readouterr().out
    assert "│ k = 2  │ padded convolution   │ fractionally strided  INVERSE │" in out
    assert "│        │ pad 2: n -> n + 2    │ insert 1, pad 2: n -> 2n + 1  │" in out
    assert "the only cells that earn the name deconvolution" in out


def test_names_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["names", "-k", "3", "-s", "2", "-p", "1", "--ndim", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "kernel_size": 3,
            "stride": 2,
            "padding": 1,
            "name": "fractionally strided",
            "how": "insert 1, pad 1: n -> 2n - 1",
            "coverage": "uneven: 1 or 2 taps",
            "inverts": False,
        }
    ]


ERRORS = [
    (["explain", "0x2"], "input_size[0] is too small: input_size[0]=0; use an integer of at least 1"),
    (["explain", "2y2"], "input size cannot be read: input size='2y2'; write it like 4x4, or 4 for one axis"),
    (["explain", "2x2", "-k", "3x3x3"], "kernel_size has the wrong number of axes: kernel_size=(3, 3, 3) has 3 where the geometry has 2; give one integer for all axes, or 2, one for each"),
    (["explain", "2x2", "-s", "two"], "stride cannot be read: stride='two'; write it like 4x4, or 4 for one axis"),
    (["explain", "2x2", "-p", "1:2:3"], "padding cannot be read: padding='1:2:3'; write it like 1, 1x2, or 0:1x0:1 (begin:end)"),
    (["explain", "2x2", "-s", "2", "-o", "2"], "output_padding must be smaller than stride or dilation: axis 0 has output_padding=2, stride=2, dilation=1; use at most 1, or say it as a crop: padding (0, -2) on this axis"),
    (["explain", "2x2", "-p", "9"], "the output would have a negative size: input 2 gives 4 positions and 9 + 9 are cropped; use an input of at least 16, or crop (pad) less"),
    (["explain", "2x2", "--view", "fast"], "no such view: view='fast'; use one of scatter, matrix, direct, polyphase, subpixel, gemm"),
    (["explain", "2x2", "-c", "3"], "channels are not a pair: channels=(3,); give (C_in, C_out)"),
    (["explain", "2x2", "-g", "2", "-c", "3,4"], "channels are not divisible by groups: channels=(3, 4), groups=2; use multiples of 2"),
    (["explain", "9999999999999999x2", "-n", "9999"], "the number of products does not fit in 64 bits"),
    (["names", "--kernel", "5..2"], "kernel is not a range: kernel='5..2'; write 3 or 2..5"),
    (["names", "--kernel", "a"], "kernel cannot be read: kernel='a'; write it like 3 or 2..5"),
    (["names", "--kernel", "0"], "kernel_size is too small: kernel_size=0; use an integer of at least 1"),
    (["names", "--kernel", "1..999", "--stride", "1..9"], "the table is too large: 26973 cells; ask for at most 2000"),
    (["explain"], "Missing argument "),
    (["explain", "2x2", "--bogus"], "No such option: --bogus"),
    (["paint"], "No such command 'paint'."),
    (["explain", "2x2", "-g", "x"], "Invalid value for '--groups' / '-g': "),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), ERRORS, ids=[" ".join(arguments) for arguments, _ in ERRORS])
def test_errors_are_one_line_with_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"deconvs: {message}")
    assert err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = f"{sys.executable} -m deconvs names | head -n 1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines()[0].startswith("What a transposed convolution")
    assert result.stderr == ""


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deconvs.report.explain", interrupted)
    assert run(["explain", "2x2"]) == 130
    assert capsys.readouterr().err == "deconvs: interrupted\n"


def test_output_is_the_same_without_a_terminal_and_in_a_plain_locale(tmp_path: Path) -> None:
    plain = deconvs("explain", "4", "-k", "3", env={**os.environ, "LC_ALL": "C", "COLUMNS": "20", "TERM": "dumb"})
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout == f"{dc.explain(dc.ConvTranspose((3,)), 4)}\n"


def test_values_are_read_as_written() -> None:
    assert cli_values.sizes("n", "4x6x2") == (4, 6, 2)
    assert cli_values.padding("p", "-1:0x2", 2) == ((-1, 0), 2)
    assert cli_values.padding("p", "3", 3) == (3, 3, 3)
    assert cli_values.span("k", "2..4") == range(2, 5)
