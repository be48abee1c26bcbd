"""What the benchmark tells: ratios, data, tables, pictures, and what it refuses. The times here are made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks import bench, growth, memory, overhead, plot
from benchmarks.runs import combined, runs_as_dict, runs_text

import deconvs as dc
from deconvs.benchmark import Layer, Report, Result, Times
from deconvs.benchmark.text import report_text
from deconvs.cli import run

UP = Layer("up", "a test", 1, 64, 32, (128, 128), dc.ConvTranspose((2, 2), stride=2))  # 0.268 GFLOP, 12.6 MB
DEEP = Layer("deep", "a test", 1, 2, 2, (8,), dc.ConvTranspose((4,), stride=2, padding=1), "float64")


def result(layer: Layer = UP, *, slower: float = 1.0, **others: Any) -> Result:
    seconds = {
        "deconvs": 4e-3,
        "deconvs out=": 3e-3,
        "deconvs functional": 5e-3,
        "deconvs channels_last": 4.1e-3,
        "PyTorch": 20e-3,
        "ONNX Runtime": 8e-3,
        "ONNX Runtime, no spinning": 7e-3,
        "ONNX Runtime, bound": 2.7e-3,
        "OpenVINO": 6e-3,
        "OpenVINO, reused output": 5.5e-3,
    }
    times = {name: Times((one * slower, one * slower, one * slower * 1.1)) for name, one in seconds.items()}
    unable = {"JAX": "jax is not installed", "PyTorch channels_last": "no such format"}
    fields = {"flops": (80e9, 100e9, 120e9), "bandwidth": (10e9, 20e9, 30e9), **others}
    return Result(layer, times, unable, {"deconvs": 1e-6}, **fields)


def report(*results: Result) -> Report:
    return Report(results, 2, 5, "native", {"deconvs": "0.1.0"}, "a CPU", 32 * 2**20, "2026-01-01 00:00:00")


def test_like_is_compared_with_like() -> None:
    one = result()
    assert one.peer("ONNX Runtime") == 7e-3
    assert one.peer("ONNX Runtime", reuses=True) == 2.7e-3
    assert one.peer("JAX") is None
    assert one.best() == ("OpenVINO", 6e-3)
    assert one.best(reuses=True) == ("ONNX Runtime", 2.7e-3)
    assert one.ratio() == pytest.approx(1.5)
    assert one.ratio("PyTorch") == pytest.approx(5)
    assert one.ratio(ours="deconvs out=") == pytest.approx(0.9)
    assert one.functional_ratio() == pytest.approx(4)
    assert one.ratio("JAX") is None
    alone = Result(UP, {"deconvs": Times((1.0,))}, {}, {}, (1.0,), (1.0,))
    assert alone.ratio() is None
    assert alone.functional_ratio() is None


def test_the_share_is_of_the_upper_quartile() -> None:
    one = result()
    told = report(one)
    machine = told.machine()
    assert machine is not None
    assert (machine.flops, machine.bandwidth) == (110e9, 25e9)
    least = told.limit(one)
    assert least is not None
    assert least.bound_by == "products"
    assert least.seconds == pytest.approx(268435456 / 110e9)
    assert told.share(one) == pytest.approx(268435456 / 110e9 / 3e-3)
    assert told.machine("float64") is None
    # Types have a peak of their own; memory is the same for all.
    both = report(one, result(DEEP, flops=(40e9,)))
    assert set(both.machines()) == {"float32", "float64"}
    assert both.machines()["float64"].flops == 40e9


def test_the_data_has_its_form() -> None:
    data = report(result(), result(DEEP, slower=2.0, kernel="phase", workspace_bytes=4096)).as_dict()
    assert json.loads(json.dumps(data)) == data
    assert set(data) == {
        *("schema", "started", "machine", "threads", "rounds", "versions", "last_cache_bytes"),
        *("roofline", "layers", "summary", "failures"),
    }
    first, second = data["layers"]
    assert set(first) == {
        *("layer", "times", "unable", "errors", "best_peer", "ratios", "limit", "share", "fits_in_last_cache"),
        *("measured", "kernel", "workspace_bytes"),
    }
    assert set(first["times"]["deconvs"]) == {"median", "minimum", "spread", "seconds"}
    assert first["layer"]["output_size"] == [256, 256]
    assert first["ratios"]["JAX"] is None
    assert first["fits_in_last_cache"]
    assert (second["kernel"], second["workspace_bytes"], second["layer"]["dtype"]) == ("phase", 4096, "float64")
    assert data["summary"]["best_peer"] == {
        "geometric_mean": pytest.approx(1.5),
        "minimum": pytest.approx(1.5),
        "below_0.95": 0,
        "count": 2,
    }
    assert data["summary"]["best_peer_out"]["below_0.95"] == 2
    assert data["summary"]["JAX"] is None
    # All six measurements of memory count for both types.
    assert data["roofline"]["float32"] == {"flops": 110e9, "bandwidth": 27.5e9}


TOLD = """\
a CPU, 2 threads, 5 rounds; deconvs 0.1.0
peak 110 GFLOP/s in float32, memory 25.0 GB/s (by native, in between)

How many times as fast (above 1: deconvs is faster): op(x) against each peer and the best; op(x, out=y) against the best
way of any peer; the function against PyTorch's
 layer  what                       op(x) ms  +-  torch  torch c.last   ORT    OV  JAX  best  which  out=  function
 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 up     1, 64->32, 128x128, k2 s2         4  5%   5.00             -  1.75  1.50    -  1.50  OV     0.90      4.00

Milliseconds, and the share of the roofline: the least time that the direct algorithm can take over that of op(x, out=y)
 layer  op(x)  out=  function  c.last  torch  limit  held by   share  workspace  kernel
 ──────────────────────────────────────────────────────────────────────────────────────
 up         4     3         5     4.1     20   2.44  products    81%    4.0 KiB  phase
share of the limit: geometric mean 81%

Not taking part:
  JAX: jax is not installed (every layer)
  PyTorch channels_last: no such format (every layer)"""


def test_the_text() -> None:
    assert report_text(report(result(kernel="phase", workspace_bytes=4096))) == TOLD
    several = report_text(report(result(), result(DEEP, flops=(1e9,), bandwidth=(1e3,) * 9)))
    assert "geometric mean" in several
    assert "peak 1 GFLOP/s in float64" in several
    assert "memory, in cache" in several
    assert "1, 2->2, 8, k4 s2 p1 float64" in several
    assert report_text(report()) == "a CPU, 2 threads, 5 rounds; deconvs 0.1.0"


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (dc.ConvTranspose((3, 3), 2, 1, 1), "1, 4->4, 5x5, k3 s2 p1 op1"),
        (dc.ConvTranspose((3, 4), (2, 1), (1, 0), dilation=2, groups=2), "1, 4->4, 5x5, k3x4 s2x1 p1x0 d2 g2"),
        (dc.ConvTranspose((3, 3), 1, ((0, 1), (2, 2))), "1, 4->4, 5x5, k3 s1 crop 0:1x2:2"),
        (dc.ConvTranspose((3, 3), 1, ((1, -2), (0, 0))), "1, 4->4, 5x5, k3 s1 crop 1:-2x0:0"),
    ],
)
def test_a_layer_in_words(geometry: dc.ConvTranspose, words: str) -> None:
    assert Layer("one", "a test", 1, 4, 4, (5, 5), geometry).what == words


def test_several_runs() -> None:
    runs = [report(result(slower=slower)).as_dict() for slower in (1.0, 1.25, 2.0)]
    (one,) = combined(runs)
    assert one["ratios"]["best_peer"]["median"] == pytest.approx(1.5)
    share = one["ratios"]["share"]
    assert (share["most"] / share["least"], share["most"] / share["median"]) == pytest.approx((2, 1.25))
    assert "JAX" not in one["ratios"]
    assert set(runs_as_dict(runs)) == {"runs", "combined"}
    text = runs_text(runs)
    assert text.startswith("3 runs of 5 rounds, 2 threads, a CPU")
    assert "65% (41%-81%)" in text
    assert "best peer: 1.500, 1.500, 1.500" in text


@pytest.mark.parametrize("suffix", plot.FILES)
def test_a_picture(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"bench{suffix}"
    plot.check(file)
    plot.draw([report(result(), result(DEEP, slower=0.1)).as_dict()], file)
    assert file.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml", b"%PDF-")


REFUSED = [
    (bench, ["nonsense"], "no layer is called so: 'nonsense'; use one of dcgan.1, "),
    (bench, ["--rounds", "0"], "rounds is too small: rounds=0; use an integer of at least 1"),
    (bench, ["--threads", "0"], "threads is too small: threads=0"),
    (bench, ["--runs", "0"], "runs is too small: runs=0"),
    (bench, ["--plot", "bench.txt"], "the plot's file has no such format: bench.txt; end it in one of .png"),
    (bench, ["--plot", "no/such/folder.png"], "the plot's folder is not there: no/such/folder.png; make it first"),
    (bench, ["--json", "no/such/folder.json"], "the folder of the data is not there: no/such/folder.json"),
    (growth, ["--rounds", "0"], "rounds is too small"),
    (overhead, ["--threads", "0"], "threads is too small"),
    (memory, ["nonsense"], "no layer is called so: 'nonsense'"),
]


@pytest.mark.parametrize(("command", "arguments", "message"), REFUSED, ids=lambda value: str(value)[:20])
def test_what_is_refused(command: Any, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_the_benchmark_writes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = report(result())
    monkeypatch.setattr(bench, "measure", lambda *_: told)
    monkeypatch.setattr(bench, "import_seconds", lambda: 0.05)
    files = ["--json", str(tmp_path / "a.json"), "--plot", str(tmp_path / "a.svg")]
    assert bench.main(["unet", "--rounds", "1", *files]) == 0
    assert capsys.readouterr().out.endswith("import deconvs: 50 ms (median of fresh processes)\n")
    assert json.loads((tmp_path / "a.json").read_text()) == told.as_dict()
    assert (tmp_path / "a.svg").is_file()


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    geometry = "-i 5x4 -c 4,6 -k 3x2 -s 2x1 -p 1x0 -o 1x0 -g 2 -n 3"
    code = run(["bench", *geometry.split(), "--rounds", "1", "--json"])
    (one,) = json.loads(capsys.readouterr().out)["layers"]
    assert code == 0
    assert one["unable"] == {}
    assert one["layer"] | {"useful_flops": 0, "bytes": 0} == {
        "name": "yours",
        "source": "command line",
        "batch": 3,
        "channels": [4, 6],
        "input_size": [5, 4],
        "output_size": [10, 5],
        "kernel_size": [3, 2],
        "stride": [2, 1],
        "dilation": [1, 1],
        "crop": [[1, 0], [0, 0]],
        "groups": 2,
        "dtype": "float32",
        "useful_flops": 0,
        "bytes": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("-c 2,2", "Missing option '--input-size' / '-i'"),
        ("-i 4 -c 2", "channels are not a pair: channels='2'; give C_in,C_out, as in 3,8"),
        ("-i 4 -c 2,2 --dtype float16", "dtype is not timed: dtype='float16'; use float32 or float64"),
        ("-i 4 -c 2,2 --rounds 0", "rounds is too small: rounds=0; use an integer of at least 1"),
        ("-i 4 -c 2,2 --threads 0", "threads is too small: threads=0; use an integer of at least 1"),
        ("-i 4 -c 2,2 --batch 0", "batch is too small: batch=0; use an integer of at least 1"),
        ("-i 1 -c 2,2 -k 2 -p 1", "there is nothing to time: the output is (0,); cut less"),
        ("-i 1 -c 2,2 -k 2 -p 2", "the output would have a negative size"),
    ],
)
def test_what_the_command_refuses(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", *arguments.split()]) == 2
    assert message in capsys.readouterr().err
