"""check: every finding where it belongs and nowhere else, and every fix checked to keep the size and remove it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import deconvs as dc

from .cases import cases

Array = NDArray[Any]
T = dc.ConvTranspose


def codes(g: dc.ConvTranspose, n: dc.geometry.Sizes, **options: Any) -> list[str]:
    return [finding.code for finding in dc.check(g, n, **options)]


@pytest.mark.parametrize(
    ("g", "n", "expected"),
    [
        (dc.ConvTranspose((1,)), 5, []),
        (dc.ConvTranspose((2, 2), 2), (5, 5), ["zero-insertion"]),
        (dc.ConvTranspose((4,), 2, 1), 5, ["border-attenuation", "zero-insertion"]),
        (dc.ConvTranspose((4,), 2, 2), 5, ["zero-insertion", "portability"]),
        (dc.ConvTranspose((3,), padding=2), 5, ["cropped-products", "portability"]),
        (dc.ConvTranspose((3,), 2, 1), 5, ["uneven-coverage", "zero-insertion", "subpixel-padding"]),
        (dc.ConvTranspose((4, 3), 2, 2), (5, 5), ["uneven-coverage", "cropped-products", "zero-insertion", "subpixel-padding", "portability"]),
        (dc.ConvTranspose((2,), 3), 5, ["holes", "zero-insertion", "subpixel-padding"]),
        (dc.ConvTranspose((4,), 2, 2, dilation=2), 9, ["holes", "border-attenuation", "zero-insertion", "subpixel-padding", "portability"]),
        (dc.ConvTranspose((2,), 2, padding=((-1, 0),)), 5, ["bias-only", "border-attenuation", "zero-insertion", "portability"]),
        (dc.ConvTranspose((3,), padding=((3, 1),)), 2, ["empty-output"]),
        (dc.ConvTranspose((9,), padding=8), 9, ["cropped-products", "portability"]),
        (dc.ConvTranspose((9,), padding=((6, 1),)), 2, ["dead-taps", "border-attenuation", "portability"]),
    ],
)  # fmt: skip
def test_findings(g: dc.ConvTranspose, n: dc.geometry.Sizes, expected: list[str]) -> None:
    assert codes(g, n) == expected


def test_a_filter_bank_is_long_and_has_few_channels() -> None:
    stft = dc.ConvTranspose((1024,), 256)
    assert "filter-bank" in codes(stft, 100, channels=(1026, 1))
    assert "filter-bank" in codes(stft, 100, channels=(1, 1026))
    assert "filter-bank" not in codes(stft, 100, channels=(1026, 512))
    assert "filter-bank" not in codes(dc.ConvTranspose((63,), 21), 100, channels=(1026, 1))
    assert "filter-bank" not in codes(dc.ConvTranspose((64, 64), 32), (9, 9), channels=(2, 1))


def test_findings_are_what_coverage_shows_and_fixes_remove_them() -> None:
    seen: Counter[str] = Counter()
    for case in cases(31, 700):
        g, n = case.geometry, case.inputs[0].shape[2:]
        coverage = g.coverage(n)
        found = {finding.code: finding for finding in dc.check(g, n, channels=(case.c_in, case.c_out))}
        seen.update(list(found))
        if not coverage.size:
            assert list(found) == ["empty-output"]
            continue
        # On an input so large that every phase has outputs far from the border.
        taps = [{phase.taps for phase in axis.phases()} for axis in g.axes]
        assert ("holes" in found) == any(0 in counts for counts in taps)
        assert ("uneven-coverage" in found) == any(len(counts) > 1 and 0 not in counts for counts in taps)
        assert ("bias-only" in found) == any(min(crop) < 0 for crop in g.crop)
        assert ("zero-insertion" in found) == (max(g.stride) > 1)
        for code, finding in found.items():
            assert finding.severity in ("error", "warning", "note")
            assert (finding.crop, finding.inserted, finding.groups, finding.where) == (None, None, 1, "")
            assert (finding.lifted, finding.dilation, finding.taps, finding.form) == (0, None, None, None)
            if finding.layer is None:
                continue
            assert finding.layer.groups == g.groups
            if finding.pads is None:
                assert finding.layer.output_size(n) == g.output_size(n), (g, finding)
                assert code not in codes(finding.layer, n, channels=(case.c_in, case.c_out), targets=[]), (g, finding)
                assert repr(finding.layer) in finding.fix
            else:
                padded = tuple(m + before + after for m, (before, after) in zip(n, finding.pads, strict=True))
                assert finding.layer.output_size(padded) == g.output_size(n), (g, finding)
                assert not any(side for axis in finding.layer.axes for side in axis.border())
    assert set(seen) == {
        "holes",
        "uneven-coverage",
        "bias-only",
        "dead-taps",
        "border-attenuation",
        "zero-insertion",
        "empty-output",
        "cropped-products",
        "subpixel-padding",
        "portability",
    }
    assert min(seen.values()) > 20, seen


def test_trimmed_layers_compute_the_same() -> None:
    trimmed = 0
    for case in cases(32, 400):
        g, x = case.geometry, case.inputs[0]
        n = x.shape[2:]
        for finding in dc.check(g, n, channels=(case.c_in, case.c_out)):
            if finding.code == "dead-taps":
                assert finding.layer is not None
                first = [
                    (new.crop[0] - old.crop[0]) // -old.dilation
                    for new, old in zip(finding.layer.axes, g.axes, strict=True)
                ]
                kept = tuple(slice(j, j + k) for j, k in zip(first, finding.layer.kernel_size, strict=True))
                y = finding.layer.prepare(case.weight[(..., *kept)], case.bias)(x)
                assert np.array_equal(y, g.prepare(case.weight, case.bias)(x)), g
                trimmed += prod(g.kernel_size) > prod(finding.layer.kernel_size)
    assert trimmed > 20


def test_beyond_the_border_a_constant_picture_stays_constant() -> None:
    """What border attenuation is about: with the edge repeated, every output has all its products."""
    tried = 0
    for g in (
        dc.ConvTranspose((4, 6), 2, (1, 0)),
        dc.ConvTranspose((5, 2), 1),
        dc.ConvTranspose((6, 3), 3, padding=((1, 2), (0, 0))),
    ):
        (finding,) = [f for f in dc.check(g, (4, 5)) if f.code == "border-attenuation"]
        assert finding.layer is not None
        assert finding.pads is not None
        weight = np.ones((1, 1, *g.kernel_size))
        inner = g.prepare(weight)(np.ones((1, 40, 40)))[0, 20:24, 20:24]
        y = finding.layer.prepare(weight)(np.pad(np.ones((1, 4, 5)), [(0, 0), *finding.pads], mode="edge"))
        assert y.shape[1:] == g.output_size((4, 5))
        assert (y == inner[0, 0]).all()
        tried += 1
    assert tried == 3


def test_findings_as_data_and_text() -> None:
    finding = dc.check(dc.ConvTranspose((3,), 2), 4)[0]
    assert finding.as_dict() == {
        "code": "uneven-coverage",
        "severity": "warning",
        "message": "outputs sum 1 or 2 products in turn, which shows as a checkerboard",
        "fix": "use ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))",
        "where": "",
        "layer": "ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))",
        "parameters": {"kernel_size": [4], "stride": [2], "padding": [[0, 1]], "dilation": [1], "groups": 1},
        "lifted": 0,
        "groups": 1,
        "dilation": None,
        "taps": None,
        "pads": None,
        "inserted": None,
        "crop": None,
        "form": None,
    }
    assert str(finding) == f"warning uneven-coverage: {finding.message}; {finding.fix}"
    assert str(replace(finding, where="up.0")) == f"warning uneven-coverage in up.0: {finding.message}; {finding.fix}"
    assert replace(finding, where="up.0", crop=((0, 1),)).as_dict() == {
        **finding.as_dict(),
        "where": "up.0",
        "crop": [[0, 1]],
    }
    border = dc.check(dc.ConvTranspose((4, 5), 2, (1, 0)), (4, 4))[1]
    assert border.as_dict()["pads"] == [[1, 1], [2, 2]]
    assert (
        border.fix
        == f"pad the input by 1 before and 1 after, 2 before and 2 after, repeating its edge, and use {border.layer}"
    )
    assert border.message == "outputs at the border sum fewer products than those inside (1 to 6)"
    bias = dc.check(dc.ConvTranspose((2,), 2, padding=((-1, 0),)), 5)[0]
    assert bias.message == "positions at the ends lie beyond every stamp and hold only the bias (1 before and 0 after)"
    zeros = dc.check(dc.ConvTranspose((2, 2), 2), (5, 5))[0]
    assert zeros.message == "run with inserted zeros, 75% of its products would be wasted"
    dead = dc.check(dc.ConvTranspose((9,), padding=((6, 1),)), 2)[0]
    assert dead.message == "5 outer taps are cropped for every one of these inputs: their weights do nothing"


def test_cropped_products() -> None:
    """A quarter of the definition's products, and a form that does without them."""
    (found,) = [f for f in dc.check(T((3,), padding=2), 5) if f.code == "cropped-products"]
    assert found.message == "of the products of the definition and of the gemm form 40% are cropped away"
    assert found.fix == "run its direct form, which does not compute them"
    (found,) = [f for f in dc.check(T((4,), 2, 3), 4) if f.code == "cropped-products"]
    assert found.fix == "run its polyphase form, which does not compute them"
    assert "cropped-products" not in codes(T((3,), padding=1), 5)  # 2 of 15
    assert "cropped-products" not in codes(T((3,), padding=2), 40)  # 6 of 120
    assert "cropped-products" not in codes(T((3,), padding=((-9, 0),)), 1)
    # A tenth along each of the axes is a quarter of three.
    assert "cropped-products" not in codes(T((4, 4), 2, 2), (10, 10))
    assert "cropped-products" in codes(T((4, 4, 4), 2, 2), (10, 10, 10))
    # Taps that are cropped for every input are better left out.
    (found,) = [f for f in dc.check(T((9,), padding=((8, 0),)), 1) if f.code == "cropped-products"]
    assert (found.layer, found.fix) == (T((1,)), "use ConvTranspose(kernel_size=(1,))")


def test_cropped_products_are_those_of_the_costs() -> None:
    seen: Counter[str] = Counter()
    for case in cases(33, 600):
        g, n = case.geometry, case.inputs[0].shape[2:]
        if 0 in g.output_size(n):
            continue
        found = [f for f in dc.check(g, n) if f.code == "cropped-products"]
        costs = g.plan("gemm").at(n)
        much = costs.wasted_macs >= 0.25 * costs.macs
        seen["found"] += bool(found)
        seen["not found"] += not found
        assert not found or much
        if much and not found:  # no form computes fewer
            assert g.plan("polyphase").at(n).macs >= costs.macs
            seen["no form is better"] += 1
        for finding in found:
            if finding.layer is None:
                assert g.plan("polyphase").at(n).macs < costs.macs
                assert max(g.stride) > 1 or g.plan("direct").at(n).macs < costs.macs
                seen["by another form"] += 1
            else:
                better = finding.layer.plan("gemm").at(n)
                assert better.useful_macs == costs.useful_macs
                assert better.wasted_macs < 0.25 * better.macs
                seen["by fewer taps"] += 1
    assert len(seen) == 5
    assert min(seen.values()) > 10, seen


def test_zeros_in_the_subpixel_kernel() -> None:
    (found,) = [f for f in dc.check(T((3, 3), 2), (8, 8)) if f.code == "subpixel-padding"]
    assert found.message == "one sub-pixel convolution would hold zeros besides its 3x3 taps: 1.78 times their products"
    better = T((4, 4), 2, ((0, 1), (0, 1)))
    assert (found.layer, found.fix) == (better, f"run its polyphase form, or use {better}")
    assert "subpixel-padding" not in codes(T((4, 4), 2), (8, 8))
    assert "subpixel-padding" not in codes(T((3, 3)), (8, 8))
    for case in cases(34, 400):
        g, n = case.geometry, case.inputs[0].shape[2:]
        found_codes = codes(g, n)
        if found_codes == ["empty-output"]:
            continue
        # Stored taps against those of the kernel, from the prepared weights themselves.
        taps = g.plan("subpixel").at(n, channels=(g.groups, g.groups)).weight_bytes // 4 // g.groups
        assert ("subpixel-padding" in found_codes) == (taps > prod(g.kernel_size)), g


def test_large_column_buffers() -> None:
    decoder = T((4, 4, 4), 2, 1)
    (found,) = [f for f in dc.check(decoder, (32, 32, 32), channels=(8, 64)) if f.code == "column-buffer"]
    assert found.message == (
        "the gemm form's columns take 512.0 MiB for each image and group in float32, 7.9 times input and output; "
        "runtimes such as ONNX Runtime on the CPU hold them at once"
    )
    assert found.fix == "run its polyphase form, which needs none"
    # Columns that are small, or not many times the data, or split into groups are nothing to tell of.
    assert "column-buffer" not in codes(decoder, (4, 4, 4), channels=(8, 64))
    assert "column-buffer" not in codes(T((2, 2, 2), 2), (32, 32, 32), channels=(64, 64))
    assert "column-buffer" not in codes(T((4, 4, 4), 2, 1, groups=4), (32, 32, 32), channels=(8, 64))
    # It is the gemm view's own step.
    costs = decoder.plan("gemm").at((32, 32, 32), channels=(8, 64))
    assert costs.steps[0].bytes == 512 * 2**20
