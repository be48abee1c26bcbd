"""Where the parts of the morph stand, the same in every frame, and the chain of names above them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...steps import InsertZeros
from .. import style
from ..boards import Board, Extent
from ..glyphs import text_width
from ..panels import Legend, Panel, swatches_lines, swatches_width
from ..room import room
from ..scene import Rect, Shape, Text, Weight
from .flow import LEGEND_HEIGHT, ROW_GAP, Flow, Parts, flowing, in_columns
from .morph_places import Places
from .phases import PhaseExtent, phase_extent
from .request import Index
from .sample import Sample
from .words import prepared_name, size_of

CHAIN_HEIGHT = 72.0
"""Of the chain, with the space below it."""
TEXT_ROOM = 580.0
"""So that headlines have one line, where there is room for it."""
_BESIDE = 24.0
_LARGEST = 2
"""The largest cells are left out: a film of many frames is smaller with smaller ones."""
ALL = "all"
"""All names at once."""


@dataclass(frozen=True)
class Layout:
    """The boards of the parts, and of the input before it moves apart; ``top`` of the parts is below the chain."""

    flow: Flow
    small: PhaseExtent
    input_extent: Extent
    width: float

    @property
    def height(self) -> float:
        return CHAIN_HEIGHT + self.flow.height

    def boards(self, left: float, top: float) -> dict[str, Board]:
        """The boards, for content that begins at (left, top)."""
        return {part: self.flow.board(part, left, top + CHAIN_HEIGHT) for part in self.flow.panels}

    def close(self, stage: Board, ends: tuple[Index, Index]) -> Board:
        """The input unspread: its middle is where the middle of the spread one is, which has its ``ends`` there."""
        found = Board(stage.left, stage.top, self.input_extent, stage.pitch)
        first, last = tuple(0 for _ in self.input_extent.size), tuple(n - 1 for n in self.input_extent.size)
        (x1, y1), (x2, y2) = map(stage.corner, ends)
        (a1, b1), (a2, b2) = found.corner(first), found.corner(last)
        left, top = stage.left + round((x1 + x2 - a1 - a2) / 2), stage.top + round((y1 + y2 - b1 - b2) / 2)
        return replace(found, left=left, top=top)


def arranged(shown: Sample, places: Places, legends: tuple[Legend, ...]) -> Layout:
    """Kernels, the input with room for its zeros, and the output with its ends, as large as the page lets them be."""
    g = shown.geometry
    spread, whole = tuple(map(len, places.input_lines)), tuple(map(len, places.output_lines))
    small = phase_extent(g.stride, shown.extent(places.small_size, "kernel"))
    # Labels change from frame to frame: room is kept for the widest.
    input_label = max(stage_labels(shown, places), key=_label_width)
    output_label = max(output_labels(shown, places), key=_label_width)
    parts: Parts = {
        "stage": (*input_label, shown.extent(spread)),
        "kernel": ("kernel", size_of(g.kernel_size), shown.extent(g.kernel_size, "kernel")),
        "turned": ("turned by 180°" if g.ndim > 1 else "reversed", "", shown.extent(g.kernel_size, "kernel")),
        "small": ("small kernels" if len(places.small_kernels) > 1 else "kernel of the phase", "", small),
        "output": (*output_label, shown.extent(whole, "output")),
    }
    widest = max(legends, key=swatches_width)
    if in_columns(parts["stage"][2]):
        flow = _columns(parts, widest)
    else:
        kernels = (("kernel", "turned", "small"),) if room().columns else (("kernel", "turned"), ("small",))
        flow = flowing((*kernels, ("stage",), ("output",)), parts, widest)
        flow = _aligned(flow, places) if g.ndim == 1 else flow
    return Layout(flow, small, shown.extent(shown.input_size), max(flow.width, chain_width(places), _text_room()))


def stage_labels(shown: Sample, places: Places) -> list[tuple[str, str]]:
    """What the input is called, and its size: without zeros, with the inserted ones, with all."""
    growths = places.direct.growths()
    spread = next((at for at, step in enumerate(places.direct.steps) if isinstance(step, InsertZeros)), None)
    growth = growths[spread] if spread is not None else None
    size = tuple(grow(n) for grow, n in zip(growth, shown.input_size, strict=True)) if growth else shown.input_size
    return [
        ("input", size_of(shown.input_size)),
        ("input with zeros inserted" if growth else "input", size_of(size)),
        (prepared_name(places.direct).removeprefix("unchanged "), size_of(tuple(map(len, places.kept)))),
    ]


def output_labels(shown: Sample, places: Places) -> list[tuple[str, str]]:
    """What the output is called, and its size: while it is stamped, and then."""
    after = ("output", size_of(shown.output_size))
    if len(places.output_of) == len(places.output_places):
        return [after, after]
    return [("output before its crop", size_of(tuple(map(len, places.output_lines)))), after]


def _label_width(label: tuple[str, str]) -> float:
    return Panel(*label, Extent((1,)), 0).width


def _columns(parts: Parts, legend: Legend) -> Flow:
    """The kernels, of which the first two are beside each other, then the input, then the output."""
    tallest = room().tallest(parts["stage"][2].down) - CHAIN_HEIGHT
    for pitch in style.PITCHES[_LARGEST:]:
        panels = {part: Panel(name, detail, extent, pitch) for part, (name, detail, extent) in parts.items()}
        kernel, turned, small, stage, output = (
            panels[part] for part in ("kernel", "turned", "small", "stage", "output")
        )
        beside = kernel.width + _BESIDE
        below = kernel.height + ROW_GAP
        first, heights = max(beside + turned.width, small.width), (below + small.height, stage.height, output.height)
        height, second = max(heights), first + style.GUTTER
        third = second + stage.width + style.GUTTER
        if third + output.width <= room().width and height <= tallest:
            break
    top = (height - heights[0]) / 2
    at = {
        "kernel": (0.0, top),
        "turned": (beside, top),
        "small": (0.0, top + below),
        "stage": (second, (height - stage.height) / 2),
        "output": (third, (height - output.height) / 2),
    }
    middle = height / 2 + stage.label_height / 2
    gaps = (first + style.GUTTER / 2, third - style.GUTTER / 2)
    arrows = tuple((x - 11, middle, x + 11, middle) for x in gaps)
    width = max(third + output.width, _text_room())
    of_legend = LEGEND_HEIGHT + (swatches_lines(legend, width) - 1) * style.LEGEND_LINE
    return Flow(panels, at, arrows, width, height + 22 + of_legend)


def _aligned(flow: Flow, places: Places) -> Flow:
    """On one axis an output stands under the middle of its window."""
    (o, *_) = places.place_of
    window = [at[-1] for at in places.window(o)]
    shift = ((min(window) + max(window)) / 2 - places.place_of[o][-1]) * flow.panels["stage"].pitch
    at = dict(flow.at)
    for part, x in (("stage", max(0.0, -shift)), ("output", max(0.0, shift))):
        at[part] = (x, at[part][1])
    width = max(at[part][0] + flow.panels[part].width for part in at)
    return replace(flow, at=at, width=max(flow.width, width))


def _text_room() -> float:
    return TEXT_ROOM if room().columns else room().text


def _apart() -> float:
    """Between the names of the chain, for the sign of equality."""
    return 40.0 if room().columns else 12.0


def chain(products: dict[str, int], current: str, left: float, top: float) -> Iterator[Shape]:
    """The four names with signs of equality between them; what has been reached has its number of products below."""
    reached = True
    for turn, (name, count) in enumerate(products.items()):
        if turn:
            yield Text(left + _apart() / 2, top + 15, "=", style.LABEL, style.MUTED, "regular", "middle")
            left += _apart()
        here = current in (name, ALL)
        width = _link_width(name, count)
        weight: Weight
        colour, weight = (style.INK, "semibold") if here else (style.MUTED, "regular")
        if here:
            line = text_width(name, style.LABEL, "semibold")
            yield Rect(left + (width - line) / 2, top + 22, line, 3, style.FOCUS, radius=1.5)
        yield Text(left + width / 2, top + 15, name, style.LABEL, colour, weight, "middle")
        if reached:
            yield Text(left + width / 2, top + 41, _counted(count), style.PLANE, style.MUTED, "regular", "middle")
        reached = current == ALL or (reached and not here)
        left += width


def chain_width(places: Places) -> float:
    """Width of `chain`."""
    return sum(_link_width(*link) for link in places.products.items()) + 3 * _apart()


def _link_width(name: str, count: int) -> float:
    return max(text_width(name, style.LABEL, "semibold"), text_width(_counted(count), style.PLANE))


def _counted(count: int) -> str:
    return f"{count} product{'' if count == 1 else 's'}"
