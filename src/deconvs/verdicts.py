"""One cell of the table of names: what a kernel, stride and padding is best called, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from .errors import GeometryError
from .geometry import ConvTranspose
from .kinds import Cover, DirectKind, cover, direct_kind, taps_text
from .naming import names
from .words import per_axis_text, sides_text

MAX_CELLS = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """The name a geometry deserves most, how to get there, how evenly it covers, and whether it inverts.

    >>> v = verdict(ConvTranspose((3, 3), stride=2))
    >>> v.name, v.how, v.coverage
    ('fractionally strided', 'insert 1, pad 2: n -> 2n + 1', 'uneven: 1 or 2 taps an axis')
    """

    name: str
    how: str
    coverage: str
    inverts: bool


def verdict(geometry: ConvTranspose) -> Verdict:
    """The verdict on one geometry."""
    forms = [axis.direct() for axis in geometry.axes]
    growth = per_axis_text([str(axis.output_growth()) for axis in geometry.axes])
    pad = _pad_text([form.pad for form in forms])
    kind = direct_kind(geometry)
    if kind is DirectKind.FRACTIONALLY_STRIDED:
        how = f"insert {per_axis_text([form.inserted for form in forms])}{', ' + pad if pad else ''}"
    else:
        how = pad or "nothing to pad"
    return Verdict(kind.value, f"{how}: n -> {growth}", _coverage(geometry), names(geometry).inverts)


def table(kernels: range, strides: range, paddings: range, ndim: int) -> Iterator[tuple[int, int, int, Verdict]]:
    """(kernel, stride, padding, verdict) for every combination."""
    # Not len(), which fails for ranges beyond sys.maxsize.
    cells = prod(max(0, -((r.start - r.stop) // r.step)) for r in (kernels, strides, paddings))
    if cells > MAX_CELLS:
        raise GeometryError("the table is too large", f"{cells} cells", f"ask for at most {MAX_CELLS}")
    for p in paddings:
        for k in kernels:
            for s in strides:
                yield k, s, p, verdict(ConvTranspose(k, s, p, ndim=ndim))


def _pad_text(pads: list[tuple[int, int]]) -> str:
    if not any(map(any, pads)):
        return ""
    if any(before != after for before, after in pads):
        return f"pad {sides_text(pads)}"
    amounts = [before for before, _ in pads]
    return f"crop {per_axis_text([-a for a in amounts])}" if max(amounts) <= 0 else f"pad {per_axis_text(amounts)}"


def _coverage(geometry: ConvTranspose) -> str:
    kind, taps = cover(geometry), taps_text(geometry)
    if kind is Cover.HOLES:
        return "holes: phases without a tap"
    if kind is Cover.UNEVEN:
        return f"uneven: {taps} taps{' an axis' if geometry.ndim > 1 else ''}"
    return f"even: {taps} {'tap' if taps == '1' else 'taps'} a phase"
