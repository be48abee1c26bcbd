"""From scatter to gather to direct to polyphase in one film: four ways to make the same sums, turning into each other.

The story is told here, moment by moment; morph_picture.py draws a moment, morph_words.py says what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ..scene import Film
from . import morph_words as say
from .morph_layout import ALL
from .morph_picture import Moment, Picture
from .morph_places import Places
from .phases import refuse_too_many_phases
from .places import largest
from .request import Amount, Request, frames, requested, side
from .sample import Sample, sample
from .words import Values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TITLE = "One sum, four ways"
SUBTITLE = "Four ways multiply the same inputs by the same taps. Only the order differs."
TRAVEL = 6
"""Frames in which the inputs move apart."""
MAX_TERMS = 9
"""So many products of an output are read one by one."""
FIRST_MS, STAMP_MS, READ_MS, TRAVEL_MS, STEP_MS, LAST_MS = 2600, 1100, 1500, 120, 2600, 5000
SLIDE_MS, QUICK_MS, QUICK = 900, 440, 16
"""Of a window that slides; where there are more than ``QUICK`` outputs, it is quick."""


def morph_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """Stamps add up; read at one output they are a gather; with zeros inserted it is a convolution; without, phases.

    >>> film = morph_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[2, 2]
    (63, '36')

    One picture whose boards stay where they are; captions name each equality and count the products. x: numbers of
    shape input_size, weight: of shape kernel_size, after their channels; both count up by default. ``channels``:
    (C_in, C_out), shown as stacks; values: "numbers", "symbols" or "hidden". What has more than 40 cells a side or 400
    frames is thinned: fewer inputs are drawn. Errors: GeometryError beyond 3 axes, 100,000 cells or 9 phases, which
    are as many as can be told apart. Sources: Zeiler et al. 2010; Dumoulin & Visin 2018, chapter 4; Shi et al. 2016.
    """
    refuse_too_many_phases(geometry)
    shown = sample(requested(geometry, input_size, channels, _amounts), x, weight, values)
    places = Places(shown)
    moments = list(_story(shown, places))
    picture = Picture(TITLE, SUBTITLE, shown, places, moments)
    scenes = tuple(map(picture.scene, moments))
    return Film(scenes, tuple(moment.ms for moment in moments), TITLE, picture.description, scenes[-1])


def _amounts(request: Request) -> Iterator[Amount]:
    for view, what, lead in (
        ("direct", "input with its zeros", "input"),
        ("scatter", "output before its crop", "output"),
    ):
        size = largest(request.geometry.plan(view), request.input_size)
        yield side(what, (*request.lead("input" if lead == "input" else "output"), *size))
    inputs, outputs = (
        prod((*request.lead("input"), *request.input_size)),
        prod((*request.lead("output"), *request.output_size)),
    )
    yield frames(inputs + outputs + 2 * TRAVEL + MAX_TERMS + 2 * prod(request.geometry.stride) + 10)


def _story(shown: Sample, places: Places) -> Iterator[Moment]:
    """The moments, one after the other; each begins where the one before ended."""
    now = Moment("scatter", say.opening(), FIRST_MS)
    yield now
    for count, i in enumerate(shown.x, start=1):
        yield replace(now, said=say.stamp(shown, i), ms=STAMP_MS, stamped=count, stamp=i)
    now = replace(now, said=say.stamped(places), ms=STEP_MS, stamped=len(shown.x), outputs="whole")
    yield now

    now = replace(now, chapter="gather", focus=places.focus)
    yield from _gather(shown, places, now)
    now = replace(now, chapter="direct", focus=None, turned=frozenset(places.turned), outputs="again")
    yield from _direct(shown, places, now)
    yield from _polyphase(shown, places, replace(now, chapter="polyphase", apart=1.0, zeros=2))


def _gather(shown: Sample, places: Places, now: Moment) -> Iterator[Moment]:
    """One output: the stamps that touched it, tap by tap, each laid where its input lies."""
    terms = shown.terms(places.focus)
    yield replace(now, said=say.touched(shown, places.focus), ms=STEP_MS, read=terms)
    laid: frozenset[tuple[int, ...]] = frozenset()
    for count, (i, j) in enumerate(terms[:MAX_TERMS], start=1):
        laid |= {places.position_of[j]}
        yield replace(now, said=say.term(shown, places.focus, count), ms=READ_MS, read=((i, j),), turned=laid)
    every = frozenset(places.turned)
    yield replace(now, said=say.turned(shown, places.focus), ms=LAST_MS, read=terms, turned=every)


def _direct(shown: Sample, places: Places, now: Moment) -> Iterator[Moment]:
    """The inputs move apart, zeros come between and around them, and the turned kernel slides over them."""
    yield replace(now, said=say.apart(shown), ms=STEP_MS)
    if places.travels:
        for step in range(1, TRAVEL + 1):
            yield replace(now, said=say.apart(shown), ms=TRAVEL_MS, apart=_eased(step / TRAVEL))
        yield replace(now, said=say.inserted(places), ms=STEP_MS, apart=1.0, zeros=1)
    now = replace(now, apart=1.0, zeros=2)
    yield replace(now, said=say.padded(places), ms=STEP_MS)
    ms = QUICK_MS if len(shown.output) > QUICK else SLIDE_MS
    for count, o in enumerate(shown.output, start=1):
        yield replace(now, said=say.window(shown, o), ms=ms, focus=o, read=shown.terms(o), window=True, gathered=count)
    yield replace(now, said=say.slid(places), ms=STEP_MS, gathered=len(shown.output))


def _polyphase(shown: Sample, places: Places, now: Moment) -> Iterator[Moment]:
    """Taps are dealt out by what they meet; the zeros go, the inputs close up, and each phase makes its outputs."""
    count = len(places.phases.each)
    now = replace(now, coloured=True, outputs="phases", woven=count)
    yield replace(now, said=say.colours(shown), ms=STEP_MS)
    for turn in range(count):
        o = places.of_phase(turn)
        yield replace(
            now,
            said=say.dealt(shown, places, turn),
            ms=READ_MS + 500,
            focus=o,
            read=shown.terms(o) if o is not None else (),
            window=o is not None,
            dealt=turn + 1,
            phase=turn,
        )
    now = replace(now, dealt=count, outputs="phases", woven=0)
    yield replace(now, said=say.dropped(shown), ms=STEP_MS, zeros=0)
    if places.travels:
        for step in range(TRAVEL - 1, 0, -1):
            yield replace(now, said=say.dropped(shown), ms=TRAVEL_MS, zeros=0, apart=_eased(step / TRAVEL))
    now = replace(now, zeros=0, apart=0.0)
    for turn in range(count):
        yield replace(now, said=say.phase(shown, places, turn), ms=READ_MS + 500, woven=turn + 1, phase=turn)
    yield replace(now, chapter=ALL, said=say.ending(places), ms=LAST_MS, woven=count)


def _eased(part: float) -> float:
    """Slow at both ends."""
    return part * part * (3 - 2 * part)
