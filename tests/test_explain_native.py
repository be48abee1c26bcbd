"""Why a native kernel computes: print(op), deconvs explain --native."""

from __future__ import annotations

import json

import numpy as np
import pytest

import deconvs as dc
from deconvs.cli import run
from deconvs.run import native
from deconvs.run.engine import KERNELS

LAYER = ["explain", "16x16", "-k", "4", "-s", "2", "-p", "1", "-c", "32,16", "--native"]
G = dc.ConvTranspose((4, 4), stride=2, padding=1)
W = np.random.default_rng(5).standard_normal((32, 16, 4, 4), dtype=np.float32)
needs_core = pytest.mark.skipif(native.load() is None, reason="there is no native core")


@needs_core
def test_the_command_compares_the_kernels(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*LAYER, "--json", "--threads", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["why_not"] is None
    found = {one["kernel"]: one for one in told["native"]["candidates"]}
    assert tuple(found) == KERNELS
    assert told["native"]["definition"] == 4 * 4 * 32 * 16
    # Two taps a phase on each axis: 4 products instead of 6, twice. United, the last axis has 3 taps for 2.
    assert found["phase"]["products"] == 4 * 4 * 32 * 16
    assert found["toom"]["products"] == -(-64 * 32 * 16 // 9)
    assert found["union"]["products"] == 4 * 6 * 32 * 16
    op = G.prepare(W)
    assert told["native"]["kernel"] == op.kernel((1, 32, 16, 16))
    for name, one in found.items():
        forced = G.prepare(W, kernel=name)
        forced(np.ones((1, 32, 16, 16), np.float32), threads=2)
        assert 0 <= forced.packed_bytes - one["packed_bytes"] - 4 * 16 < 256  # the bias, and room at the end
        assert one["workspace_bytes"] == forced.workspace_bytes((1, 32, 16, 16), threads=2)
    assert run(LAYER) == 0
    text = capsys.readouterr().out
    assert f"{told['native']['kernel']} *" in text
    assert "because it is expected to take" in text


@needs_core
def test_an_operator_argues_for_its_kernels() -> None:
    op = G.prepare(W, kernel="phase")
    assert "which kernel depends on the input size" in str(op)
    op(np.ones((2, 32, 5, 6), np.float32), threads=1)
    op(np.ones((32, 7, 8), np.float32), threads=1)
    lines = str(op).splitlines()
    assert [line for line in lines if line.startswith("  x ")] == [
        "  x (2, 32, 5, 6), float32",
        "  x (32, 7, 8), float32",
    ]
    assert sum("asked for by name" in line for line in lines) == 2
    broken = W.copy()
    broken[1, 2, 3, 0] = np.inf
    op = G.prepare(broken)
    op(np.ones((32, 7, 8), np.float32))
    assert str(op).endswith("by NumPy's gemm view: not all weights are finite")


def test_without_the_core_numpy_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    assert run([*LAYER, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["native"] is None
    assert told["why_not"] == "disabled by DECONVS_NATIVE=0"
    assert "disabled by DECONVS_NATIVE=0" in str(G.prepare(W))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--native", "--view", "gemm"], "one thing at a time: --native and --view gemm; leave one out"),
        (["--dtype", "float64"], "only the native kernels depend on it: --dtype given; add --native"),
        (["--threads", "2"], "only the native kernels depend on it: --threads given; add --native"),
        (
            ["--native", "--dtype", "int8"],
            "the native core does not compute in it: dtype='int8'; use float32 or float64",
        ),
        (["--native", "--threads", "0"], "threads is too small: threads=0; use an integer of at least 1"),
    ],
)
def test_what_does_not_fit_is_said(more: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "4x4", *more]) == 2
    assert capsys.readouterr().err == f"deconvs: {message}\n"
