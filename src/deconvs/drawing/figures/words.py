"""The figures' words: sizes, geometries and steps as they are written in captions and alternative texts."""

from __future__ import annotations

from ...geometry import ConvTranspose
from ...plan import Plan
from ...steps import Correlate, Crop, InsertZeros, Pad
from ...words import per_axis_text, zeros_text
from .sample import Index, Numbers

SIDES = (("top", "bottom"), ("left", "right"))


def size_of(size: Index) -> str:
    """A size with a multiplication sign.

    >>> size_of((4, 4))
    '4×4'
    """
    return "×".join(map(str, size))


def sized(size: Index) -> str:
    """A size before a noun: 4×4 image, 13-element image."""
    return size_of(size) if len(size) > 1 else f"{size[0]}-element"


def elements(size: Index) -> str:
    """A size by itself: 4×4, 13 elements."""
    return size_of(size) if len(size) > 1 else f"{size[0]} element{'s' if size[0] != 1 else ''}"


def number(value: int) -> str:
    """A number with a true minus sign."""
    return str(value).replace("-", "−")


def position(index: Index) -> str:
    """Where an element is: 3 on one axis, (1, 2) on two."""
    return str(index[0]) if len(index) == 1 else f"({', '.join(map(str, index))})"


def kernel_and_stride(geometry: ConvTranspose) -> str:
    """The geometry in words; what is as usual is not mentioned."""
    parts = [f"kernel {size_of(geometry.kernel_size)}", f"stride {per_axis_text(geometry.stride)}"]
    if max(geometry.dilation) > 1:
        parts.append(f"dilation {per_axis_text(geometry.dilation)}")
    if any(map(any, geometry.crop)):
        parts.append(f"crop {sides(geometry.crop)}")
    return ", ".join(parts)


def sides(amounts: tuple[tuple[int, int], ...]) -> str:
    """Pads or crops as one sees them; sides with nothing are not mentioned.

    >>> sides(((2, 2), (2, 2))), sides(((1, 0), (3, 3)))
    ('2 on each side', '1 top, 3 left and right')
    """
    if len({amount for pair in amounts for amount in pair}) == 1:
        return f"{number(amounts[0][0])} on each side"
    parts = []
    for (before, after), names in zip(amounts, SIDES[-len(amounts) :], strict=True):
        if before == after != 0:
            parts.append(f"{number(before)} {' and '.join(names)}")
        elif before != after:
            parts += [f"{number(amount)} {name}" for amount, name in zip((before, after), names, strict=True) if amount]
    return ", ".join(parts)


def turned(geometry: ConvTranspose) -> str:
    """What happens to the kernel."""
    return "reversed" if geometry.ndim == 1 else "turned by 180°"


def preparation(plan: Plan) -> str:
    """The direct view's steps up to its convolution, as a sentence."""
    parts = []
    for step in plan.steps:
        match step:
            case InsertZeros(inserted):
                parts.append(f"insert {zeros_text(inserted)} between neighbours")
            case Pad(amounts):
                parts.append(f"pad {sides(amounts)}")
            case Crop(amounts):
                parts.append(f"crop {sides(amounts)}")
            case Correlate(dilation=dilation):
                apart = "" if max(dilation) == 1 else f" and dilation {per_axis_text(dilation)}"
                parts.append(
                    f"{'then ' if parts else ''}convolve at stride 1{apart} with the kernel {turned(plan.geometry)}"
                )
    text = ", ".join(parts)
    return text[0].upper() + text[1:]


def prepared_name(plan: Plan) -> str:
    """What the direct view's steps have made of the input when its convolution begins."""
    done = {InsertZeros: "inserted", Pad: "padded", Crop: "cropped"}
    names = [done[type(step)] for step in plan.steps if type(step) in done]
    if not names:
        return "unchanged input"
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return "input with zeros inserted" if names == ["inserted"] else f"{names[0]} input"


def listed(numbers: Numbers, most: int = 64) -> str:
    """Numbers row by row, for who cannot see them; only the first of very many."""
    rows: dict[Index, list[str]] = {}
    for index, value in list(numbers.items())[:most]:
        rows.setdefault(index[:-1], []).append(number(value))
    text = "; ".join(" ".join(row) for row in rows.values())
    return text if len(numbers) <= most else text + " …"


KINDS = {"input": "input", "inserted": "inserted zero", "padding": "padding zero", "cropped": "cropped"}


def kinds_in_words(kinds: set[str]) -> list[tuple[str, str]]:
    """(kind, its name) of the kinds of cells that a picture shows."""
    return [(kind, name) for kind, name in KINDS.items() if kind in kinds]


def symbol(index: Index) -> str:
    """The name of a tap: w with its position as subscripts; nothing where one digit an axis does not suffice.

    >>> symbol((0, 12)), symbol((1, 2))
    ('', 'w₁₂')
    """
    if max(index) > 9:
        return ""
    return "w" + "".join("₀₁₂₃₄₅₆₇₈₉"[at] for at in index)
