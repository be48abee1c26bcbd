"""Arrays in and out: types, exactness, batches, memory layouts, out=, other libraries' arrays, non-finite data."""

from __future__ import annotations

import itertools
import math
import sys
import tracemalloc
import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import deconvs as dc
from deconvs.run import by_numpy, native
from deconvs.run.reference import scatter

from .cases import cases

G = dc.ConvTranspose((3, 2), stride=(2, 3), padding=((1, -1), (0, 1)), dilation=(1, 2), groups=2)
SHAPE_X, SHAPE_W, C_OUT = (2, 4, 3, 4), (4, 3, 3, 2), 6


def exact(g: dc.ConvTranspose, x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
    """The oracle in Python numbers, image by image, as an object array."""
    images = []
    for image in x:
        values, weights = ({i: v.item() for i, v in np.ndenumerate(a)} for a in (image, w))
        y = scatter(values, weights, stride=g.stride, dilation=g.dilation, crop=g.crop, groups=g.groups)
        result = np.zeros((len(bias), *g.output_size(x.shape[2:])), dtype=object)
        for index, value in y.items():
            result[index] = value + bias[index[0]].item()
        images.append(result)
    return np.stack(images)


@pytest.fixture
def integers() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.default_rng(7)
    return tuple(rng.integers(-9, 10, shape) for shape in (SHAPE_X, SHAPE_W, (C_OUT,)))  # type: ignore[return-value]


INTEGER_TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("dtype", INTEGER_TYPES)
def test_every_integer_type_is_exact_and_returns_int64(integers: Any, dtype: str) -> None:
    x, w, bias = (np.abs(a).astype(dtype) if dtype.startswith("u") else a.astype(dtype) for a in integers)
    y = G.prepare(w, bias)(x)
    assert y.dtype == np.int64
    assert (y == exact(G, x, w, bias)).all()


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_the_largest_integers_do_not_wrap(dtype: str) -> None:
    """int8 sums pass 127, int32 sums pass 2^31, int64 sums pass 2^53, where float64 would round."""
    top = np.iinfo(dtype).max if dtype != "int64" else 2**58 + 1
    x = np.array([[top, top - 1, -top]], dtype=dtype)
    w = np.array([[[3, 1, 2]]], dtype=dtype)
    bias = np.array([1], dtype=dtype)
    y = dc.conv_transpose(x, w, bias)
    assert y.dtype == np.int64
    expected = exact(dc.ConvTranspose((3,)), x[None], w, bias)[0]
    assert y.tolist() == expected.tolist()
    for view in dc.VIEWS:
        assert dc.ConvTranspose((3,)).plan(view).run(x, w, bias).tolist() == expected.tolist()


def test_overflow_is_refused_by_a_bound_not_found_in_the_result() -> None:
    limit = np.iinfo(np.int64)
    w = np.array([[[1, 1]]])
    for x in ([[limit.max // 2 + 1]], [[limit.min]]):
        with pytest.raises(dc.GeometryError, match="the integer result might not fit in 64 bits"):
            dc.conv_transpose(np.array(x), w)
        with pytest.raises(dc.GeometryError, match="the integer result might not fit in 64 bits"):
            dc.conv(np.array(x * 2).reshape(1, 2), w)
    assert dc.conv_transpose(np.array([[limit.max // 2]]), w).tolist() == [[limit.max // 2] * 2]
    for view in dc.VIEWS:
        with pytest.raises(dc.GeometryError, match="the integer result might not fit in 64 bits"):
            dc.ConvTranspose((2,)).plan(view).run(np.array([[limit.max // 2 + 1]]), w)
    # The bias counts, and so do weights whose sum of magnitudes alone passes 2^63.
    with pytest.raises(dc.GeometryError, match="the integer result might not fit in 64 bits"):
        dc.conv_transpose(np.array([[2**62]]), np.array([[[1]]]), np.array([2**62]))
    with pytest.raises(dc.GeometryError, match=f"at most {2**64}"):
        dc.conv_transpose(np.array([[1]]), np.full((1, 1, 4), 2**62))
    # The bound itself must not overflow: its sum of |weight| passes 2^63.
    with pytest.raises(dc.GeometryError, match="the integer result might not fit in 64 bits"):
        dc.conv_transpose(np.array([[1]]), np.full((1, 1, 4), limit.min))
    with pytest.raises(dc.GeometryError, match="the integer result might not fit in 64 bits"):
        dc.conv_transpose(np.array([[2**63]], dtype=np.uint64), np.array([[[1]]]))


@pytest.mark.parametrize(("dtype", "unit"), [("float32", 2.0**-24), ("float64", 2.0**-53)])
def test_real_data_is_within_the_bound_of_summation(dtype: str, unit: float) -> None:
    """|error| <= gamma_n * sum |x||w|, n = C_in/groups * prod(k) + 1 terms: the bound of any order of summation."""
    rng = np.random.default_rng(3)
    x, w, bias = (rng.normal(size=shape).astype(dtype) for shape in (SHAPE_X, SHAPE_W, (C_OUT,)))
    terms = SHAPE_X[1] // G.groups * math.prod(G.kernel_size) + 1
    gamma = (terms + 1) * unit / (1 - (terms + 1) * unit)
    magnitude = exact(G, np.abs(x), np.abs(w), np.abs(bias)).astype(np.float64)
    truth = exact(G, x.astype(np.float64), w.astype(np.float64), bias.astype(np.float64)).astype(np.float64)
    for y in (G.prepare(w, bias)(x), *(G.plan(view).run(x, w, bias) for view in dc.VIEWS)):
        assert y.dtype == dtype
        # The oracle itself rounds in float64: one more gamma of it.
        assert (np.abs(y - truth) <= (gamma + terms * 2.0**-52) * magnitude).all()


@pytest.mark.parametrize("dtype", ["float16", ml_dtypes.bfloat16])
def test_half_types_are_computed_in_float32_and_returned_in_their_own(dtype: Any) -> None:
    rng = np.random.default_rng(4)
    x, w, bias = (rng.normal(size=shape).astype(dtype) for shape in (SHAPE_X, SHAPE_W, (C_OUT,)))
    y = G.prepare(w, bias)(x)
    assert y.dtype == dtype
    wide = G.prepare(w.astype(np.float32), bias.astype(np.float32))(x.astype(np.float32))
    assert np.array_equal(y, wide.astype(dtype))
    assert np.array_equal(G.plan("polyphase").run(x, w, bias).dtype, np.dtype(dtype))
    narrow = dc.conv(x, rng.normal(size=(2, 2, 3, 2)).astype(dtype), groups=2)
    assert narrow.dtype == dtype


def test_mixed_types_promote_as_numpy_does() -> None:
    x32, w64 = np.ones((1, 2), np.float32), np.ones((1, 1, 2))
    assert dc.conv_transpose(x32, w64).dtype == np.float64
    assert dc.conv_transpose(np.ones((1, 2), np.int8), w64.astype(np.float32)).dtype == np.float32
    assert dc.conv_transpose(x32, w64.astype(np.float32), np.ones(1)).dtype == np.float64
    swapped = np.arange(4, dtype=">f4").reshape(1, 4)
    assert dc.conv_transpose(swapped, w64.astype(np.float32)).dtype == np.dtype("float32")
    assert dc.conv_transpose(swapped, w64.astype(np.float32)).tolist() == [[0, 1, 3, 5, 3]]


def test_one_operator_serves_inputs_of_several_types(integers: Any) -> None:
    x, w, bias = integers
    op = G.prepare(w.astype(np.float32), bias.astype(np.float32))
    assert [op(x.astype(t)).dtype for t in ("float32", "float64", "int8")] == ["float32", "float64", "float32"]
    assert np.array_equal(op(x.astype(np.float64)), op(x.astype(np.float32)))


def test_batch_no_batch_and_empty_batch(integers: Any) -> None:
    x, w, bias = integers
    op = G.prepare(w, bias)
    assert np.array_equal(op(x)[1], op(x[1]))
    assert op(x[:0]).shape == (0, C_OUT, *G.output_size(x.shape[2:]))
    for view in dc.VIEWS:
        assert G.plan(view).run(x[:0], w, bias).shape == op(x[:0]).shape
        assert np.array_equal(G.plan(view).run(x[1], w, bias), op(x[1]))
    adjoint = {"stride": G.stride, "padding": G.crop, "dilation": G.dilation, "groups": 2}
    assert dc.conv(op(x)[:0], w, **adjoint).shape == x[:0].shape
    assert np.array_equal(dc.conv(op(x), w, **adjoint)[0], dc.conv(op(x)[0], w, **adjoint))


def test_many_images_are_computed_in_turns_with_the_same_result(monkeypatch: pytest.MonkeyPatch, integers: Any) -> None:
    x, w, bias = integers  # integers are summed by NumPy
    together = G.prepare(w, bias)(np.concatenate([x] * 5))
    monkeypatch.setattr("deconvs.run.by_numpy.COLUMN_BYTES", 1)
    assert np.array_equal(together, G.prepare(w, bias)(np.concatenate([x] * 5)))


def test_non_contiguous_and_read_only_inputs(integers: Any) -> None:
    x, w, bias = integers
    expected = G.prepare(w, bias)(x)
    layouts = [
        np.asfortranarray(x),
        np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),  # channels last
        np.repeat(x, 2, axis=3)[..., ::2],
        x[:, :, ::-1].copy()[:, :, ::-1],
        np.broadcast_to(x, x.shape),
    ]
    for layout in layouts:
        layout = layout.view()
        layout.flags.writeable = False
        before = layout.copy()
        for weight in (w, np.asfortranarray(w), w[:, :, ::-1].copy()[:, :, ::-1]):
            weight.flags.writeable = False
            assert np.array_equal(G.prepare(weight, bias)(layout), expected)
            assert np.array_equal(G.plan("direct").run(layout, weight, bias), expected)
        assert np.array_equal(layout, before)


def test_nested_lists_are_arrays_too() -> None:
    assert dc.conv_transpose([[1, 2]], [[[1, 10]]]).tolist() == [[1, 12, 20]]


@pytest.mark.parametrize("groups", [1, 2])
def test_only_what_one_output_can_read_counts(groups: int) -> None:
    """Three input channels and one output channel a group; each row of the weight alone would fit."""
    x = np.full((3 * groups, 1), 2**60)
    w = np.array([[[2, 1]], [[1, 1]], [[1, 1]]] * groups)
    assert dc.conv_transpose(x, w, groups=groups).tolist() == [[2**62, 3 * 2**60]] * groups
    kernels = w.reshape(groups, 3, 2)
    assert dc.conv(np.repeat(x, 2, axis=1), kernels, groups=groups).tolist() == [[7 * 2**60]] * groups
    for compute in (
        lambda a: dc.conv_transpose(a, w, groups=groups),
        lambda a: dc.conv(np.repeat(a, 2, axis=1), kernels, groups=groups),
    ):
        with pytest.raises(dc.GeometryError, match="summing to at most 7 in one output"):
            compute(2 * x)


@pytest.mark.parametrize("odd", [0, 1])
def test_integers_are_exact_where_float64_begins_to_round(odd: int) -> None:
    """Sums up to 2^53, which float64 holds, and one beyond, which it does not."""
    x = np.array([[2**52 + odd]])
    assert dc.conv_transpose(x, np.array([[[1], [2]]]))[0].tolist() == [2**52 + odd]
    assert dc.conv_transpose(x, np.array([[[2]]]), np.array([odd])).tolist() == [[2**53 + 3 * odd]]
    assert dc.conv(x, np.array([[[2]]]), np.array([odd])).tolist() == [[2**53 + 3 * odd]]


MEMORY = [
    ("int8 into a small output", (4, 512, 40, 40), (512, 1, 1, 1), "int8", {}),
    ("float16 is computed in float32", (4, 256, 40, 40), (256, 2, 1, 1), "float16", {}),
    ("more output than input", (2, 3, 30, 30), (3, 16, 4, 4), "float32", {"stride": 4}),
    ("overlapping stamps", (2, 6, 30, 30), (6, 5, 5, 5), "float32", {}),
    ("a large crop", (1, 2, 1000), (2, 4, 1000), "float64", {"padding": 950}),
    ("dilation", (1, 8, 40, 40), (8, 8, 3, 3), "float32", {"dilation": 9}),
    ("a large weight", (1, 64, 6, 6), (64, 32, 5, 5), "float32", {}),
]


@pytest.mark.parametrize(
    ("shape_x", "shape_w", "dtype", "options"), [m[1:] for m in MEMORY], ids=[m[0] for m in MEMORY]
)
@pytest.mark.parametrize("function", ["conv_transpose", "NumPy's conv_transpose", "conv", *dc.VIEWS])
def test_no_more_memory_than_is_asked_for(
    function: str, shape_x: Any, shape_w: Any, dtype: str, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    for module in ("layer", "fast", "border"):
        monkeypatch.setattr(f"deconvs.run.{module}.require_bytes", lambda what, values, needed: asked.append(needed))
    monkeypatch.setattr("deconvs.operator.require_bytes", lambda what, values, needed: asked.append(needed))
    # All results where they are counted; what the core works in is counted in tests/test_native_memory.py.
    monkeypatch.setattr("deconvs.run.by_core._LARGE", 2**62)
    if function == "NumPy's conv_transpose":
        monkeypatch.setenv("DECONVS_NATIVE", "0")
    g = dc.ConvTranspose(shape_w[2:], **options)
    x, w = np.ones(shape_x, dtype)[..., ::-1], np.ones(shape_w, dtype)
    call = {
        "conv_transpose": lambda: dc.conv_transpose(x, w, **options),
        "NumPy's conv_transpose": lambda: dc.conv_transpose(x, w, **options),
        "conv": lambda: dc.conv(x, w.swapaxes(0, 1), **options),
    }.get(function, lambda: g.plan(function).run(x, w))
    call()  # loads what is loaded once
    asked.clear()
    tracemalloc.start()
    call()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used <= sum(asked) + 2**18, (used, asked)
    assert sum(asked) < 16 * (used + x.nbytes + w.nbytes)  # and not by asking for everything


def test_out_is_filled_completely_and_returned(integers: Any) -> None:
    x, w, bias = integers
    op = G.prepare(w, bias)
    expected = op(x)
    poisoned = np.full(expected.shape, np.iinfo(np.int64).min)
    assert op(x, out=poisoned) is poisoned
    assert np.array_equal(poisoned, expected)
    strided = np.full((*expected.shape[:-1], 2 * expected.shape[-1]), 77)
    assert np.array_equal(op(x, out=strided[..., ::2]), expected)
    assert (strided[..., 1::2] == 77).all()
    single = np.full(expected.shape[1:], 77)
    assert np.array_equal(dc.conv_transpose(x[0], w, bias, **spelled(G), out=single), expected[0])
    assert np.array_equal(single, expected[0])


def test_out_may_share_memory_with_x() -> None:
    g = dc.ConvTranspose((3,), padding=1)
    w = np.array([[[1, 10, 100]]])
    x = np.arange(1, 13).reshape(3, 1, 4)
    expected = g.prepare(w)(x)
    shared = x.copy()
    g.prepare(w)(shared, out=shared)
    assert np.array_equal(shared, expected)
    overlapping = np.concatenate([x.ravel(), [0, 0]])
    g.prepare(w)(overlapping[:12].reshape(3, 1, 4), out=overlapping[2:].reshape(3, 1, 4))
    assert np.array_equal(overlapping[2:].reshape(3, 1, 4), expected)


@pytest.mark.parametrize("switch", ["", "0"], ids=["by the core", "by NumPy"])
def test_out_may_share_memory_with_the_weights(switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With images computed in turns: the second would read what the first has written."""
    monkeypatch.setattr("deconvs.run.by_numpy.COLUMN_BYTES", 1)
    monkeypatch.setenv("DECONVS_NATIVE", switch)
    for shared in ("weight", "bias"):
        memory = np.array([2.0, 3.0, 5.0, 7.0])
        weight = memory[:1].reshape(1, 1, 1) if shared == "weight" else np.array([[[2.0]]])
        bias = memory[:1] if shared == "bias" else None
        x = np.array([[[3.0]], [[10.0]], [[100.0]], [[1000.0]]])
        y = dc.conv_transpose(x, weight, bias, out=memory.reshape(4, 1, 1))
        assert y.ravel().tolist() == ([6, 20, 200, 2000] if shared == "weight" else [8, 22, 202, 2002])


def test_every_result_is_an_array_of_its_own() -> None:
    identity = dc.ConvTranspose((1,))
    x = np.array([[1.0, 2.0]])
    for compute in (identity.prepare([[[1.0]]]), lambda a: identity.plan("direct").run(a, [[[1.0]]])):
        first, second = compute(x), compute(x)
        first[:] = -1
        assert second.tolist() == x.tolist() == [[1.0, 2.0]]


def test_an_operator_keeps_its_weights_when_the_callers_change() -> None:
    w, bias = np.array([[[1.0, 2.0]]]), np.array([0.5])
    op = dc.ConvTranspose((2,)).prepare(w, bias)
    w[:], bias[:] = 9, 9
    assert op(np.array([[1.0]])).tolist() == [[1.5, 2.5]]
    wide = op(np.array([[1.0]]).astype(np.float64))
    assert wide.tolist() == [[1.5, 2.5]]


def test_pytorch_tensors_come_back_as_pytorch_tensors(integers: Any) -> None:
    x, w, bias = (torch.from_numpy(a.astype(np.float32)) for a in integers)
    y = dc.conv_transpose(x, w, bias, **spelled(G))
    assert isinstance(y, torch.Tensor)
    assert y.dtype == torch.float32
    assert np.array_equal(y.numpy(), G.prepare(*integers[1:])(integers[0]))
    out = torch.full(y.shape, math.nan)
    assert G.prepare(w, bias)(x, out=out) is out
    assert torch.equal(out, y)
    assert isinstance(G.plan("gemm").run(x, w, bias), torch.Tensor)
    assert isinstance(dc.conv(x, w.reshape(4, 3, 3, 2)[:, :2], groups=2), torch.Tensor)
    # Channels last, as a view: read through its strides.
    assert torch.equal(dc.conv_transpose(x.to(memory_format=torch.channels_last), w, bias, **spelled(G)), y)


def test_bfloat16_tensors_come_back_as_theirs(integers: Any) -> None:
    x, w, bias = (torch.from_numpy(a).to(torch.bfloat16) for a in integers)
    y = dc.conv_transpose(x, w, bias, **spelled(G))
    assert isinstance(y, torch.Tensor)
    assert y.dtype == torch.bfloat16
    expected = G.prepare(*(a.astype(ml_dtypes.bfloat16) for a in integers[1:]))(integers[0].astype(ml_dtypes.bfloat16))
    assert np.array_equal(y.float().numpy(), expected.astype(np.float32))
    out = torch.full(y.shape, math.nan, dtype=torch.bfloat16)
    assert G.prepare(w, bias)(x, out=out) is out
    assert torch.equal(out, y)


def test_bfloat16_without_ml_dtypes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(dc.GeometryError, match="x cannot be shared with NumPy: bfloat16 needs the package ml_dtypes"):
        dc.conv_transpose(torch.ones(1, 2, dtype=torch.bfloat16), [[[1.0]]])


def test_threads_limits_blas_and_is_checked(monkeypatch: pytest.MonkeyPatch, integers: Any) -> None:
    from threadpoolctl import threadpool_info

    def limits() -> set[int]:
        return {
            pool["num_threads"]
            for pool in threadpool_info()
            if pool["user_api"] == "blas" and "numpy" in pool["filepath"]
        }

    seen = []
    inner = by_numpy.scattered
    monkeypatch.setattr(by_numpy, "scattered", lambda *arguments: (seen.append(limits()), inner(*arguments)))
    x, w, bias = integers
    before = limits()
    assert np.array_equal(G.prepare(w, bias)(x, threads=1), G.prepare(w, bias)(x))
    assert seen == [{1}, before]
    assert limits() == before


def test_a_thread_limit_that_cannot_be_set_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    op = dc.ConvTranspose((1,)).prepare([[[1.0]]])
    for call in (lambda: dc.conv_transpose([[1.0]], [[[1.0]]], threads=2), lambda: op([[1.0]], threads=2)):
        with pytest.warns(RuntimeWarning, match="threads=2 is not in force") as warned:
            call()
        assert [w.filename for w in warned] == [__file__]


@pytest.mark.parametrize("view", ["scatter", "gemm", "phase kernel", "NumPy"])
def test_non_finite_data_follows_the_definition(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the definition has a NaN or an infinity there is one, and nowhere else; also with non-finite weights."""
    if view == "phase kernel" and native.load() is None:
        pytest.skip(f"no native core: {native.why_not()}")
    if view == "NumPy":
        monkeypatch.setenv("DECONVS_NATIVE", "0")
    kernel = "phase" if view == "phase kernel" else None
    rng = np.random.default_rng(11)
    poisons = [math.nan, math.inf, -math.inf, 0.0]
    infected = 0
    for case in itertools.islice(cases(99, 400), 400):
        x, w = case.inputs[0].astype(np.float64), case.weight.astype(np.float64)
        for array in (x, w):
            hit = rng.random(array.shape) < 0.1
            array[hit] = rng.choice(poisons, size=hit.sum())
        bias = case.bias.astype(np.float64)
        g = case.geometry
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # infinities are data: no warning reaches the caller
            y = g.plan(view).run(x, w, bias) if view in dc.VIEWS else g.prepare(w, bias, kernel=kernel)(x)
        with np.errstate(all="ignore"):
            expected = exact(g, x, w, bias).astype(np.float64)
        assert np.array_equal(y, expected, equal_nan=True), g
        infected += not np.isfinite(y).all()
    assert infected > 100


@pytest.mark.parametrize("view", dc.VIEWS)
def test_a_non_finite_input_never_vanishes_in_any_view(view: str) -> None:
    """Finite weights: every output that the definition makes non-finite is non-finite in every view."""
    for case in cases(98, 150):
        x = case.inputs[0].astype(np.float64)
        x[(0,) * x.ndim] = math.nan
        x[(-1,) * x.ndim] = math.inf
        w, bias = case.weight.astype(np.float64), case.bias.astype(np.float64)
        with np.errstate(all="ignore"):
            expected = exact(case.geometry, x, w, bias).astype(np.float64)
        y = case.geometry.plan(view).run(x, w, bias)
        finite = np.isfinite(expected)
        assert not np.isfinite(y[~finite]).any()
        if view != "subpixel":  # it multiplies x by the zeros stored in its filled-up kernels: NaN may be added
            assert np.array_equal(y[finite], expected[finite])


def test_float16_overflows_to_infinity_silently() -> None:
    y = dc.conv_transpose(np.full((1, 2), 60000, np.float16), np.full((1, 1, 2), 1, np.float16))
    assert y.tolist() == [[60000, math.inf, 60000]]


def spelled(g: dc.ConvTranspose) -> dict[str, Any]:
    return {"stride": g.stride, "padding": g.crop, "dilation": g.dilation, "groups": g.groups}
