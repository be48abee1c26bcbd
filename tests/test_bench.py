"""The benchmark: contenders agree, what is wrong is not timed, time is taken as said. Nothing here waits for speed."""

from __future__ import annotations

import doctest
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from benchmarks import growth, layers, memory, overhead

import deconvs as dc
from deconvs.benchmark import Layer, Machine, Settings, engine, limit, measure, quiet
from deconvs.benchmark.contenders import CONTENDERS, PEERS, Contender, Ready, Task, Unable
from deconvs.benchmark.correct import error_of, exact, tolerances
from deconvs.cli import run


def layer(
    c_in: int, c_out: int, size: tuple[int, ...], k: Any, s: Any, *, batch: int = 2, dtype: str = "float32", **rest: Any
) -> Layer:
    return Layer("a layer", "a test", batch, c_in, c_out, size, dc.ConvTranspose(k, s, ndim=len(size), **rest), dtype)


TINY = layer(2, 3, (4,), 3, 2, batch=1)

TAKEN_BY_ALL = [
    layer(3, 5, (7, 6), 4, 2, padding=1),
    layer(4, 6, (5, 7), (3, 2), (2, 1), padding=(1, 0), output_padding=(1, 0), groups=2),
    layer(3, 3, (6, 5), 3, 2, padding=2, output_padding=1, dilation=2, groups=3),
    layer(2, 3, (2, 3), 2, 3),
    layer(4, 2, (3, 4, 5), 3, 2, padding=1, output_padding=1, batch=1),
]


@pytest.mark.parametrize("one", TAKEN_BY_ALL, ids=lambda one: one.what)
def test_every_contender_computes_the_layer(one: Layer) -> None:
    report = measure([one], Settings(rounds=1, pause=0))
    result = report.results[0]
    assert result.unable == {}
    assert set(result.times) == {contender.name for contender in CONTENDERS} == set(result.errors)
    assert report.failures() == {}
    assert all(result.peer(peer) for peer in PEERS)


@pytest.mark.parametrize(
    ("one", "reasons"),
    [
        (layer(2, 2, (8,), 4, 2, padding=1), {"PyTorch channels_last": "2 and 3 spatial axes, not 1"}),
        (
            layer(2, 2, (4, 4), 3, 2, padding=((0, 1), (0, 1))),
            {"PyTorch": "padding is the same before and after", "PyTorch channels_last": "padding is the same"},
        ),
        (
            layer(2, 2, (4, 4), 4, 2, dtype="float64"),
            {"OpenVINO": "not float64", "OpenVINO, reused output": "not float64"}
            | dict.fromkeys(("ONNX Runtime", "ONNX Runtime, no spinning", "ONNX Runtime, bound"), "NOT_IMPLEMENTED"),
        ),
        (
            layer(2, 2, (4, 4), 2, 2, padding=((-2, -1), (0, 0))),
            {c.name: "spelling for the crop (-2, -1), (0, 0)" for c in CONTENDERS if c.peer not in ("", "JAX")},
        ),
    ],
    ids=["one axis", "unequal crop", "float64", "negative crop"],
)
def test_who_does_not_take_part_says_why(one: Layer, reasons: dict[str, str]) -> None:
    result = measure([one], Settings(rounds=1, pause=0)).results[0]
    assert set(result.unable) == set(reasons)
    for name, words in reasons.items():
        assert words in result.unable[name]
    assert set(result.times) == {contender.name for contender in CONTENDERS} - set(reasons)


def contender(name: str, change: Callable[[Any], Any], needs: tuple[str, ...] = ()) -> Contender:
    """One that computes the layer exactly, and changes the result."""

    def ready(task: Task) -> Ready | Unable:
        y = exact(task.layer, task.x, task.w, task.bias).astype(task.layer.dtype)
        return Ready(lambda: change(y), lambda found: found)

    return Contender(name, name, ready, needs)


def test_what_is_wrong_is_not_timed() -> None:
    def fail(y: Any) -> Any:
        raise RuntimeError("no such\nkernel")

    def fail_to_begin(task: Task) -> Ready:
        raise ValueError("cannot be built")

    contenders = (
        contender("right", lambda y: y),
        contender("off by one", lambda y: np.roll(y, 1)),
        contender("not a number", lambda y: y * np.nan),
        contender("another shape", lambda y: y[:, :, 1:]),
        contender("another type", lambda y: y.astype(np.float64)),
        contender("fails", fail),
        Contender("fails early", "fails early", fail_to_begin),
        contender("absent", lambda y: y, needs=("no_such_module",)),
    )
    result = measure([TINY], Settings(rounds=1, pause=0, contenders=contenders)).results[0]
    assert set(result.times) == {"right"}
    assert result.unable["off by one"].startswith("its result is wrong: off by ")
    assert result.unable["not a number"].startswith("its result is wrong: off by nan")
    assert {name: result.unable[name] for name in list(result.unable)[2:]} == {
        "another shape": "its result has shape (1, 3, 8), not (1, 3, 9)",
        "another type": "its result is float64, not float32",
        "fails": "RuntimeError: no such kernel",
        "fails early": "ValueError: cannot be built",
        "absent": "no_such_module is not installed",
    }


def test_a_failure_of_our_own_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(task: Task) -> Ready:
        raise RuntimeError("broken")

    ours = Contender("deconvs", "", fail)
    report = measure([TINY], Settings(rounds=1, pause=0, contenders=(ours,)))
    assert report.failures() == {"a layer": "deconvs: RuntimeError: broken"}
    monkeypatch.setattr("deconvs.benchmark.measure", lambda *_: report)
    assert run(["bench", "-i", "4", "-c", "1,1"]) == 1
    assert "deconvs: RuntimeError: broken (every layer)" in capsys.readouterr().out


@pytest.mark.parametrize("c_in", [1, 64, 1024])
def test_half_precision_does_not_pass_for_float32(c_in: int) -> None:
    one = layer(c_in, 4, (12, 12), 4, 2, padding=1, batch=1)
    x, w, bias = one.data()
    expected = exact(one, x, w, bias)
    assert error_of(one, expected.astype(np.float32), expected)[1] == ""
    rounded = exact(one, x.astype(np.float16), w.astype(np.float16), bias).astype(np.float32)
    assert error_of(one, rounded, expected)[1] != ""
    # Ten bits of both, as NVIDIA's TF32 and its kin keep.
    kept = [(array.view(np.int32) & ~0x1FFF).view(np.float32) for array in (x, w)]
    assert error_of(one, exact(one, *kept, bias).astype(np.float32), expected)[1] != ""


def test_the_bounds_are_what_they_are_derived_to_be() -> None:
    one = layer(1, 1, (9,), 4, 2)  # two taps a phase, so two products and a bias
    assert one.terms == 2
    largest, usual = tolerances(one)
    assert largest == pytest.approx(3 * 3 * 2.0**-24, rel=1e-6)
    assert usual == pytest.approx(7 * 2.0**-24)
    many = layer(4096, 1, (9,), 4, 2)
    assert tolerances(many)[0] == pytest.approx(8 * 8193**1.5 * 2.0**-24)
    assert tolerances(layer(1, 1, (9,), 4, 2, dtype="float64"))[1] == pytest.approx(2 * 7 * 2.0**-53)
    assert layer(8, 8, (1,), 4, 1, groups=4).terms == 2  # a single input meets one tap of each output


def test_exact_is_the_definition() -> None:
    one = layer(3, 2, (5, 4), (3, 2), 2, padding=((1, 0), (0, -1)), batch=3)
    x, w, bias = (np.round(8 * array) for array in one.data())
    assert (exact(one, x, w, bias) == one.geometry.plan("scatter").run(x, w, bias)).all()


def test_the_data_is_the_same_every_time_and_within_one() -> None:
    for first, again in zip(TINY.data(), TINY.data(), strict=True):
        assert (first == again).all()
        assert first.dtype == np.float32
        assert 0 < np.abs(first).max() < 1


def test_limit_by_hand() -> None:
    # 1 -> 1 channel, 4 inputs, k4 s2 p1: 8 outputs; of 16 products 2 are cropped. 4 + 4 + 8 elements of four bytes.
    one = layer(1, 1, (4,), 4, 2, padding=1, batch=1)
    assert (one.useful_flops, one.bytes) == (28, 64)
    assert limit(one, Machine(flops=14.0, bandwidth=64.0)).seconds == 2.0
    assert limit(one, Machine(flops=14.0, bandwidth=64.0)).bound_by == "products"
    assert limit(one, Machine(flops=28.0, bandwidth=16.0)).seconds == 4.0
    assert limit(one, Machine(flops=28.0, bandwidth=16.0)).bound_by == "memory"
    # Groups of two channels, 3 images: each output channel reads two inputs.
    two = layer(4, 6, (5,), 2, 2, batch=3, groups=2, dtype="float64")
    assert two.useful_flops == 2 * 3 * 6 * 2 * 10
    assert two.bytes == 8 * (3 * 4 * 5 + 4 * 3 * 2 + 3 * 6 * 10)


def test_blocks_warm_up_and_time() -> None:
    calls: list[int] = []
    assert len(quiet.block(lambda: calls.append(1), roughly=1e-3, pause=0)) == quiet.TIMED
    assert len(calls) == quiet.WARM_UP + quiet.TIMED
    calls.clear()
    quiet.block(lambda: calls.append(1), roughly=quiet.SHORT / 10, pause=0)
    assert len(calls) == 10 * (quiet.WARM_UP + quiet.TIMED)
    calls.clear()
    assert len(quiet.block(lambda: calls.append(1), roughly=2 * quiet.LONG, pause=0)) == 1
    assert len(calls) == 2


def test_what_takes_long_has_two_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LONG", 0.0)
    both = (contender("one", lambda y: y), contender("other", lambda y: y))
    result = measure([TINY], Settings(rounds=4, pause=0, contenders=both)).results[0]
    assert len(result.times["one"].seconds) == 2 * quiet.TIMED
    assert len(result.flops) == len(result.bandwidth) == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Settings(rounds=0), "rounds is too small: rounds=0; use an integer of at least 1"),
        (lambda: Settings(threads=0), "threads is too small: threads=0; use an integer of at least 1"),
        (
            lambda: layer(1, 1, (4,), 2, 2, dtype="float16"),
            "dtype is not timed: dtype='float16'; use float32 or float64",
        ),
        (
            lambda: layer(3, 2, (4,), 2, 2, groups=2),
            "channels are not divisible by groups: channels=(3, 2), groups=2; use multiples of 2",
        ),
    ],
)
def test_errors(make: Callable[[], object], message: str) -> None:
    with pytest.raises(dc.GeometryError) as caught:
        make()
    assert str(caught.value) == message


def test_the_named_layers() -> None:
    both = (*layers.LAYERS, *layers.UNTUNED)
    assert len(layers.LAYERS) == 25
    assert len(layers.UNTUNED) >= 20
    assert len({one.name for one in both}) == len(both)
    assert all(one.source and 0 not in one.shapes[2] for one in both)
    assert [one.name for one in layers.chosen(["dcgan.1", "sam"])] == ["dcgan.1", "sam.1", "sam.2"]
    assert len(layers.chosen(untuned=True)) + 25 == len(layers.chosen(everything=True))


@pytest.mark.parametrize("module", [growth, layers, memory, overhead])
def test_examples_of_the_benchmarks(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_growth_overhead_and_memory_have_their_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.exponent([1], [2.0]) is None
    assert growth.exponent([1, 2, 4], [4.0, 2.0, 1.0]) == -1
    assert set(overhead.calls(overhead.TINY[0], 1)) >= set(overhead.CALLED)
    told = overhead.table({"tiny": {"kernel": 1.0, "deconvs": 4.5, "deconvs out=": 3.0}})
    assert told.splitlines()[-1].split() == ["tiny", "1.0", "4.5", "3.0", "-", "-", "3.5", "2.0"]
    assert memory.main(["few.3", "--here", "--threads", "1"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["bound"] == max(4 * (3 * 256**2 + 3 * 512**2) // 4, 2**20)
    assert "few.3" in memory.table([found], 1)
