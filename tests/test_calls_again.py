"""Calls like an earlier one skip what is known, but not what protects; other arguments are not taken for the same."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

import deconvs as dc
from deconvs.run import native, repeated

pytestmark = pytest.mark.skipif(native.load() is None, reason="there is no native core")

G = dc.ConvTranspose((3, 2), stride=(2, 1), padding=(1, 0))
RNG = np.random.default_rng(3)
W = RNG.integers(-9, 9, (4, 3, 3, 2)).astype(np.float32)
X = RNG.integers(-9, 9, (2, 4, 5, 6)).astype(np.float32)
OPTIONS: dict[str, Any] = {"stride": (2, 1), "padding": (1, 0)}


def plain(x: Any, w: Any = W, bias: Any = None) -> Any:
    """By the definition's view, which the calls do not use."""
    return G.plan("scatter").run(x, w, bias)


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "_jobs", {})


def test_the_second_call_gives_the_same_in_every_way_to_call() -> None:
    op = G.prepare(W)
    for x in (X, X[0], X[:, :, ::-1], X.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)):
        expected = plain(x)
        for _ in range(3):
            out = np.full_like(expected, np.nan)
            assert op(x, out=out) is out
            assert (out == expected).all()
            assert (op(x) == expected).all()
            assert (dc.conv_transpose(x, W, **OPTIONS) == expected).all()
            out[...] = np.nan
            assert dc.conv_transpose(x, W, out=out, **OPTIONS) is out
            assert (out == expected).all()


def test_new_values_of_weights_and_bias_are_seen() -> None:
    for scale in (1, 2, 3):
        bias = np.arange(3, dtype=np.float32) * scale
        assert (dc.conv_transpose(X, W * scale, bias, **OPTIONS) == plain(X, W * scale, bias)).all()
    assert (dc.conv_transpose(X, W[:, :, ::-1], bias, **OPTIONS) == plain(X, W[:, :, ::-1], bias)).all()
    assert len(repeated._jobs) == 1
    assert next(iter(repeated._jobs.values())).packed is None


def test_weights_that_are_not_finite_are_seen() -> None:
    for value in (1, np.inf, np.nan, 1):
        w = W.copy()
        w[0, 0, 0, 0] = value
        np.testing.assert_array_equal(dc.conv_transpose(X, w, **OPTIONS), plain(X, w))


def test_what_protects_is_checked_every_time() -> None:
    op = G.prepare(W)
    out = np.empty_like(plain(X))
    for call in (lambda out: op(X, out=out), lambda out: dc.conv_transpose(X, W, out=out, **OPTIONS)):
        call(out)
        locked = out.copy()
        locked.flags.writeable = False
        with pytest.raises(dc.GeometryError, match="out cannot be written to"):
            call(locked)
        with pytest.raises(dc.GeometryError, match="out does not fit the result"):
            call(out[:, :, 1:])
        with pytest.raises(dc.GeometryError, match="out does not fit the result"):
            call(out.astype(np.float64))
        bytes_ = np.empty(out.nbytes + 1, np.uint8)
        unaligned = bytes_[1:].view(np.float32).reshape(out.shape)
        assert (call(unaligned) == plain(X)).all()


def test_out_may_share_memory_with_x() -> None:
    g = dc.ConvTranspose((1, 1))
    w = np.array([[[[2.0]], [[1.0]]], [[[1.0]], [[3.0]]]], np.float32)
    op = g.prepare(w)
    for _ in range(2):
        x = RNG.integers(-9, 9, (1, 2, 4, 4)).astype(np.float32)
        expected = g.plan("scatter").run(x, w, None)
        op(x, out=np.empty_like(x))
        assert (op(x, out=x) == expected).all()
        x = RNG.integers(-9, 9, (1, 2, 4, 4)).astype(np.float32)
        expected = g.plan("scatter").run(x, w, None)
        dc.conv_transpose(x, w, out=np.empty_like(x))
        assert (dc.conv_transpose(x, w, out=x) == expected).all()


@pytest.mark.parametrize("stride", [True, 2.0, (2, 2.0), (True, True), "2"])
def test_what_equals_an_integer_is_not_one(stride: Any) -> None:
    for good in (1, 2, (2, 2), (1, 1)):
        dc.conv_transpose(X, W, stride=good)
    with pytest.raises(dc.GeometryError, match="stride"):
        dc.conv_transpose(X, W, stride=stride)


def test_threads_that_are_no_number_are_refused_the_second_time_too() -> None:
    op = G.prepare(W)
    for threads in (True, 1.0, 0, [1]):
        op(X, threads=1)
        with pytest.raises(dc.GeometryError, match="threads"):
            op(X, threads=threads)  # type: ignore[arg-type]
        with pytest.raises(dc.GeometryError, match="threads"):
            dc.conv_transpose(X, W, threads=threads, **OPTIONS)


def test_lists_are_taken_though_they_are_not_kept() -> None:
    assert (dc.conv_transpose(X.tolist(), W, stride=[2, 1], padding=[1, 0]) == plain(X)).all()
    assert not repeated._jobs


def test_tensors_come_back_as_tensors() -> None:
    op = G.prepare(W)
    x, w = torch.from_numpy(X), torch.from_numpy(W)
    for _ in range(3):
        out = torch.full(plain(X).shape, torch.nan)
        assert op(x, out=out) is out
        for y in (out, op(x), dc.conv_transpose(x, w, **OPTIONS)):
            assert isinstance(y, torch.Tensor)
            assert (y.numpy() == plain(X)).all()
    with pytest.raises(dc.GeometryError, match="x cannot be shared with NumPy"):
        op(x.requires_grad_())


def test_variables_are_read_when_they_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    op = G.prepare(W)
    assert op._layer._native is not None
    first = op._layer._native.isa
    dc.conv_transpose(X, W, **OPTIONS)
    monkeypatch.setenv("DECONVS_ISA", "baseline")
    monkeypatch.setenv("DECONVS_KERNEL", "union")
    assert (op(X) == plain(X)).all()
    assert (op(X[:, :, 1:]) == plain(X[:, :, 1:])).all()  # a new shape after the change
    assert op._layer._native.isa == first
    assert (dc.conv_transpose(X, W, **OPTIONS) == plain(X)).all()
    assert {(job.kernel, job.engine.machine.isa) for job in repeated._jobs.values()} >= {("union", "baseline")}
    assert G.prepare(W).kernel(X.shape) == "union"
    monkeypatch.setenv("DECONVS_NUM_THREADS", "0")
    with pytest.raises(dc.GeometryError, match="DECONVS_NUM_THREADS=0"):
        op(X)
    monkeypatch.delenv("DECONVS_NUM_THREADS")
    monkeypatch.delenv("DECONVS_KERNEL")
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    assert (dc.conv_transpose(X, W, **OPTIONS) == plain(X)).all()


def test_calls_from_many_threads_at_once() -> None:
    op, expected = G.prepare(W), plain(X)
    right: list[bool] = []

    def work() -> None:
        for _ in range(50):
            for y in (op(X), dc.conv_transpose(X, W, **OPTIONS)):
                right.append(bool((y == expected).all()))  # noqa: PERF401

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert right == [True] * 400
