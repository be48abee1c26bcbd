"""Random layers converted from framework to framework, run in both, by value: `make convert N=...` for more of them."""

from __future__ import annotations

from collections import Counter

import pytest

from .convert_fuzz import OTHERS, PAIRS, run_pair

CASES = 252
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_pair(source: str, target: str, part: int) -> None:
    """Also that the cases are those that are hard, and that what can be refused, or needs a crop, is among them."""
    counts = run_pair(source, target, CASES // PARTS, seed=part)
    assert counts["cases"] == CASES // PARTS
    assert counts["left out: known to go wrong"] < CASES // PARTS // 10
    expected = {"exact"} | HARD[source] | (set() if target == "tflite" else {"1-D", "2-D", "3-D"})
    if target in ("torch", "keras", "tensorflow") and source != "keras":
        expected |= {"with a crop"}
    if source in ("torch", "tensorflow", "onnx") and target in ("keras", "jax", "flax"):
        expected |= {"refused, nearest"}
    assert {name: counts[name] for name in expected if counts[name] < 4} == {}, counts


@pytest.mark.parametrize(("source", "target"), OTHERS)
def test_every_other_pair(source: str, target: str) -> None:
    counts = run_pair(source, target, 12)
    assert counts["exact"] + counts["with a crop"] + counts["refused, nearest"] == 12


SAME = {"same, odd kernel", "same, even kernel"}
HARD = {
    "torch": {"dilation", "groups", "output_padding", "kernel < stride", "unequal crop", "bias-only ends"},
    "keras": SAME | {"dilation", "output_padding", "kernel < stride", "unequal crop", "bias-only ends"},
    "tensorflow": SAME | {"dilation", "groups", "kernel < stride", "unequal crop", "bias-only ends"},
    "jax": SAME | {"dilation", "kernel < stride", "unequal crop", "bias-only ends"},
    "flax": SAME | {"dilation", "kernel < stride", "unequal crop", "bias-only ends"},
    "onnx": SAME | {"auto_pad", "dilation", "groups", "output_padding", "kernel < stride", "unequal crop"},
}


def test_every_pair_that_is_promised() -> None:
    assert len(PAIRS) + len(OTHERS) == 7 * 6
    both = [{"torch", other} for other in ("keras", "tensorflow", "jax", "flax", "onnx")] + [{"keras", "jax"}]
    assert Counter(map(frozenset, PAIRS)) == {
        **{frozenset(pair): 2 for pair in both},
        frozenset({"keras", "tflite"}): 1,
    }
