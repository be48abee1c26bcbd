"""Calls like earlier ones take a shorter way: whatever else has changed meanwhile must still count."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deconvs as dc

from .native_cases import NEEDS_CORE, Array, assert_same, data, scattered

pytestmark = NEEDS_CORE

G = dc.ConvTranspose((4, 3), 2, ((1, 1), (1, 0)))
SAID = {"stride": 2, "padding": ((1, 1), (1, 0))}
X, W, BIAS = data(G, 2, (5, 7), (9, 11), "float32")
Y = scattered(G, X, W, BIAS)


def functional(x: Any, out: Any = None, threads: int | None = None) -> Any:
    return dc.conv_transpose(x, W, BIAS, **SAID, out=out, threads=threads)


@pytest.fixture(params=["operator", "functional"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """What computes Y from X; it has done so before."""
    found: Callable[..., Any] = G.prepare(W, BIAS) if request.param == "operator" else functional
    for _ in range(2):
        assert_same(found(X), Y, "the first calls")
        assert_same(found(X, out=np.empty_like(Y)), Y, "the first calls with out")
    return found


def test_other_weights_of_the_same_shape() -> None:
    for turn in range(4):
        w, bias = W + turn, BIAS - turn
        expected = scattered(G, X, w, bias)
        assert_same(dc.conv_transpose(X, w, bias, **SAID), expected, turn)
        assert_same(dc.conv_transpose(X, w, **SAID), scattered(G, X, w), "without bias")
        w += 1
        assert_same(dc.conv_transpose(X, w, bias, **SAID), scattered(G, X, w, bias), "changed where they lie")
        assert_same(dc.conv_transpose(X, np.asfortranarray(w), bias, **SAID), scattered(G, X, w, bias), "other strides")
    assert_same(dc.conv_transpose(X, W.astype(np.float64), BIAS, **SAID), Y, "float64")
    assert_same(dc.conv_transpose(X, W, BIAS.astype(np.float64), **SAID), Y, "float64 bias")
    assert dc.conv_transpose(X, W, BIAS.astype(np.float64), **SAID).dtype == np.float64


def test_other_parameters() -> None:
    for parameters in (
        SAID,
        {"stride": 2},
        {**SAID, "stride": (2, 1)},
        {**SAID, "dilation": 2},
        {**SAID, "output_padding": 1},
    ):
        g = dc.ConvTranspose((4, 3), **parameters)
        for _ in range(2):
            assert_same(dc.conv_transpose(X, W, BIAS, **parameters), scattered(g, X, W, BIAS), parameters)
    for wrong in (True, 2.0):
        with pytest.raises(dc.GeometryError, match="stride is not an integer"):
            dc.conv_transpose(X, W, BIAS, stride=wrong)


def test_weights_that_are_not_finite_this_time() -> None:
    w = W.copy()
    for poison in (0.0, np.inf, 0.0, np.nan):
        w[1, 2, 3, 1] = poison
        with np.errstate(invalid="ignore"):
            expected = scattered(G, X, w, BIAS)
        for _ in range(2):
            assert np.array_equal(dc.conv_transpose(X, w, BIAS, **SAID), expected, equal_nan=True)


def test_out_that_cannot_be_written_to_this_time(call: Callable[..., Any]) -> None:
    out = np.zeros_like(Y)
    assert call(X, out=out) is out
    out.flags.writeable = False
    with pytest.raises(dc.GeometryError, match="out cannot be written to"):
        call(X, out=out)
    for wrong in (np.zeros_like(Y[:1]), np.zeros(Y.shape), Y.tolist()):
        with pytest.raises(dc.GeometryError, match="out"):
            call(X, out=wrong)


def test_out_that_shares_memory_this_time(call: Callable[..., Any]) -> None:
    memory = np.zeros(X.size + Y.size, np.float32)
    for start in (X.size, 0, X.size // 2):  # behind x, over all of it, over half of it
        memory[: X.size] = X.ravel()
        x, out = memory[: X.size].reshape(X.shape), memory[start : start + Y.size].reshape(Y.shape)
        assert call(x, out=out) is out
        assert_same(out, Y, start)


def test_out_that_shares_memory_with_the_weights_this_time() -> None:
    memory = np.zeros(Y.size, np.float32)
    for _ in range(2):
        for source, place in ((W, slice(W.size)), (BIAS, slice(5, 5 + BIAS.size))):
            memory[place] = source.ravel()
            shared = memory[place].reshape(source.shape)
            w, bias = (shared, BIAS) if source is W else (W, shared)
            out = memory.reshape(Y.shape)
            dc.conv_transpose(X, w, bias, **SAID, out=out)
            assert_same(out, Y, "shared with the weights")
            dc.conv_transpose(X, W, BIAS, **SAID, out=np.empty_like(Y))


def test_x_that_lies_otherwise_this_time(call: Callable[..., Any]) -> None:
    odd = np.zeros(X.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(X.shape)
    odd[...] = X
    for _ in range(2):
        for x in (X, odd, X[:, :, ::-1].copy()[:, :, ::-1], np.asfortranarray(X), X.astype(np.float64)):
            assert_same(call(x), Y, x.strides)
        assert_same(call(X[0]), Y[0], "without batch")
        assert_same(call(X[:1]), Y[:1], "a smaller batch")
        assert call(X[:0]).shape == (0, *Y.shape[1:])
    integers = call(X.astype(np.int64))
    assert_same(integers, Y, "integers")


@pytest.mark.skipif(bool(os.environ.get("DECONVS_SANITIZED")), reason="PyTorch is not built for sanitizers")
def test_tensors_and_arrays_in_turn(call: Callable[..., Any]) -> None:
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(X)
    for _ in range(2):
        for given in (x, x.to(memory_format=torch.channels_last)):
            y = call(given)
            assert isinstance(y, torch.Tensor)
            assert_same(y.numpy(), Y, "a tensor")
        assert isinstance(call(X), np.ndarray)
        out = torch.zeros(Y.shape)
        assert call(x, out=out) is out
        assert_same(out.numpy(), Y, "out as a tensor")
        assert call(X, out=out) is out
    with pytest.raises(dc.GeometryError, match="require gradient"):
        call(x.clone().requires_grad_())


def test_settings_that_change_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    def computed() -> Array:
        found: Array = dc.conv_transpose(X, W, BIAS, **SAID)
        return found

    assert_same(computed(), Y, "as it is")
    for name, values in {
        "DECONVS_KERNEL": ("phase", "union", "gemm", "toom"),
        "DECONVS_ISA": ("baseline",),
        "DECONVS_NUM_THREADS": ("1", "3"),
        "DECONVS_NATIVE": ("0", "1"),
    }.items():
        for value in values:
            monkeypatch.setenv(name, value)
            for _ in range(2):
                assert_same(computed(), Y, (name, value))
        monkeypatch.delenv(name)
    monkeypatch.setenv("DECONVS_KERNEL", "nothing")
    with pytest.raises(dc.GeometryError, match="no such kernel"):
        computed()


def test_an_operator_outlives_a_change_of_the_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its weights are packed for the one that it was made under."""
    op = G.prepare(W, BIAS)
    assert_same(op(X), Y, "before")
    monkeypatch.setenv("DECONVS_ISA", "baseline")
    assert_same(op(X[:1]), Y[:1], "a new shape")
    assert_same(op(X), Y, "a known one")
    assert_same(op(X.astype(np.float64)), Y, "another type")


def test_wrong_threads_are_refused_every_time(call: Callable[..., Any]) -> None:
    for _ in range(2):
        assert_same(call(X, threads=2), Y, "two threads")
        for wrong in (0, -1, 1.5, "2", True):
            with pytest.raises(dc.GeometryError, match="threads"):
                call(X, threads=wrong)
