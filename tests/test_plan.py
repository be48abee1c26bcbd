"""Plans: size-free steps, what they cost, what they print."""

from __future__ import annotations

import dataclasses
from math import prod

import numpy as np
import pytest

import deconvs as dc
from deconvs.plan import Plan
from deconvs.steps import CorrelatePhases, Crop, Pad

from .cases import cases

DIRECT_TEXT = """\
direct view of ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))
  Fractionally strided convolution: the kernel moves by 1/2 of an input element, which is a step of 1 once
  zeros are inserted.

weights, once
  - turn every kernel by 180 degrees, and swap its input and output channels

data, every time                                                                    size n
  1. insert 1 zero between neighbours                                               2n - 1
     because stamps lie s apart: with zeros between, every position of the output has an input of its own
  2. pad with zeros: 1 before, 2 after                                              2n + 2
     because the outermost stamps reach d(k-1) beyond their input; the crop (b, e) takes its part away again
  3. convolve at stride 1 with the 3x3 kernel                                       2n
     because output o hears from input i through tap j = (o + b - i*s)/d: as i rises, j falls
  4. add the bias (if any) everywhere, also where no product lands                  2n

so the output has size 2n, which is the definition's (n-1)*s + d(k-1) + 1 - b - e."""

COSTS_TEXT = """\
direct view at input (2, 2), channels (1, 1), batch 1, float32
 step                                                            shape after it   products   bytes
 ─────────────────────────────────────────────────────────────────────────────────────────────────
 insert 1 zero between neighbours                                (1, 1, 3, 3)            0    36 B
 pad with zeros: 2 on each side                                  (1, 1, 7, 7)            0   196 B
 convolve at stride 1 with the 3x3 kernel                        (1, 1, 5, 5)          225   100 B
 add the bias (if any) everywhere, also where no product lands   (1, 1, 5, 5)            0   100 B
225 products, 16% of them reach the output; prepared weights 36 B"""


def test_a_plan_prints_its_argument() -> None:
    assert str(dc.ConvTranspose((3, 3), 2, 1, 1).plan("direct")) == DIRECT_TEXT


def test_costs_print_as_a_table() -> None:
    text = str(dc.ConvTranspose((3, 3), 2).plan("direct").at((2, 2)))
    assert text == COSTS_TEXT


@pytest.mark.parametrize("view", dc.VIEWS)
def test_every_plan_adds_up_and_says_so(view: str) -> None:
    for case in cases(1, 300):
        plan = case.geometry.plan(view)
        assert len(plan.reasons) == len(plan.steps)
        assert "so the output has size" in str(plan)
        assert plan.growths()[-1] == tuple(axis.output_growth() for axis in case.geometry.axes)


def test_a_plan_that_does_not_add_up_says_that() -> None:
    plan = dc.ConvTranspose((3,), padding=1).plan("scatter")
    wrong = dataclasses.replace(plan, steps=(plan.steps[0], Crop(((1, 2),)), plan.steps[2]))
    assert "this does not add up: the definition gives n" in str(wrong)


@pytest.mark.parametrize("view", dc.VIEWS)
def test_at_gives_the_shapes_that_running_gives(view: str) -> None:
    """Step by step, on prefixes of the plan."""
    from deconvs.run.interpret import interpret, prepare

    for case in cases(2, 120):
        plan = case.geometry.plan(view)
        for x in case.inputs:
            costs = plan.at(x.shape[2:], channels=(case.c_in, case.c_out), batch=len(x), dtype="int64")
            for count in range(1, len(plan.steps) + 1):
                if isinstance(plan.steps[count - 1], CorrelatePhases):
                    continue  # a list of maps, whose sizes the interleaving adds up
                part = dataclasses.replace(plan, steps=plan.steps[:count], reasons=plan.reasons[:count])
                data = interpret(part, x, prepare(part, case.weight), case.c_out, case.bias)
                assert data.shape == costs.shapes[count - 1]
                assert data.nbytes == costs.steps[count - 1].bytes


def test_products_equal_a_brute_force_count() -> None:
    for case in cases(3, 150):
        g, x = case.geometry, case.inputs[0]
        n, m = x.shape[2:], case.geometry.output_size(x.shape[2:])
        channels = len(x) * case.c_in * case.c_out // g.groups
        at = {view: g.plan(view).at(n, channels=(case.c_in, case.c_out), batch=len(x)) for view in dc.VIEWS}
        useful = channels * int(g.coverage(n).sum())
        assert all(costs.useful_macs == useful for costs in at.values())
        assert at["matrix"].macs == useful
        assert at["scatter"].macs == at["gemm"].macs == channels * prod(n) * prod(g.kernel_size)
        assert at["direct"].macs == channels * prod(m) * prod(g.kernel_size)
        assert at["polyphase"].macs == channels * prod(
            sum(
                sum(1 for j in range(k) if (o + b - j * d) % s == 0)
                for o in range(size)
            )
            for size, k, s, d, (b, _) in zip(m, g.kernel_size, g.stride, g.dilation, g.crop, strict=True)
        )  # fmt: skip
        kernel = g.plan("subpixel").recipes()
        taps = prod(next(recipe for recipe in kernel if recipe is not None).taps)
        blocks = prod(
            -(-(size + b % s) // s) if size + b % s else 0
            for size, s, (b, _) in zip(m, g.stride, g.crop, strict=True)
        )  # fmt: skip
        assert at["subpixel"].macs == channels * prod(g.stride) * taps * blocks


def test_one_plan_object_serves_every_size() -> None:
    plan = dc.ConvTranspose((3,), stride=2, dilation=2, padding=((1, -1),)).plan("polyphase")
    w = np.array([[[1, 10, 100]]])
    for n in range(1, 40):
        x = np.arange(1, n + 1)[None]
        assert np.array_equal(plan.run(x, w), plan.geometry.plan("scatter").run(x, w))
    assert "n" in str(plan)
    assert not hasattr(plan, "input_size")


def test_plans_are_cached_hashable_and_compare_by_their_steps() -> None:
    g = dc.ConvTranspose((3,), stride=2)
    assert g.plan("direct") is g.plan("direct")
    assert hash(g.plan("direct")) == hash(dc.ConvTranspose((3,), stride=2).plan("direct"))
    assert g.plan("direct") != g.plan("gemm")
    assert dataclasses.replace(g.plan("direct"), claim="") == g.plan("direct")
    assert isinstance(g.plan("gemm"), Plan)


def test_direct_pads_first_and_crops_afterwards() -> None:
    steps = dc.ConvTranspose((3,), padding=((5, -4),)).plan("direct").steps
    assert [type(step) for step in steps[:2]] == [Pad, Crop]
    assert (steps[0].amounts, steps[1].amounts) == (((0, 6),), ((3, 0),))


def test_costs_as_data() -> None:
    g = dc.ConvTranspose((2,), stride=2, padding=1)
    assert g.plan("gemm").at((5,), channels=(3, 4), batch=2, dtype="float64").as_dict() == {
        "view": "gemm",
        "input_size": [5],
        "output_size": [8],
        "channels": [3, 4],
        "batch": 2,
        "dtype": "float64",
        "macs": 240,
        "useful_macs": 192,
        "wasted_macs": 48,
        "bytes": 640 + 640 + 512 + 512,
        "peak_bytes": 640,
        "weight_bytes": 3 * 4 * 2 * 8,
        "steps": [
            {
                "step": "multiply the matrix Wᵀ by the input seen as a matrix X: channels by positions",
                "shape": [2, 4, 2, 5],
                "macs": 240,
                "bytes": 640,
            },
            {"step": "overlap-add: lay the columns 2 apart and sum", "shape": [2, 4, 10], "macs": 0, "bytes": 640},
            {"step": "crop: 1 on each side", "shape": [2, 4, 8], "macs": 0, "bytes": 512},
            {
                "step": "add the bias (if any) everywhere, also where no product lands",
                "shape": [2, 4, 8],
                "macs": 0,
                "bytes": 512,
            },
        ],
    }


def test_bytes_are_those_of_the_type() -> None:
    plan = dc.ConvTranspose((2,)).plan("gemm")
    sizes = {"int8": 1, "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}
    assert {dtype: plan.at(4, dtype=dtype).weight_bytes for dtype in sizes} == {d: 2 * b for d, b in sizes.items()}
