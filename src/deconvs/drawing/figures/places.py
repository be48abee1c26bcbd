"""Where every element of a grid comes from: the steps of a Plan, carried out on labels instead of numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from ...plan import Plan
from ...steps import Correlate, Crop, InsertZeros, Pad, Scatter
from .request import Index, indices


@dataclass(frozen=True, slots=True)
class Place:
    """One position of one axis: ``kind`` "input", "inserted", "padding" or "stamped"; ``source`` counts what it holds.

    A cropped place is kept, so that it can be shown.
    """

    kind: str
    source: int | None = None
    cropped: bool = False


Line = tuple[Place, ...]


def largest(plan: Plan, input_size: Index) -> Index:
    """Each axis at its longest, before anything is computed: a huge dilation makes it huge, whatever comes of it."""
    sizes = [
        tuple(grow(n) for grow, n in zip(growths, input_size, strict=True))
        for growths in plan.growths()
        if growths is not None
    ]
    return tuple(map(max, zip(input_size, *sizes, strict=True)))


def lines(plan: Plan, input_size: Index) -> tuple[Line, ...]:
    """Each axis as it is before the direct view's correlation, or after the scatter view's stamps were cropped."""
    found = tuple(tuple(Place("input", i) for i in range(n)) for n in input_size)
    for step in plan.steps:
        match step:
            case InsertZeros(inserted):
                found = tuple(_spread(line, zeros) for line, zeros in zip(found, inserted, strict=True))
            case Scatter(full=full):
                found = tuple(
                    tuple(Place("stamped", t) for t in range(grow(len(line))))
                    for grow, line in zip(full, found, strict=True)
                )
            case Pad(amounts):
                found = tuple(
                    (Place("padding"),) * before + line + (Place("padding"),) * after
                    for line, (before, after) in zip(found, amounts, strict=True)
                )
            case Crop(amounts):
                found = tuple(
                    tuple(
                        replace(place, cropped=not before <= position < len(line) - after)
                        for position, place in enumerate(line)
                    )
                    for line, (before, after) in zip(found, amounts, strict=True)
                )
            case Correlate():
                break
    return found


def kept(line: Line) -> list[int]:
    """The positions that are not cropped."""
    return [position for position, place in enumerate(line) if not place.cropped]


def grid(along: tuple[Line, ...], lead: Index = ()) -> dict[Index, tuple[str, Index | None]]:
    """Kind and source of every position of the axes' grid; the source is None where no element of the data stands.

    The positions of channels, which nothing is inserted between, come before those of the axes.
    """
    found: dict[Index, tuple[str, Index | None]] = {}
    for channel in indices(lead):
        for combination in product(*map(enumerate, along)):
            places = [place for _, place in combination]
            sources = tuple(place.source for place in places if place.source is not None)
            source = (*channel, *sources) if len(sources) == len(places) else None
            found[*channel, *(position for position, _ in combination)] = (_kind(places), source)
    return found


def kept_places(along: tuple[Line, ...], lead: Index = ()) -> list[Index]:
    """The positions of the grid that are not cropped, row-major."""
    return [(*channel, *at) for channel in indices(lead) for at in product(*map(kept, along))]


def _kind(places: list[Place]) -> str:
    if any(place.cropped for place in places):
        return "cropped"
    # Where the axes differ, the outer zeros win: a row of padding is padding all along.
    kinds = {place.kind for place in places}
    return next(kind for kind in ("padding", "inserted", "input", "stamped") if kind in kinds)


def _spread(line: Line, zeros: int) -> Line:
    between = (Place("inserted"),) * zeros
    return tuple(place for own in line[:-1] for place in (own, *between)) + line[-1:]
