"""Coverage drawn with characters: counts, or shades where counts are long."""

from __future__ import annotations

from math import prod

from .geometry import ConvTranspose

_ROWS, _COLUMNS = 24, 100
_SHADES = " ░▒▓█"


def coverage_text(geometry: ConvTranspose, input_size: tuple[int, ...]) -> str:
    """The products that reach each output, as a small map.

    >>> print(coverage_text(ConvTranspose((3, 3), stride=2), (2, 2)))
    1 1 2 1 1
    1 1 2 1 1
    2 2 4 2 2
    1 1 2 1 1
    1 1 2 1 1

    Zero is shown as a dot. Larger maps show their corner; more than two axes show the middle of the first ones.
    """
    along = [axis.coverage(n).tolist() for axis, n in zip(geometry.axes, input_size, strict=True)]
    if not all(along):
        return "(the output is empty)"
    outer = prod(counts[len(counts) // 2] for counts in along[:-2])
    rows = [outer * count for count in along[-2]] if len(along) > 1 else [outer]
    columns = along[-1]
    top = max(rows) * max(columns)
    width = len(str(top)) + 1
    shaded = width > 4
    fit = _COLUMNS // (1 if shaded else width)
    lines = []
    for row in rows[:_ROWS]:
        counts = [row * column for column in columns[:fit]]
        if shaded:
            lines.append("".join(_shade(count, top) for count in counts))
        else:
            lines.append(" ".join(f"{count or '·':>{width - 1}}" for count in counts))
    notes = []
    if len(along) > 2:
        notes.append("the middle of the first axes")
    if len(rows) > _ROWS or len(columns) > fit:
        notes.append(f"the first {min(len(rows), _ROWS)} x {min(len(columns), fit)} of {len(rows)} x {len(columns)}")
    if shaded:
        notes.append(f"shades from 0 to {top}")
    return "\n".join(line.rstrip() for line in lines) + (f"\n({', '.join(notes)})" if notes else "")


def _shade(count: int, top: int) -> str:
    """Blank only for zero: a hole must not look like a small count."""
    return _SHADES[0] if count == 0 else _SHADES[1 + (count * (len(_SHADES) - 1) - 1) // top]
