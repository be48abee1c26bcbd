"""The definition, twice, on plain integers (or any numbers): the oracles everything else is held to.

`scatter` follows every input to the outputs it adds to; `gather` asks every output which inputs reach it. They share
no formula, and nothing with the project, so that they cannot inherit its mistakes. Slow on purpose: one line per idea.

Both take x and w as dicts from index tuples, (c_in, i...) and (c_in, c_out/groups, j...), to numbers, and the crop
((b, e), ...) of the full output; there is no bias.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

Index = tuple[int, ...]


def scatter(
    x: Mapping[Index, float],
    w: Mapping[Index, float],
    *,
    stride: Sequence[int],
    dilation: Sequence[int],
    crop: Sequence[tuple[int, int]],
    groups: int,
) -> dict[Index, float]:
    """full[i*s + j*d] += x[i] * w[j], then crop.

    >>> scatter({(0, 0): 1, (0, 1): 10}, {(0, 0, 0): 2, (0, 0, 1): 3},
    ...         stride=[1], dilation=[1], crop=[(0, 0)], groups=1)
    {(0, 0): 2, (0, 1): 23, (0, 2): 30}
    """
    c_in, n = _shape(x)[0], _shape(x)[1:]
    per_group, k = _shape(w)[1], _shape(w)[2:]
    space = range(len(n))
    size = [(n[a] - 1) * stride[a] + dilation[a] * (k[a] - 1) + 1 - sum(crop[a]) for a in space]
    y: dict[Index, float] = dict.fromkeys(product(range(per_group * groups), *map(range, size)), 0)
    for index, value in x.items():
        c, i = index[0], index[1:]
        for within in range(per_group):
            co = c // (c_in // groups) * per_group + within
            for j in _positions(k):
                o = [i[a] * stride[a] + j[a] * dilation[a] - crop[a][0] for a in space]
                if all(0 <= o[a] < size[a] for a in space):
                    y[(co, *o)] += value * w[(c, within, *j)]
    return y


def gather(
    x: Mapping[Index, float],
    w: Mapping[Index, float],
    *,
    stride: Sequence[int],
    dilation: Sequence[int],
    crop: Sequence[tuple[int, int]],
    groups: int,
) -> dict[Index, float]:
    """y[o] = sum of x[(o + b - j*d) / s] * w[j] over the taps j for which that is an input.

    >>> gather({(0, 0): 1, (0, 1): 10}, {(0, 0, 0): 2, (0, 0, 1): 3},
    ...        stride=[1], dilation=[1], crop=[(0, 0)], groups=1)
    {(0, 0): 2, (0, 1): 23, (0, 2): 30}
    """
    inputs, taps = _shape(x), _shape(w)
    space = range(len(stride))
    last = [stride[a] * (inputs[a + 1] - 1) + dilation[a] * (taps[a + 2] - 1) - crop[a][1] for a in space]

    def _reaching(t: int, a: int) -> list[tuple[int, int]]:
        """The (input, tap) of axis ``a`` that meet at full position ``t``."""
        tapped = [(t - j * dilation[a], j) for j in range(taps[a + 2])]
        return [(q // stride[a], j) for q, j in tapped if q % stride[a] == 0 and 0 <= q // stride[a] < inputs[a + 1]]

    size = [last[a] + 1 - crop[a][0] for a in space]
    reaching = [[_reaching(o + crop[a][0], a) for o in range(size[a])] for a in space]
    y: dict[Index, float] = {}
    for co in range(taps[1] * groups):
        group, within = divmod(co, taps[1])
        channels = range(group * inputs[0] // groups, (group + 1) * inputs[0] // groups)
        for o in _positions(size):
            total: float = 0
            for pairs in product(*(reaching[a][o[a]] for a in space)):
                for c in channels:
                    total += x[(c, *(i for i, _ in pairs))] * w[(c, within, *(j for _, j in pairs))]
            y[(co, *o)] = total
    return y


def _shape(values: Mapping[Index, object]) -> list[int]:
    return [largest + 1 for largest in map(max, zip(*values, strict=True))]


def _positions(size: Sequence[int]) -> Iterator[Index]:
    return product(*map(range, size))
