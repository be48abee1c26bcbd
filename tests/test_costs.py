"""Products of every view against counting loops, and against PyTorch's own counter.

The loops know the definition only: which input meets which tap where. They use nothing of costs, axis or steps.
"""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from math import prod

import pytest

import deconvs as dc

from .cases import cases

CASES = 400

Parameters = tuple[int, int, int, int, tuple[int, int]]


def useful(n: int, k: int, s: int, d: int, crop: tuple[int, int]) -> int:
    """Pairs of an input and a tap whose sum is kept."""
    m = (n - 1) * s + d * (k - 1) + 1 - sum(crop)
    return sum(0 <= i * s + j * d - crop[0] < m for i, j in product(range(n), range(k)))


def scattered(n: int, k: int, s: int, d: int, crop: tuple[int, int]) -> int:
    """Every input with every tap, kept or not."""
    return sum(1 for _ in product(range(n), range(k)))


def directly(n: int, k: int, s: int, d: int, crop: tuple[int, int]) -> int:
    """Every output reads as many elements as there are taps, inserted and padded zeros among them."""
    m = (n - 1) * s + d * (k - 1) + 1 - sum(crop)
    return sum(1 for _ in product(range(m), range(k)))


def by_phases(n: int, k: int, s: int, d: int, crop: tuple[int, int]) -> int:
    """Every output reads the taps that fall on inputs, also on those beyond the border."""
    m = (n - 1) * s + d * (k - 1) + 1 - sum(crop)
    return sum((o + crop[0] - j * d) % s == 0 for o, j in product(range(m), range(k)))


def by_subpixels(n: int, k: int, s: int, d: int, crop: tuple[int, int]) -> int:
    """Low-resolution positions times s channels times the taps of the one kernel, stored zeros among them."""
    m = (n - 1) * s + d * (k - 1) + 1 - sum(crop)
    positions = {(o + crop[0]) // s for o in range(m)}
    places = [j * d // s for j in range(k)]
    apart = d // s if d >= s and all(place == j * (d // s) for j, place in enumerate(places)) else 1
    return len(positions) * s * (places[-1] // apart + 1)


ALONG = {
    "scatter": scattered,
    "matrix": useful,
    "direct": directly,
    "polyphase": by_phases,
    "subpixel": by_subpixels,
    "gemm": scattered,
}


def test_products_of_every_view_are_those_counted() -> None:
    seen: Counter[str] = Counter()
    for case in cases(71, CASES):
        g, shape = case.geometry, case.inputs[0].shape
        axes: list[Parameters] = list(zip(shape[2:], g.kernel_size, g.stride, g.dilation, g.crop, strict=True))
        if g.ndim > 3 or 0 in g.output_size(shape[2:]):
            continue
        # Pairs of channels that see each other, counted one by one.
        pairs = sum(
            a // (case.c_in // g.groups) == b // (case.c_out // g.groups)
            for a, b in product(range(case.c_in), range(case.c_out))
        )
        times = shape[0] * pairs
        assert set(ALONG) == set(dc.VIEWS)
        for view, along in ALONG.items():
            costs = g.plan(view).at(shape[2:], channels=(case.c_in, case.c_out), batch=shape[0])
            assert costs.macs == times * prod(along(*axis) for axis in axes), (view, g, shape)
            assert costs.useful_macs == times * prod(useful(*axis) for axis in axes), (view, g, shape)
            assert costs.wasted_macs == costs.macs - costs.useful_macs >= 0
            seen[f"{view} wastes"] += costs.wasted_macs > 0
        seen["dilation"] += max(g.dilation) > 1
        seen["groups"] += g.groups > 1
        seen["batch"] += shape[0] > 1
        seen["unequal crop"] += any(b != e for b, e in g.crop)
        seen["negative crop"] += any(min(crop) < 0 for crop in g.crop)
        seen["channels"] += case.c_in != case.c_out
        seen[f"{g.ndim} axes"] += 1
    assert seen.pop("matrix wastes") == 0  # only what is stored is multiplied
    assert len(seen) == 14
    assert min(seen.values()) > 20, seen


def test_pytorchs_counter_counts_the_products_of_the_definition_twice() -> None:
    """Its formula, batch * prod(input) * prod(weight) * 2: the gemm form's products, cropped ones included."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    rng, seen = random.Random(72), Counter[str]()
    layers = (torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d)
    while seen["layers"] < 200:
        ndim, groups, batch = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 3)
        n, k, s, d = (tuple(rng.randint(1, 4) for _ in range(ndim)) for _ in range(4))
        p = tuple(rng.randint(0, d_ * (k_ - 1)) for d_, k_ in zip(d, k, strict=True))
        op = tuple(rng.randint(0, max(s_, d_) - 1) for s_, d_ in zip(s, d, strict=True))
        channels = (groups * rng.randint(1, 3), groups * rng.randint(1, 3))
        g = dc.ConvTranspose(k, s, p, op, d, groups)
        if min(a.full(m) - sum(a.crop) for a, m in zip(g.axes, n, strict=True)) < 1:
            continue
        layer = layers[ndim - 1](*channels, k, s, p, op, groups, bias=rng.random() < 0.5, dilation=d)
        with FlopCounterMode(display=False) as counter:
            y = layer(torch.zeros(batch, channels[0], *n))
        assert tuple(y.shape[2:]) == g.output_size(n)
        costs = {view: g.plan(view).at(n, channels=channels, batch=batch) for view in ("scatter", "gemm")}
        flops = counter.get_total_flops()
        assert flops == 2 * costs["gemm"].macs == 2 * costs["scatter"].macs, (g, n)
        seen["layers"] += 1
        seen["cropped products are counted"] += flops > 2 * costs["gemm"].useful_macs
        seen["nothing is cropped"] += flops == 2 * costs["gemm"].useful_macs
        seen["groups"] += groups > 1
    assert min(seen.values()) > 40, seen


@pytest.mark.parametrize(("padding", "kept"), [(0, 6), (1, 4)])
def test_where_pytorchs_counter_differs(padding: int, kept: int) -> None:
    """Two inputs, three taps, stride 2: six products. Padding 1 crops one of the first input and one of the last."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        torch.nn.ConvTranspose1d(1, 1, 3, 2, padding, bias=False)(torch.zeros(1, 1, 2))
    assert counter.get_total_flops() == 2 * 6
    costs = dc.ConvTranspose((3,), 2, padding).plan("gemm").at(2)
    assert (costs.macs, costs.useful_macs) == (6, kept)
