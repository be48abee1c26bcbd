"""Stamps: which places of the long side a position of the short side reaches, and with which taps; the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .. import style
from ..text import Run, Runs, words
from .places import Line
from .request import Index, Request, indices
from .sample import Sample

Turn = tuple[Index, ...]
"""Inputs that stamp together."""


def stamped(line: Line) -> list[int]:
    """The positions that stamps touch, those that are cropped among them."""
    return [position for position, place in enumerate(line) if place.kind == "stamped"]


@dataclass(frozen=True)
class Stamps:
    """Stamps on the long side before any crop: what an input puts down, or what lies under a convolution's window.

    ``places``: for each axis where its positions lie, counted from the first that any stamp touches.
    """

    request: Request
    places: Sequence[Sequence[int]]

    @cached_property
    def along(self) -> list[list[dict[int, int]]]:
        """For each axis and each position of its short side: tap -> place."""
        found = []
        for axis, n, places in zip(self.request.geometry.axes, self.request.input_size, self.places, strict=True):
            uncropped = replace(axis, crop=(0, 0))
            reached: list[dict[int, int]] = [{} for _ in range(n)]
            for t in range(uncropped.full(n)):
                for i, j in uncropped.contributions(n, t):
                    reached[i][j] = places[t]
            found.append(reached)
        return found

    def of(self, i: Index) -> dict[Index, Index]:
        """Place -> tap, for a position of the short side; both after their channels."""
        request = self.request
        channels: list[tuple[Index, Index]] = [((), ())]
        if request.leading:
            channels = [
                ((c,), (i[0], c % request.out_per_group))
                for (c,) in indices(request.lead("output"))
                if i[0] in request.inputs_of(c)
            ]
        spatial = [reached[at] for reached, at in zip(self.along, i[request.leading :], strict=True)]
        return {
            (*of_place, *(places[tap] for places, tap in zip(spatial, j, strict=True))): (*of_tap, *j)
            for of_place, of_tap in channels
            for j in indices(request.geometry.kernel_size)
        }


def sums_so_far(
    shown: Sample, stamps: Mapping[Index, Mapping[Index, Index]], turns: Iterable[Turn]
) -> Iterator[dict[Index, float]]:
    """What lies at each place, at first nothing, then after each turn."""
    sums: dict[Index, float] = {}
    yield dict(sums)
    for turn in turns:
        for i in turn:
            for at, j in stamps[i].items():
                sums[at] = sums.get(at, 0) + shown.x[i] * shown.weight[j]
        yield dict(sums)


def stamp_in_words(value: str) -> list[Runs]:
    """What an input does, after its name; ``value`` is what is written in its cell."""
    return [
        *words("stamps"),
        (
            Run(value or "its value", style.BLUE, "semibold"),
            Run(" × ", style.MUTED),
            Run("kernel ", style.AMBER_TEXT, "semibold"),
        ),
        *words("onto the output."),
    ]
