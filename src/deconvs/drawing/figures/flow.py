"""Where parts stand in a picture that flows from what is given to what comes of it: columns for two axes, else rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .. import style
from ..boards import Board, Extent
from ..panels import Legend, Panel, swatches, swatches_lines, swatches_width
from ..room import room
from ..scene import Line, Shape

LEGEND_HEIGHT = 18.0
ROW_GAP = 30.0

Parts = dict[str, tuple[str, str, Extent]]
"""Part -> name, detail and extent of its grid."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Upper left corners of the panels, the arrows between stages, and the size of it all."""

    panels: dict[str, Panel]
    at: dict[str, tuple[float, float]]
    arrows: tuple[tuple[float, float, float, float], ...]
    width: float
    height: float

    def board(self, part: str, left: float, top: float) -> Board:
        """The board of one part, for content that begins at (left, top)."""
        x, y = self.at[part]
        return self.panels[part].board(round(left + x), round(top + y))

    def furniture(self, legend: Legend, left: float, top: float, legend_at: float = 0.0) -> list[Shape]:
        """What no frame changes: labels, arrows, the legend, which begins so far from the left."""
        shapes: list[Shape] = []
        for part, (x, y) in self.at.items():
            shapes += self.panels[part].label(round(left + x), round(top + y))
        shapes += [
            Line(left + x1, top + y1, left + x2, top + y2, style.MUTED, 2.0, arrow=True)
            for x1, y1, x2, y2 in self.arrows
        ]
        width = max(self.width, room().legend)
        below = LEGEND_HEIGHT + (swatches_lines(legend, width) - 1) * style.LEGEND_LINE
        return [*shapes, *swatches(legend, round(left + legend_at), round(top + self.height - below), width)]


def flowing(stages: Sequence[Sequence[str]], parts: Parts, legend: Legend) -> Flow:
    """The flow with the largest cells that fits the page; parts of one stage stand together."""
    first = next(iter(parts.values()))[2]
    tried = []
    for pitch in style.PITCHES:
        panels = {part: Panel(name, detail, extent, pitch) for part, (name, detail, extent) in parts.items()}
        flow = _columns(stages, panels) if in_columns(first) else _rows(stages, panels)
        if flow.height <= room().tallest(first.down):
            tried.append(flow)
            if flow.width <= room().width:
                break
    else:
        flow = narrowest(tried) if tried else flow
    width = max(flow.width, min(swatches_width(legend), room().legend))
    height = flow.height + (swatches_lines(legend, max(width, room().legend)) - 1) * style.LEGEND_LINE
    return Flow(flow.panels, flow.at, flow.arrows, width, height)


class _Wide(Protocol):
    @property
    def width(self) -> float: ...


_W = TypeVar("_W", bound=_Wide)


def narrowest(tried: Sequence[_W]) -> _W:
    """Of layouts that are all too wide, the first that is as narrow as any: labels do not shrink with their cells."""
    least = min(each.width for each in tried)
    return next(each for each in tried if each.width == least)


def in_columns(extent: Extent) -> bool:
    """Whether stages stand beside each other: rows of a single axis and of slices are too wide for that."""
    return room().columns and extent.across == 0 and len(extent.size) - extent.leading == 2


def _columns(stages: Sequence[Sequence[str]], panels: dict[str, Panel]) -> Flow:
    """A column for each stage, all in the middle of the height."""
    heights = [sum(panels[part].height for part in stage) + ROW_GAP * (len(stage) - 1) for stage in stages]
    height, left = max(heights), 0.0
    at: dict[str, tuple[float, float]] = {}
    arrows = []
    for turn, (stage, own) in enumerate(zip(stages, heights, strict=True)):
        top = (height - own) / 2
        for part in stage:
            at[part] = (left, top)
            top += panels[part].height + ROW_GAP
        left += max(panels[part].width for part in stage)
        if turn + 1 < len(stages):
            middle = height / 2 + panels[stage[0]].label_height / 2
            arrows.append((left + style.GUTTER / 2 - 11, middle, left + style.GUTTER / 2 + 11, middle))
            left += style.GUTTER
    return Flow(panels, at, tuple(arrows), left, height + 22 + LEGEND_HEIGHT)


def _rows(stages: Sequence[Sequence[str]], panels: dict[str, Panel]) -> Flow:
    """A row for each stage, its parts beside each other."""
    at: dict[str, tuple[float, float]] = {}
    top = width = 0.0
    for stage in stages:
        left = 0.0
        for part in stage:
            at[part] = (left, top)
            left += panels[part].width + style.GUTTER
        width = max(width, left - style.GUTTER)
        top += max(panels[part].height for part in stage) + ROW_GAP
    return Flow(panels, at, (), width, top - ROW_GAP + 24 + LEGEND_HEIGHT)
