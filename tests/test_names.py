"""Names, verdicts, relationships, explain: measured, not said."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from itertools import product
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import deconvs as dc
from deconvs.heatmap import coverage_text
from deconvs.relationships import RELATIONSHIPS, check_all, sweep
from deconvs.verdicts import table, verdict

from .cases import cases


def earned(g: dc.ConvTranspose, **options: Any) -> set[str]:
    return {name.name for name in dc.names(g, **options) if name.earned}


@pytest.mark.parametrize("k", range(1, 6))
@pytest.mark.parametrize("s", range(1, 5))
@pytest.mark.parametrize("p", range(3))
def test_which_names_are_earned(k: int, s: int, p: int) -> None:
    g = dc.ConvTranspose((k, k), s, p)
    names = earned(g)
    assert "transposed convolution" in names
    assert ("padded convolution" in names) == (s == 1 and k - 1 > p)
    assert ("fractionally strided convolution" in names) == (s > 1)
    assert ("sub-pixel convolution" in names) == (s > 1)
    # Stamps that do not overlap, and nothing of them cropped. A crop may take a stamp's edge at the border only.
    assert ("deconvolution (inverse)" in names) == (k <= s and p == 0), names


def test_the_inverse_is_measured_against_dense_matrices() -> None:
    """CCᵀ and CᵀC formed densely, for geometries of every kind."""
    verdicts = set()
    for case in cases(12, 150):
        g, n = case.geometry, case.inputs[0].shape[2:]
        measured = dc.names(g, n, case.weight)
        Ct = dc.matrix(g, n, case.weight).toarray()  # int64 holds these products
        for product_, found in ((Ct.T @ Ct, measured.conv_after_deconv), (Ct @ Ct.T, measured.deconv_after_conv)):
            size = len(product_)
            if size == 0 or not np.trace(product_):
                assert not found.is_identity
                continue
            c = np.trace(product_) / size
            away = np.linalg.norm((product_ - c * np.eye(size)).astype(float)) / (c * size**0.5)
            assert found.scale == pytest.approx(c, rel=1e-12)
            assert found.distance == pytest.approx(away, rel=1e-9, abs=1e-12)
            assert found.is_identity == (product_ == c * np.eye(size)).all()
            verdicts.add(found.is_identity)
    assert verdicts == {True, False}


def test_an_orthogonal_wavelet_inverts_although_its_stamps_overlap() -> None:
    """Daubechies' four taps: CCᵀ = I by design of the weights, which is what measuring is for."""
    r = np.sqrt(3)
    wavelet = (np.array([1 + r, 3 + r, 3 - r, 1 - r]) / np.sqrt(32)).reshape(1, 1, 4)
    assert "deconvolution (inverse)" in earned(dc.ConvTranspose((4,), 2), weight=wavelet)
    assert "deconvolution (inverse)" in earned(dc.ConvTranspose((4,), 2), weight=wavelet.astype(np.float32))
    assert "deconvolution (inverse)" not in earned(dc.ConvTranspose((4,), 2))
    assert "deconvolution (inverse)" not in earned(dc.ConvTranspose((4,), 2), weight=wavelet + 0.01)


def test_without_a_weight_the_outer_product_of_the_axes_is_measured() -> None:
    """Per axis and multiplied up, which must be what the whole matrix says."""
    verdicts = set()
    for case in cases(14, 80):
        g, n = case.geometry, case.inputs[0].shape[2:]
        one = np.ones(())
        for k in g.kernel_size:
            one = one[..., None] * np.arange(1, k + 1)
        weight = np.repeat(one[None, None], g.groups, axis=0).astype(int)
        whole, found = dc.names(g, n, weight), dc.names(g, n)
        for a, b in (
            (found.conv_after_deconv, whole.conv_after_deconv),
            (found.deconv_after_conv, whole.deconv_after_conv),
        ):
            assert a.is_identity == b.is_identity, g
            assert (a.scale, a.distance) == pytest.approx((b.scale, b.distance), rel=1e-12)
            verdicts.add(a.is_identity)
    assert verdicts == {True, False}


@pytest.mark.parametrize("size", [1e-200, 1e-100, 1.0, 1e100, 1e200])
def test_the_size_of_the_weights_does_not_matter(size: float) -> None:
    overlapping, apart = dc.ConvTranspose((3,), stride=2), dc.ConvTranspose((2,), stride=2)
    assert "deconvolution (inverse)" not in earned(overlapping, weight=size * np.array([[[1.0, 2.0, 3.0]]]))
    assert "deconvolution (inverse)" in earned(apart, weight=size * np.array([[[1.0, 2.0]]]))
    because = list(dc.names(apart, weight=size * np.array([[[1.0, 2.0]]])))[-1].because
    assert ("CCᵀ = c I" in because) == (size in (1e-200, 1e200))


@pytest.mark.parametrize("largest", [3, 2**15, 2**31, 2**40, 2**62])
def test_large_integers_do_not_wrap_in_the_measurement(largest: int) -> None:
    apart = dc.names(dc.ConvTranspose((2,), 2), weight=np.array([[[largest, largest + 1]]]))
    assert apart.conv_after_deconv.scale == pytest.approx(float(largest**2 + (largest + 1) ** 2), rel=1e-12)
    assert apart.conv_after_deconv.is_identity
    overlapping = dc.names(dc.ConvTranspose((3,), 2), weight=np.array([[[largest, largest + 1, 3]]]))
    assert overlapping.conv_after_deconv.is_identity == (largest == 2**62)  # 3 in 2^62 is less than float64 can tell


@pytest.mark.parametrize(
    ("dtype", "small", "large"),
    [
        (np.float64, 1e-15, 1e-12),
        (np.float32, 1e-7, 1e-4),
        (np.float16, 1e-4, 0.2),
        (ml_dtypes.bfloat16, 1e-3, 0.7),
    ],
)
def test_an_identity_is_one_to_the_precision_of_the_weights(dtype: Any, small: float, large: float) -> None:
    g = dc.ConvTranspose((3,), stride=2)
    for third, identity in ((small, True), (large, False)):
        weight = np.array([[[1.0, 0.5, third]]]).astype(dtype)
        assert ("deconvolution (inverse)" in earned(g, weight=weight)) == identity, (dtype, third)


def test_more_outputs_than_inputs_cannot_be_restored_the_other_way_round() -> None:
    """A crop that leaves fewer outputs than inputs turns it round: CᵀC may be the identity, CCᵀ not."""
    wide = dc.names(dc.ConvTranspose((2,), 2), 3)
    assert (wide.conv_after_deconv.is_identity, wide.deconv_after_conv.is_identity) == (True, False)
    narrow = dc.names(dc.ConvTranspose((1,), padding=1), 5)
    assert (narrow.conv_after_deconv.is_identity, narrow.deconv_after_conv.is_identity) == (False, True)


def test_stamps_apart_are_what_is_measured() -> None:
    """The rule for geometries too large to be measured, on small ones."""
    verdicts = Counter()
    for k, s, d, b, e, n in product(range(1, 4), range(1, 5), range(1, 4), range(-1, 2), range(-1, 2), range(2, 6)):
        axis = dc.Axis(k, s, d, (b, e))
        if axis.full(n) < b + e:
            continue
        measured = dc.names(dc.ConvTranspose((k,), s, ((b, e),), dilation=d), n).conv_after_deconv
        assert measured is not None
        assert axis.stamps_apart(n) == measured.is_identity, (axis, n)
        verdicts[axis.stamps_apart(n)] += 1
    assert min(verdicts[True], verdicts[False]) > 200


def test_what_is_too_large_is_not_measured_and_says_so() -> None:
    g = dc.ConvTranspose((10**9, 2), stride=(10**9, 2))
    told = dc.names(g)
    assert (told.conv_after_deconv, told.deconv_after_conv) == (None, None)
    assert told.inverts
    assert "stamps do not overlap, and none is cropped; CCᵀ is too large to be measured" in list(told)[-1].because
    assert told.as_dict()["C Ct"] is None
    overlapping = dc.names(dc.ConvTranspose((10**9,), padding=1))
    assert not overlapping.inverts
    assert "stamps overlap, or are cropped" in list(overlapping)[-1].because
    assert verdict(dc.ConvTranspose((10**9,), 10**9)).inverts
    assert dc.explain(dc.ConvTranspose((3,), padding=((10**9, -(10**9)),)), 4).output_size == (6,)


def test_up_convolution_wants_no_axis_smaller_and_one_larger() -> None:
    def judged(*padding: tuple[int, int]) -> bool:
        return "up-convolution" in earned(dc.ConvTranspose((3, 3), padding=padding), input_size=(4, 4))

    assert [judged((1, 1), (0, 0)), judged((1, 1), (1, 1)), judged((2, 2), (0, 0))] == [True, False, False]


def test_explain_compares_the_sizes_it_shows() -> None:
    g = dc.ConvTranspose((3,), 2, padding=4)
    assert "the output is larger: n -> 2n - 7, 20 -> 33" in str(dc.explain(g, 20))
    assert "the output is not larger: n -> 2n - 7, 6 -> 5" in str(dc.explain(g, 6))
    assert dc.explain(g, 20).names.measured_at == (g.axes[0].telling_size(),)


def test_dilated_stamps_may_interleave_without_overlap() -> None:
    assert "deconvolution (inverse)" in earned(dc.ConvTranspose((2,), 2, dilation=3))
    assert "deconvolution (inverse)" not in earned(dc.ConvTranspose((2,), 2, dilation=2))


def test_names_print_as_a_table() -> None:
    text = str(dc.names(dc.ConvTranspose((3, 3), stride=2)))
    assert "names of ConvTranspose(kernel_size=(3, 3), stride=(2, 2))" in text
    assert "one output further is 1/2 input element further: 1 zero between neighbours" in text
    assert "CCᵀ is 36% away from c I (input 3x3)" in " ".join(text.split())
    assert "undoes it, up to a factor: CCᵀ = 25 I" in str(dc.names(dc.ConvTranspose((2, 2), stride=2)))


@pytest.mark.parametrize(
    ("padding", "row"),
    [
        ((2, 2), "no padded convolution stride 1 and nothing to pad: it is a convolution of the input as it is"),
        ((3, 4), "no padded convolution stride 1 and nothing to pad: crop 1 before, 2 after, then convolve"),
        ((3, 0), "yes padded convolution stride 1: pad -1 before, 2 after (negative: crop), then convolve"),
        ((2, 0), "yes padded convolution stride 1: pad 0 before, 2 after, then convolve"),
    ],
)
def test_with_stride_1_padding_cropping_or_neither(padding: tuple[int, int], row: str) -> None:
    g = dc.ConvTranspose((3,), padding=(padding,))
    assert row in " ".join(str(dc.names(g)).split())
    assert str(g.plan("direct")).count("Padded convolution") == row.startswith("yes")
    assert (verdict(g).name == "padded convolution") == row.startswith("yes")


@pytest.mark.parametrize(
    ("g", "name", "how", "coverage", "inverts"),
    [
        (dc.ConvTranspose((3, 3)), "padded convolution", "pad 2: n -> n + 2", "even: 3x3 taps a phase", False),
        (dc.ConvTranspose((3, 3), padding=2), "plain convolution", "nothing to pad: n -> n - 2", "even: 3x3 taps a phase", False),
        (dc.ConvTranspose((3, 3), padding=3), "cropped convolution", "crop 1: n -> n - 4", "even: 3x3 taps a phase", False),
        (dc.ConvTranspose((3, 3), 2), "fractionally strided", "insert 1, pad 2: n -> 2n + 1", "uneven: 1 or 2 taps an axis", False),
        (dc.ConvTranspose((2, 2), 2), "fractionally strided", "insert 1, pad 1: n -> 2n", "even: 1 tap a phase", True),
        (dc.ConvTranspose((2, 2), 3), "fractionally strided", "insert 2, pad 1: n -> 3n - 1", "holes: phases without a tap", True),
        (dc.ConvTranspose((4, 6), 2), "fractionally strided", "insert 1, pad (3, 5): n -> (2n + 2, 2n + 4)", "even: 2x3 taps a phase", False),
        (dc.ConvTranspose((3,), 1, ((4, -3),)), "padded convolution", "pad -2 before, 5 after: n -> n + 1", "even: 3 taps a phase", False),
        (dc.ConvTranspose((3, 3), (2, 1)), "fractionally strided", "insert (1, 0), pad 2: n -> (2n + 1, n + 2)", "uneven: (1 or 2, 3) taps an axis", False),
        (dc.ConvTranspose((2, 1), (2, 3), dilation=(4, 1)), "fractionally strided", "insert (1, 2), pad (4, 0): n -> (2n + 3, 3n - 2)", "holes: phases without a tap", False),
        (dc.ConvTranspose((1,)), "plain convolution", "nothing to pad: n -> n", "even: 1 tap a phase", True),
    ],
)  # fmt: skip
def test_verdicts(g: dc.ConvTranspose, name: str, how: str, coverage: str, inverts: bool) -> None:
    v = verdict(g)
    assert (v.name, v.how, v.coverage, v.inverts) == (name, how, coverage, inverts)


def test_the_table_has_a_cell_for_every_combination() -> None:
    cells = list(table(range(1, 4), range(1, 3), range(2), 1))
    assert {(k, s, p) for k, s, p, _ in cells} == set(product(range(1, 4), range(1, 3), range(2)))
    with pytest.raises(dc.GeometryError, match="the table is too large: 10000 cells"):
        next(table(range(1, 101), range(1, 101), range(1), 2))


def test_every_relationship_holds_wherever_it_applies() -> None:
    results = check_all()
    assert [r.number for r, _, _ in results] == list(range(1, 17))
    for relationship, tried, failed in results:
        assert failed == 0, relationship
        assert tried >= 20, relationship


def test_the_general_relationships_are_tried_at_every_stride() -> None:
    """Numbers of the guide's relationships that are about strides, and whether they apply at stride 1 and beyond."""
    tried = {r.number: {c.s > 1 for c in sweep(6) if r.check(c) is not None} for r in RELATIONSHIPS}
    assert {number for number, strides in tried.items() if strides == {False}} == {1, 2, 3, 4, 8, 9, 10, 11}
    assert {number for number, strides in tried.items() if True in strides} == {5, 6, 7, 12, 13, 14, 15, 16}


@pytest.mark.parametrize("number", range(1, 17))
def test_relationships_can_fail(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Geometry told wrongly: a relationship that accepts anything would pass the tests above as well."""
    from deconvs.axis import Axis

    right = RELATIONSHIPS[number - 1]
    assert right.number == number
    with monkeypatch.context() as patched:
        for name in ("output", "conv_output"):
            method = getattr(Axis, name)
            patched.setattr(Axis, name, lambda self, n, method=method: method(self, n) + 1)
        verdicts = Counter(right.check(c) for c in sweep(4))
    assert verdicts[False] > 0, verdicts
    assert Counter(right.check(c) for c in sweep(4))[False] == 0


def test_failures_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = dataclasses.replace(RELATIONSHIPS[-1], holds=lambda c: c.k != 2)
    monkeypatch.setattr("deconvs.relationships.RELATIONSHIPS", (RELATIONSHIPS[0], wrong))
    reports: list[tuple[int, int]] = []
    (_, _, none), (relationship, tried, failed) = check_all(3, lambda done, total: reports.append((done, total)))
    every = list(sweep(3))
    assert (none, relationship, tried) == (0, wrong, len(every))
    assert failed == sum(c.k == 2 for c in every) > 0
    assert reports[-1] == (len(every) - 1, len(every))


def test_explain_adds_up() -> None:
    for case in cases(13, 60):
        n = case.inputs[0].shape[2:]
        told = dc.explain(case.geometry, n, channels=(case.c_in, case.c_out), batch=2)
        coverage = case.geometry.coverage(n)
        assert told.output_size == coverage.shape
        if coverage.size:
            assert (told.least_coverage, told.most_coverage) == (coverage.min(), coverage.max())
        assert told.paired.output_size(told.output_size) == n if coverage.size else True
        assert [cost.view for cost in told.costs] == list(dc.VIEWS)
        assert repr(case.geometry) in str(told)
        data = told.as_dict()
        assert data["output_size"] == list(coverage.shape)
        found = told.names
        for key, inverse in (("C Ct", found.conv_after_deconv), ("Ct C", found.deconv_after_conv)):
            assert data[key] == dataclasses.asdict(inverse)  # type: ignore[arg-type]


EXPLAINED = """\
ConvTranspose(kernel_size=(3,), stride=(2,), padding=(1,), output_padding=(1,))
4 -> 8

sizes: (n-1)*s + d*(k-1) + 1 - b - e
 axis   sum                                     in words
 ──────────────────────────────────────────────────────────────────────────────────────────────
 0      (4 - 1)*2 + 1*(3 - 1) + 1 - 1 - 0 = 8   4 stamps, 2 apart, each 3 long: 9; crop 1 and 0

names of ConvTranspose(kernel_size=(3,), stride=(2,), padding=(1,), output_padding=(1,))
"""


def test_explain_tells_what_the_views_cost() -> None:
    told = dc.explain(dc.ConvTranspose((4, 6), (2, 3), padding=(1, 0)), (2, 3), channels=(2, 3))
    rows = {
        line.split()[0]: line.split()[1:]
        for line in str(told).splitlines()
        if line.startswith(tuple(f" {v} " for v in dc.VIEWS))
    }
    assert rows["scatter"] == ["864", "216", "75%", "864", "B", "576", "B"]
    assert rows["direct"] == ["6,912", "6,264", "9%", "952", "B", "576", "B"]
    assert rows["gemm"] == ["864", "216", "75%", "1.7", "KiB", "576", "B"]
    assert rows["subpixel"] == ["1,728", "1,080", "38%", "864", "B", "576", "B"]
    assert "648 useful products each" in str(told)


@pytest.mark.parametrize(
    ("g", "n", "line"),
    [
        (dc.ConvTranspose((4, 6), 2, padding=3), (4, 4), "coverage: 4 to 6 products per output; even inside; only the border differs"),
        (dc.ConvTranspose((2, 3), (2, 3)), (4, 4), "coverage: 1 to 1 products per output; even"),
        (dc.ConvTranspose((3, 4), 2), (4, 4), "coverage: 1 to 4 products per output; uneven: neighbouring outputs"),
        (dc.ConvTranspose((3, 1), 2), (4, 4), "coverage: 0 to 2 products per output; holes: some phases get no product"),
        (dc.ConvTranspose((1, 3), 2), (4, 4), "coverage: 0 to 2 products per output; holes: some phases get no product"),
        (dc.ConvTranspose((2,), padding=((2, 1),)), (2,), "coverage: no output"),
    ],
)  # fmt: skip
def test_explain_judges_coverage(g: dc.ConvTranspose, n: tuple[int, ...], line: str) -> None:
    told = dc.explain(g, n)
    assert any(found.startswith(line) for found in str(told).splitlines()), str(told)
    counts = g.coverage(n)
    if counts.size:
        assert line.startswith(f"coverage: {counts.min()} to {counts.max()} ")


def test_explain_in_words() -> None:
    text = str(dc.explain(dc.ConvTranspose((3,), 2, 1, 1), 4))
    assert text.startswith(EXPLAINED)
    assert text.endswith("checkerboard\n1 2 1 2 1 2 1 1")
    assert "Conv(kernel_size=(3,), stride=(2,), padding=((1, 0),))\n leads 8 back to 4 with the same weights" in text
    assert "six equal views at channels (1, 1), batch 1, float32: 11 useful products each" in text
    assert "holes: some phases get no product" in str(dc.explain(dc.ConvTranspose((1,), 2), 3))
    assert "even inside; only the border differs" in str(dc.explain(dc.ConvTranspose((4,), 2, 1), 3))


def test_coverage_as_a_map() -> None:
    assert coverage_text(dc.ConvTranspose((3,), 2, dilation=2), (3,)) == "1 · 2 · 3 · 2 · 1"
    assert coverage_text(dc.ConvTranspose((2,), padding=((2, 1),)), (2,)) == "(the output is empty)"
    cube = coverage_text(dc.ConvTranspose((3, 3, 3), 2), (2, 2, 2))
    assert cube.splitlines()[2] == "4 4 8 4 4"
    assert cube.endswith("(the middle of the first axes)")
    wide = coverage_text(dc.ConvTranspose((3, 3), 2), (64, 64))
    assert "the first 24 x 50 of 129 x 129" in wide
    assert max(map(len, wide.splitlines())) <= 100
    shaded = coverage_text(dc.ConvTranspose((130, 130), 4), (60, 60))
    assert "shades from 0 to 1089" in shaded
    assert max(map(len, shaded.splitlines())) <= 100


def test_a_shaded_map_is_dark_where_much_adds_up() -> None:
    g, n = dc.ConvTranspose((64, 64), stride=2, dilation=2), (40, 40)
    *lines, note = coverage_text(g, n).splitlines()
    assert note == "(the first 24 x 100 of 205 x 205, shades from 0 to 1600)"
    counts = g.coverage(n)[:24, :100]
    shades = np.array([[" ░▒▓█".index(c) for c in line.ljust(100)] for line in lines])
    assert shades.shape == counts.shape
    assert np.array_equal(shades == 0, counts == 0)
    order = np.argsort(counts, axis=None, kind="stable")
    assert (np.diff(shades.ravel()[order]) >= 0).all()
    assert {int(counts[shades == shade].max()) for shade in (1, 2)} == {
        400,
        480,
    }  # a quarter of 1600, and the most here
    dark = coverage_text(dc.ConvTranspose((1500,), 1), (1500,), colour=False)
    assert dark.startswith("░" * 100)
    assert coverage_text(dc.ConvTranspose((1500,), padding=1499), (1500,)) == "█\n(shades from 0 to 1500)"


def test_coverage_in_colours_is_legible() -> None:
    """Dark grounds with pale digits, pale ones with dark digits, and a ground of its own for holes."""
    g, n = dc.ConvTranspose((6, 6), stride=2, dilation=2), (5, 5)
    cells = re.findall(r"\x1b\[38;5;(\d+);48;5;(\d+)m *([\d·]+) ", coverage_text(g, n, colour=True))
    inks = {int(ground): int(ink) for ink, ground, _ in cells}
    assert inks == {255: 16, 195: 16, 159: 16, 116: 16, 73: 16, 30: 255, 23: 255}
    assert {text for _, ground, text in cells if ground == "255"} == {"·"}


def test_coverage_in_colours_holds_the_same_counts() -> None:
    g = dc.ConvTranspose((3, 3), 2, dilation=2)
    coloured = coverage_text(g, (4, 4), colour=True)
    assert "\x1b[38;5;" in coloured
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert without.split() == coverage_text(g, (4, 4)).split()
    told = dc.explain(g, (4, 4))
    assert told.text(colour=True).endswith(coloured)
    assert "\x1b" not in str(told)
