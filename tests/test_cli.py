"""The command line as users meet it: texts, JSON, errors in one line with exit code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

import deconvs as dc
from deconvs import cli_values
from deconvs.cli import run
from deconvs.terminal import plain


def deconvs(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "deconvs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload]


def test_help_names_every_command_and_every_option() -> None:
    overview = deconvs("--help").stdout
    for command in ("tour", "explain", "names", "check", "solve"):
        assert command in overview
        told = deconvs(command, "--help")
        assert told.returncode == 0
        assert "Example" in told.stdout
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
    out = capsys.readouterr().out
    assert out.isascii()  # readers in any encoding get the same data
    data = json.loads(out)
    assert any("Cᵀ" in name["because"] for name in data["names"])
    assert data["output_size"] == [10]
    assert data["coverage"] == {"least": 1, "most": 2, "phases": [[2, 1]]}
    assert [view["view"] for view in data["views"]] == list(dc.VIEWS)
    assert {name["name"] for name in data["names"] if name["earned"]} >= {"transposed convolution"}
    assert run(["explain", "5", "--view", "gemm", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["macs"] == 15


def test_names_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["names", "--kernel", "2..3", "--stride", "1..2", "--padding", "0"]) == 0
    out = capsys.readouterr().out
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "│ k = 2 │ padded convolution │ fractionally strided INVERSE │" in rows
    assert "│ │ pad 2: n -> n + 2 │ insert 1, pad 2: n -> 2n + 1 │" in rows
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
    (["explain", "2y2"], "input_size cannot be read: input_size='2y2'; write it like 4x4, or 4 for one axis"),
    (["explain", "٤x٤"], "input_size cannot be read: input_size='٤x٤'; write it like 4x4, or 4 for one axis"),
    (["explain", "1_000"], "input_size cannot be read: input_size='1_000'; write it like 4x4, or 4 for one axis"),
    (["explain", ""], "input_size cannot be read: input_size=''; write it like 4x4, or 4 for one axis"),
    (["explain", f"{'9' * 5000}x4"], f"input_size does not fit in 64 bits: input_size='{'9' * 59}…'; stay within 9223372036854775807 (2**63 - 1)\n"),
    (["explain", "9223372036854775808"], "input_size does not fit in 64 bits: input_size='9223372036854775808'; stay within 9223372036854775807 (2**63 - 1)"),
    (["explain", "2x2", "-k", "3x3x3"], "kernel_size has the wrong number of axes: kernel_size='3x3x3' has 3 where input_size has 2; give one for all axes, or 2, one for each"),
    (["explain", "2x2", "-s", "two"], "stride cannot be read: stride='two'; write it like 2 for all axes, or 2x1"),
    (["explain", "2x2", "-p", "1x-1"], "a negative padding needs its two sides: padding='1x-1'; write -1:-1 for -1"),
    (["explain", "2x2", "-p", "1x2x3"], "padding has the wrong number of axes: padding='1x2x3' has 3 where input_size has 2; give one for all axes, or 2, one for each"),
    (["explain", "2x2", "-p", "same"], "padding is given in numbers: padding='same'; write begin:end with begin + end = dilation*(kernel_size-1) + 1 - stride, as in 1:1 at -k 4 -s 2: the output is then stride times the input\n"),
    (["explain", "2x2", "-p", "1:2:3"], "padding cannot be read: padding='1:2:3'; write it like 1, 1x2, or 0:1x0:1 (begin:end)"),
    (["explain", "2x2", "-s", "2", "-o", "2"], "output_padding must be smaller than stride or dilation: axis 0 has output_padding=2, stride=2, dilation=1; use at most 1, or say it as a crop: --padding 0:-2 on this axis"),
    (["explain", "2x2", "-p", "9"], "the output would have a negative size: input 2 gives 4 positions and 9 + 9 are cropped; use an input of at least 16, or crop (pad) less"),
    (["explain", "2x2", "--view", "fast"], "no such view: view='fast'; use one of scatter, matrix, direct, polyphase, subpixel, gemm"),
    (["explain", "2x2", "--view", "v" * 5000], f"no such view: view='{'v' * 59}…'; use one of scatter"),
    (["explain", "2x2", "-c", "3"], "channels are not a pair: channels='3'; give C_in,C_out, as in 3,8"),
    (["explain", "2x2", "-g", "x"], "groups cannot be read: groups='x'; write it like 2"),
    (["explain", "2x2", "-n", "1_0"], "batch cannot be read: batch='1_0'; write it like 2"),
    (["explain", "2x2", "-g", "2", "-c", "3,4"], "channels are not divisible by groups: channels=(3, 4), groups=2; use multiples of 2"),
    (["explain", "9999999999999999x2", "-n", "9999"], "the number of products does not fit in 64 bits"),
    (["names", "--kernel", "5..2"], "kernel is not a range: kernel='5..2'; write 3 or 2..5"),
    (["names", "--kernel", "a"], "kernel cannot be read: kernel='a'; write it like 3 or 2..5"),
    (["names", "--kernel", "0"], "kernel is too small: kernel='0'; use integers of at least 1"),
    (["names", "--padding", "-1..1"], "padding is too small: padding='-1..1'; use integers of at least 0"),
    (["names", "--ndim", "x"], "ndim cannot be read: ndim='x'; write it like 2"),
    (["names", "--kernel", "1..2000000000"], "the table is too large: 18000000000 cells; ask for at most 2000"),
    (["names", "--kernel", "1..9223372036854775807"], "the table is too large: 83010348331692982263 cells; ask for at most 2000"),
    (["names", "--kernel", "1..999", "--stride", "1..9"], "the table is too large: 26973 cells; ask for at most 2000"),
    (["explain"], "Missing argument "),
    (["explain", "2x2", "--bogus"], "No such option: --bogus"),
    (["paint"], "No such command 'paint'."),
    (["p" * 5000], f"No such command '{'p' * 182}… (see deconvs --help)\n"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), ERRORS, ids=[" ".join(arguments)[:60] for arguments, _ in ERRORS])
def test_errors_are_one_line_with_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"deconvs: {message}")
    assert err.count("\n") == 1


EVERY_KIND = [["--version"], ["--help"], [], ["explain", "4"], ["explain", "4", "--json"], ["names", "-k", "2..3"]]


@pytest.mark.parametrize("arguments", EVERY_KIND, ids=" ".join)
def test_a_reader_that_goes_away_is_no_error(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as gone:
        told = subprocess.run([sys.executable, "-m", "deconvs", *arguments], stdout=gone, stderr=subprocess.PIPE)
    assert (told.returncode, told.stderr) == (141, b"")


LOST = "deconvs: the output cannot be written: {}; send it to a file or a program that takes it\n"
FULL = pytest.param(
    ">/dev/full", "No space left on device", marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
)


@pytest.mark.parametrize("arguments", EVERY_KIND, ids=" ".join)
@pytest.mark.parametrize(("to", "reason"), [(">&-", "it is closed"), FULL])
def test_an_output_that_takes_nothing_is_told(arguments: list[str], to: str, reason: str) -> None:
    told = shell(*arguments, to=to)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", LOST.format(reason))


@pytest.mark.parametrize("to", [">&- 2>&-", "2>&-"])
def test_where_nothing_can_be_told_the_exit_code_says_it(to: str) -> None:
    told = shell("paint", to=to)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", "")
    # What is asked for is printed, whether or not there is a place for errors.
    assert shell("--version", to="2>&-").stdout == f"deconvs {dc.__version__}\n"


def shell(*arguments: str, to: str) -> subprocess.CompletedProcess[str]:
    """The command with its streams put somewhere by a shell."""
    script = f'"$@" {to}'
    command = ["bash", "-c", script, "bash", sys.executable, "-m", "deconvs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_without_a_command_the_help_is_shown_and_nothing_is_done() -> None:
    told = deconvs()
    assert (told.returncode, told.stderr) == (2, "")  # as in Click and Typer since 2025
    assert told.stdout == deconvs("--help").stdout


IN_A_COMMAND = """
import deconvs.report
def explain(*_, **__): raise KeyboardInterrupt
deconvs.report.explain = explain
"""
WHILE_LOADING = """
import sys
class Finder:
    def find_spec(self, name, *_):
        if name == "typer": raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("script", [IN_A_COMMAND, WHILE_LOADING], ids=["in a command", "while loading"])
def test_an_interrupt_is_one_line(script: str) -> None:
    command = [sys.executable, "-c", f"{script}\nfrom deconvs.__main__ import main\nmain()", "explain", "2x2"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout, told.stderr) == (130, "", "deconvs: interrupted\n")


def test_too_little_memory_is_told_with_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("deconvs.report.explain", greedy)
    assert run(["explain", "2x2", "-k", "3"]) == 2
    assert capsys.readouterr().err == (
        "deconvs: there is not enough memory: asked for explain 2x2 -k 3; use smaller sizes\n"
    )


PLAIN = [
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.mark.parametrize("environment", PLAIN, ids=["ascii", "C locale"])
def test_output_is_legible_in_ascii(environment: dict[str, str]) -> None:
    def told(*arguments: str) -> str:
        result = deconvs(*arguments, env={**os.environ, **environment})
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.isascii()
        assert "?" not in result.stdout
        return result.stdout

    assert told("explain", "200", "-k", "5", "-s", "2") == (
        plain(str(dc.explain(dc.ConvTranspose((5,), 2), 200))) + "\n"
    )
    assert "+--------+---" in told("names", "-k", "2", "-s", "1..2", "-p", "0")
    assert "--version" in told("--help")
    assert "its matrix is C, this one's is CT" in told("explain", "4")


def test_encodings_keep_the_characters_that_they_have() -> None:
    command = [sys.executable, "-m", "deconvs", "×ᵀ±"]
    told = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert told.returncode == 2
    assert told.stderr.decode("cp1252").startswith("deconvs: No such command '×T±'.")


def test_every_character_of_the_package_has_a_plain_form(root: Path) -> None:
    sources = "".join(path.read_text() for path in (root / "src/deconvs").rglob("*.py"))
    special = {character for character in sources if not character.isascii()}
    assert len(special) > 5
    assert {character for character in special if not plain(character).isascii() or "?" in plain(character)} == set()
    assert plain("┌─┬┐│├┼┤╰━┃é\udcff") == "+-++|++++-|??"


def test_file_names_that_are_no_text_are_told() -> None:
    command = [sys.executable, "-m", "deconvs", "tour", "--image", b"/no\xff.png"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("deconvs: ")
    assert "/no?.png" in told.stderr
    assert told.stderr.count("\n") == 1


def test_output_is_the_same_without_a_terminal_and_in_a_plain_locale(tmp_path: Path) -> None:
    plain = deconvs("explain", "4", "-k", "3", env={**os.environ, "LC_ALL": "C", "COLUMNS": "20", "TERM": "dumb"})
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout == f"{dc.explain(dc.ConvTranspose((3,)), 4)}\n"


def test_values_are_read_as_written() -> None:
    for text in ("4x6x2", "4X6X2", "4×6×2", "4,6,2", " 4, 6, +2 "):
        assert cli_values.sizes("n", text) == (4, 6, 2)
    assert cli_values.sizes("n", "0" * 5000 + "7") == (7,)
    assert cli_values.sizes("n", f"-{2**63 - 1}") == (1 - 2**63,)
    assert cli_values.padding("p", "-1:0x2", 2) == ((-1, 0), (2, 2))
    assert cli_values.padding("p", "3", 3) == ((3, 3),) * 3
    assert cli_values.span("k", "2..4", 1) == range(2, 5)


def test_output_padding_is_refused_where_the_library_refuses_it() -> None:
    refused = set()
    for extra, s, d in product(range(5), range(1, 4), range(1, 4)):
        try:
            cli_values.output_padding("o", str(extra), (s,), (d,), ((0, 0),))
        except dc.GeometryError:
            refused.add((extra, s, d))
            with pytest.raises(dc.GeometryError, match="output_padding must be smaller"):
                dc.ConvTranspose((3,), s, 0, extra, d)
        else:
            dc.ConvTranspose((3,), s, 0, extra, d)
    assert len(refused) == 23


@pytest.mark.parametrize(("k", "s", "d"), [(4, 2, 1), (3, 1, 2), (3, 2, 1), (5, 3, 2), (1, 2, 1)])
def test_what_is_said_of_same_padding_is_true(k: int, s: int, d: int, capsys: pytest.CaptureFixture[str]) -> None:
    total = d * (k - 1) + 1 - s
    pad = f"{total // 2}:{total - total // 2}"
    assert run(["explain", "7", "-k", f"{k}", "-s", f"{s}", "-d", f"{d}", "-p", pad, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output_size"] == [7 * s]
