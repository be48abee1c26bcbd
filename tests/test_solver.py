"""solve and solve_chain against brute force over their boxes."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from math import prod

import pytest
import torch

import deconvs as dc
from deconvs.chains import solve_chain
from deconvs.solver import Parameters

BOX = {
    "kernel_size": range(1, 9),
    "stride": range(1, 6),
    "padding": range(7),
    "output_padding": range(4),
    "dilation": range(1, 4),
}


def size_of(n: int, q: Parameters) -> int:
    """PyTorch's documented formula."""
    return (n - 1) * q.stride - 2 * q.padding + q.dilation * (q.kernel_size - 1) + q.output_padding + 1


def everything(box: dict[str, range]) -> Iterator[Parameters]:
    fields = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    for values in itertools.product(*(box[name] for name in fields)):
        q = Parameters(*values)
        if q.output_padding < max(q.stride, q.dilation):
            yield q


def told(g: dc.ConvTranspose) -> Parameters:
    """The parameters of a layer that is alike on all axes."""
    (k,), (s,), ((b, e),), (d,) = map(set, (g.kernel_size, g.stride, g.crop, g.dilation))
    return Parameters(k, s, b, b - e, d)


def judged(g: dc.ConvTranspose, n: tuple[int, ...]) -> tuple[int, bool, int]:
    """Evenness, output_padding and products, counted on the layer itself."""
    counts = [{phase.taps for phase in axis.phases()} for axis in g.axes]
    rank = 2 if any(0 in taps for taps in counts) else int(any(len(taps) > 1 for taps in counts))
    return rank, any(b != e for b, e in g.crop), int(g.coverage(n).sum())


@pytest.mark.parametrize("seed", range(4))
def test_every_solution_of_the_box_is_there_once_and_no_other(seed: int) -> None:
    rng = random.Random(seed)
    kinds: Counter[str] = Counter()
    for _ in range(15):
        n, m = rng.randint(1, 32), rng.randint(1, 32)
        found = dc.solve(n, m, **BOX)
        expected = [q for q in everything(BOX) if size_of(n, q) == m]
        assert len(found) == len(expected)
        assert set(map(told, found)) == set(expected)
        assert all(g.output_size(n) == (m,) for g in found)
        keys = [judged(g, (n,)) for g in found]
        assert keys == sorted(keys)
        kinds.update("even" if rank == 0 else "uneven" if rank == 1 else "holes" for rank, _, _ in keys)
        kinds["shrinks"] += m < n
        kinds["dilated"] += any(max(g.dilation) > 1 for g in found)
    assert all(kinds[kind] for kind in ("even", "uneven", "holes", "shrinks", "dilated")), kinds


def test_without_lists_every_padding_and_output_padding_that_makes_sense() -> None:
    for n, m in itertools.product((1, 5, 8), (4, 11, 16)):
        found = {told(g) for g in dc.solve(n, m, kernel_size=range(1, 6), stride=range(1, 4), dilation=(1, 3))}
        box = {"kernel_size": range(1, 6), "stride": range(1, 4), "padding": range(13), "output_padding": range(3)}
        expected = {
            q
            for d in (1, 3)
            for q in everything({**box, "dilation": range(d, d + 1)})
            if size_of(n, q) == m and q.padding <= d * (q.kernel_size - 1)
        }
        assert found == expected


def test_pytorch_agrees_with_every_solution() -> None:
    checked = 0
    for n, m in ((3, 8), (7, 14), (5, 9), (4, 13)):
        for g in dc.solve(n, m, kernel_size=range(1, 5), stride=range(1, 4), dilation=range(1, 3)):
            q = told(g)
            layer = torch.nn.ConvTranspose1d(
                1, 1, q.kernel_size, q.stride, q.padding, q.output_padding, dilation=q.dilation
            )
            assert layer(torch.zeros(1, 1, n)).shape[-1] == m
            checked += 1
    assert checked > 40


def test_axes_get_the_same_parameters_where_they_can() -> None:
    for g in dc.solve((7, 5), (14, 10)):
        told(g)
    assert dc.solve((7, 5), (14, 10))[0] == dc.ConvTranspose((2, 2), 2)
    ends = dc.solve((15, 20), (30, 41), kernel_size=range(1, 5))
    assert ends
    assert all(len(set(g.kernel_size)) == len(set(g.stride)) == len({b for b, _ in g.crop}) == 1 for g in ends)
    apart = dc.solve((7, 7), (14, 28))
    assert apart[0] == dc.ConvTranspose((2, 4), (2, 4))
    along = [{told(g) for g in dc.solve(7, m, kernel_size=range(1, 9), stride=range(1, 5))} for m in (14, 28)]
    whole = dc.solve((7, 7), (14, 28), kernel_size=range(1, 9), stride=range(1, 5))
    assert len(whole) == prod(map(len, along))
    assert {g.output_size((7, 7)) for g in whole} == {(14, 28)}
    # Repeated axes stay alike: two different ones among four.
    four = dc.solve((3, 4, 3, 4), (6, 16, 6, 16))[0]
    assert four == dc.ConvTranspose((2, 4, 2, 4), (2, 4, 2, 4))


def test_even_wants_even_coverage() -> None:
    found = dc.solve(7, 14, even=True)
    assert found == [g for g in dc.solve(7, 14) if judged(g, (7,))[0] == 0] != dc.solve(7, 14)
    none = dc.solve(7, 14, kernel_size=3, stride=2, even=True)
    assert none == []
    assert none.why == "no layer of the box that leads there covers its output evenly"
    assert none.nearest == [dc.ConvTranspose((3,), 2, 1, 1)]


def test_even_layers_are_found_where_only_uneven_ones_are_alike_on_all_axes() -> None:
    box = {"kernel_size": range(1, 5), "stride": range(1, 3), "padding": range(2), "output_padding": range(2)}
    differed = 0
    for n, m in itertools.product(itertools.product((3, 4), (3, 5)), itertools.product(range(5, 10), range(5, 12))):
        along = [dc.solve(*pair, **box, even=True) for pair in zip(n, m, strict=True)]
        found = dc.solve(n, m, **box, even=True)
        assert bool(found) == all(along), (n, m)
        assert all(g.output_size(n) == m and judged(g, n)[0] == 0 for g in found)
        differed += bool(found) and any(judged(g, n)[0] for g in dc.solve(n, m, **box)[:1])
    assert differed > 0
    assert solve_chain(3, 6, 1, kernel_size=1, stride=2, even=True) == []


@pytest.mark.parametrize("seed", range(3))
def test_without_a_solution_the_nearest_sizes_and_why(seed: int) -> None:
    rng = random.Random(seed)
    reasons: Counter[str] = Counter()
    for _ in range(120):
        n, m = rng.randint(1, 12), rng.randint(1, 40)
        box = {
            "kernel_size": range(low := rng.randint(1, 5), low + rng.randint(1, 3)),
            "stride": range(low := rng.randint(1, 3), low + rng.randint(1, 2)),
            "padding": range(low := rng.randint(0, 2), low + rng.randint(1, 3)),
            "output_padding": range(rng.randint(1, 2)),
            "dilation": range(1, rng.randint(2, 3)),
        }
        reached = {size for q in everything(box) if (size := size_of(n, q)) >= 0}
        found = dc.solve(n, m, **box)
        assert bool(found) == (m in reached)
        if found or not reached:
            assert found or found.why.startswith("nothing of the box gives an output")
            continue
        next_ones = [max((r for r in reached if r < m), default=None), min((r for r in reached if r > m), default=None)]
        assert [g.output_size(n)[0] for g in found.nearest] == [r for r in next_ones if r is not None], (n, m, box)
        for g in found.nearest:
            assert told(g) in set(everything(box))
        if next_ones[1] is None:
            assert found.why == f"the box reaches {max(reached)} at most, which wants a larger kernel or stride"
        elif next_ones[0] is None:
            assert found.why.startswith(f"the box reaches {min(reached)} at the least")
        else:
            assert found.why.startswith("equal padding on both sides changes the size by two")
        if found.beyond:
            assert found.beyond.output_size(n) == (m,)
        reasons[found.why.split()[0] + str([r is None for r in next_ones])] += 1
    assert len(reasons) == 3, reasons


CHAINS = [
    (2, 7, 2, {"kernel_size": range(1, 5), "stride": range(1, 3)}),
    (3, 12, 3, {"kernel_size": range(1, 4), "stride": range(1, 3)}),
    (1, 9, 3, {"kernel_size": range(2, 4), "stride": range(1, 4), "output_padding": 0}),
    (4, 11, 2, {"kernel_size": range(1, 4), "stride": range(1, 4), "padding": range(2), "dilation": range(1, 3)}),
    (3, 13, 2, {"kernel_size": 3, "stride": range(1, 3)}),
    (2, 30, 2, {"kernel_size": range(1, 3), "stride": range(1, 3)}),
]


@pytest.mark.parametrize(("n", "m", "layers", "box"), CHAINS)
@pytest.mark.parametrize("even", [False, True])
def test_chains_are_the_best_of_all(n: int, m: int, layers: int, box: dict[str, range], even: bool) -> None:
    """Against all chains of enlarging layers, tried one after the other."""

    def all_chains(size: int, left: int) -> Iterator[tuple[dc.ConvTranspose, ...]]:
        if left == 0:
            if size == m:
                yield ()
            return
        for to in range(size + 1, m + 1):
            for g in dc.solve(size, to, **box, even=even):
                for rest in all_chains(to, left - 1):
                    yield (g, *rest)

    def cost(chain: tuple[dc.ConvTranspose, ...]) -> tuple[int, int, int]:
        size, total = (n,), [0, 0, 0]
        for g in chain:
            rank, end, products = judged(g, size)
            total = [total[0] + (rank > 0), total[1] + end, total[2] + products]
            size = g.output_size(size)
        return tuple(total)  # type: ignore[return-value]

    every = {chain: cost(chain) for chain in all_chains(n, layers)}
    found = solve_chain(n, m, layers, **box, even=even, most=7)
    assert len(found) == min(7, len(every))
    assert [chain.cost for chain in found] == sorted(every.values())[:7]
    for chain in found:
        assert every[chain.layers] == chain.cost
        assert len(set(found)) == len(found)
        sizes = list(itertools.accumulate(chain.layers, lambda size, g: g.output_size(size), initial=(n,)))
        assert tuple(sizes) == chain.sizes


def test_a_chain_grows_evenly_by_default() -> None:
    chain = solve_chain((4, 4), (64, 64), 4)[0]
    assert chain.sizes == ((4, 4), (8, 8), (16, 16), (32, 32), (64, 64))
    assert solve_chain((7, 5), (28, 20), 2, kernel_size=4, stride=2)[0].sizes == ((7, 5), (14, 10), (28, 20))
    assert solve_chain(4, 5, 3) == []
