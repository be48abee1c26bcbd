"""Coverage drawn with characters: counts, or shades where counts are long; with colours where they can be shown."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .axis import Axis
from .geometry import ConvTranspose

_ROWS, _COLUMNS = 24, 100
_SHADES = " ░▒▓█"
_COLOURS = (255, 195, 159, 116, 73, 30, 23)
"""Of the terminal's 256, pale to dark; the first one is for holes. Black and white digits are legible on them."""
_DARK_FROM = 5


@dataclass(frozen=True, slots=True)
class _Map:
    rows: tuple[tuple[int, ...], ...]
    top: int
    width: int
    notes: tuple[str, ...]
    shaded: bool


def coverage_text(geometry: ConvTranspose, input_size: tuple[int, ...], *, colour: bool = False) -> str:
    """The products that reach each output, as a small map; ``colour`` adds a terminal's colours.

    >>> print(coverage_text(ConvTranspose((3, 3), stride=2), (2, 2)))
    1 1 2 1 1
    1 1 2 1 1
    2 2 4 2 2
    1 1 2 1 1
    1 1 2 1 1

    Zero is shown as a dot. Larger maps show their corner; more than two axes show the middle of the first ones.
    """
    if 0 in geometry.output_size(input_size):
        return "(the output is empty)"
    found = _map(geometry, input_size)
    cell = _coloured if colour else _plain
    between = "" if colour or found.shaded else " "
    lines = [between.join(cell(count, found) for count in row).rstrip() for row in found.rows]
    return "\n".join(lines) + (f"\n({', '.join(found.notes)})" if found.notes else "")


def _map(geometry: ConvTranspose, input_size: tuple[int, ...]) -> _Map:
    outputs = geometry.output_size(input_size)
    axes = list(zip(geometry.axes, input_size, outputs, strict=True))
    top = prod(axis.coverage_range(n)[1] for axis, n, _ in axes)
    width = len(str(top)) + 1
    shaded = width > 4  # counts are too long to be written
    outer = prod(_counts(axis, n, m // 2, m // 2 + 1)[0] for axis, n, m in axes[:-2])
    rows = [outer * count for count in _counts(*axes[-2][:2], 0, _ROWS)] if len(axes) > 1 else [outer]
    columns = _counts(*axes[-1][:2], 0, _COLUMNS // (1 if shaded else width))
    notes = []
    if len(axes) > 2:
        notes.append("the middle of the first axes")
    if (len(rows), len(columns)) != (shown := (1, *outputs)[-2:]):
        notes.append(f"the first {len(rows)} x {len(columns)} of {shown[0]} x {shown[1]}")
    if shaded:
        notes.append(f"shades from 0 to {top}")
    return _Map(tuple(tuple(row * column for column in columns) for row in rows), top, width, tuple(notes), shaded)


def _counts(axis: Axis, n: int, start: int, stop: int) -> list[int]:
    counts: list[int] = axis.coverage(n, start, stop).tolist()
    return counts


def _plain(count: int, found: _Map) -> str:
    if found.shaded:
        return _SHADES[_level(count, found.top, len(_SHADES))]
    return f"{count or '·':>{found.width - 1}}"


def _coloured(count: int, found: _Map) -> str:
    level = _level(count, found.top, len(_COLOURS))
    ink = 255 if level >= _DARK_FROM else 16
    text = " " if found.shaded else f"{count or '·':>{found.width - 1}} "
    return f"\x1b[38;5;{ink};48;5;{_COLOURS[level]}m{text}\x1b[0m"


def _level(count: int, top: int, levels: int) -> int:
    """0 only for zero: a hole must not look like a small count."""
    return 0 if count == 0 else 1 + (count * (levels - 1) - 1) // top
