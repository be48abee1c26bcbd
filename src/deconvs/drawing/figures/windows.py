"""What lies under a window: which places of a grid, and which tap over each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from ...steps import Correlate
from ...weights import FlippedKernel
from .request import Index, Request, indices


def turned_taps(recipe: FlippedKernel) -> dict[Index, Index]:
    """Position in the kernel that a step correlates with -> the tap of the stored kernel that it holds.

    >>> turned_taps(FlippedKernel((1,), (2,), (3,), 1))
    {(0,): (5,), (1,): (3,), (2,): (1,)}
    """
    taps = [
        [first + step * (count - 1 - t) for t in range(count)]
        for first, step, count in zip(recipe.first_tap, recipe.tap_step, recipe.taps, strict=True)
    ]
    return dict(zip(indices(recipe.taps), product(*taps), strict=True))


def window(
    request: Request, step: Correlate, kept: Sequence[Sequence[int]], taps: Mapping[Index, Index], o: Index
) -> dict[Index, Index]:
    """The places under the kernel at position ``o``, after its output channel, and the tap that lies over each.

    ``kept``: for each axis the places of its line that the kernel slides over; ``taps``: position in the kernel -> tap.
    """
    lead, spatial = o[: request.leading], o[request.leading :]
    found: dict[Index, Index] = {}
    channels: list[tuple[Index, Index]] = [((), ())]
    if lead:
        channels = [((c,), (c, lead[0] % request.out_per_group)) for c in request.inputs_of(lead[0])]
    for of_input, of_kernel in channels:
        for t, j in taps.items():
            along = zip(kept, spatial, t, step.dilation, strict=True)
            found[*of_input, *(places[at + tap * d] for places, at, tap, d in along)] = (*of_kernel, *j)
    return found
