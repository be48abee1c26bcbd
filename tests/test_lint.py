"""check: every finding where it belongs and nowhere else, and every fix checked to keep the size and remove it."""

from __future__ import annotations

from collections import Counter
from math import prod

import numpy as np
import pytest

import deconvs as dc

from .cases import cases


def codes(g: dc.ConvTranspose, n: dc.geometry.Sizes, **options: tuple[int, int]) -> list[str]:
    return [finding.code for finding in dc.check(g, n, **options)]


@pytest.mark.parametrize(
    ("g", "n", "expected"),
    [
        (dc.ConvTranspose((1,)), 5, []),
        (dc.ConvTranspose((2, 2), 2), (5, 5), ["zero-insertion"]),
        (dc.ConvTranspose((4,), 2, 1), 5, ["border-attenuation", "zero-insertion"]),
        (dc.ConvTranspose((4,), 2, 2), 5, ["zero-insertion"]),
        (dc.ConvTranspose((3,), padding=2), 5, []),
        (dc.ConvTranspose((3,), 2, 1), 5, ["uneven-coverage", "zero-insertion"]),
        (dc.ConvTranspose((4, 3), 2, 2), (5, 5), ["uneven-coverage", "zero-insertion"]),
        (dc.ConvTranspose((2,), 3), 5, ["holes", "zero-insertion"]),
        (dc.ConvTranspose((4,), 2, 2, dilation=2), 9, ["holes", "border-attenuation", "zero-insertion"]),
        (dc.ConvTranspose((2,), 2, padding=((-1, 0),)), 5, ["bias-only", "border-attenuation", "zero-insertion"]),
        (dc.ConvTranspose((3,), padding=((3, 1),)), 2, ["empty-output"]),
        (dc.ConvTranspose((9,), padding=8), 9, []),
        (dc.ConvTranspose((9,), padding=((6, 1),)), 2, ["dead-taps", "border-attenuation"]),
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
            if finding.layer is None:
                continue
            assert finding.layer.groups == g.groups
            if finding.pads is None:
                assert finding.layer.output_size(n) == g.output_size(n), (g, finding)
                assert code not in codes(finding.layer, n, channels=(case.c_in, case.c_out)), (g, finding)
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
        "layer": "ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))",
        "pads": None,
    }
    assert str(finding) == f"warning uneven-coverage: {finding.message}; {finding.fix}"
    border = dc.check(dc.ConvTranspose((4, 5), 2, (1, 0)), (4, 4))[1]
    assert border.as_dict()["pads"] == [[1, 1], [2, 2]]
    assert (
        border.fix
        == "pad the input by 1 before and 1 after, 2 before and 2 after, repeating its edge, and crop as much more"
    )
    assert border.message == "outputs at the border sum fewer products than those inside (1 to 6)"
    bias = dc.check(dc.ConvTranspose((2,), 2, padding=((-1, 0),)), 5)[0]
    assert bias.message == "positions at the ends lie beyond every stamp and hold only the bias (1 before and 0 after)"
    zeros = dc.check(dc.ConvTranspose((2, 2), 2), (5, 5))[0]
    assert zeros.message == "run with inserted zeros, 75% of its products would be wasted"
    dead = dc.check(dc.ConvTranspose((9,), padding=((6, 1),)), 2)[0]
    assert dead.message == "5 outer taps are cropped for every one of these inputs: their weights do nothing"
