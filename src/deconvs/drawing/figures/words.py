"""The figures' words: sizes, geometries and steps as they are written in captions and alternative texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ...geometry import Conv, ConvTranspose
from ...plan import Plan
from ...steps import Correlate, Crop, InsertZeros, Pad
from ...words import per_axis_text, zeros_text
from ..boards import Extent
from .request import Index, Request

Values = Literal["numbers", "symbols", "hidden"]

SIDES = (("front", "back"), ("top", "bottom"), ("left", "right"))


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


def number(value: float) -> str:
    """A number with a true minus sign; if it is not whole, to as many digits as fit into a cell.

    >>> number(-12345), number(2.0), number(-0.12345), number(1234.5), number(1.5e-7)
    ('−12345', '2', '−0.12', '1234', '1.5e−7')
    """
    return _shortest(value).replace("-", "−")


def exact(value: float) -> bool:
    """Whether `number` writes all of it."""
    return float(_shortest(value)) == value


_MOST_CHARACTERS = 5


def _shortest(value: float) -> str:
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e6):
        return str(int(value))
    if 100 <= abs(value) < 1e6:
        return f"{value:.0f}"
    for digits in (3, 2, 1):
        # 1e-07 and 2e+06 need neither zero nor plus.
        mantissa, letter, exponent = f"{value:.{digits}g}".partition("e")
        text = mantissa + (f"e{int(exponent)}" if letter else "")
        if len(text) <= _MOST_CHARACTERS + letter.count("e"):
            break
    return text


def position(index: Index) -> str:
    """Where an element is: 3 on one axis, (1, 2) on two."""
    return str(index[0]) if len(index) == 1 else f"({', '.join(map(str, index))})"


def kernel_and_stride(geometry: ConvTranspose | Conv) -> str:
    """The geometry in words; what is as usual is not mentioned."""
    parts = [f"kernel {size_of(geometry.kernel_size)}", f"stride {per_axis_text(geometry.stride)}"]
    if max(geometry.dilation) > 1:
        parts.append(f"dilation {per_axis_text(geometry.dilation)}")
    around = geometry.crop if isinstance(geometry, ConvTranspose) else geometry.padding
    if any(map(any, around)):
        parts.append(f"{'crop' if isinstance(geometry, ConvTranspose) else 'padding'} {sides(around)}")
    if geometry.groups > 1:
        parts.append(f"{geometry.groups} groups")
    return ", ".join(parts)


def layer(request: Request) -> str:
    """The geometry in words, and what is left out of a thinned picture."""
    text = kernel_and_stride(request.geometry)
    if request.thinned:
        text += f"; {size_of(request.input_size)} of {size_of(request.asked)} inputs drawn"
    return text


def detail(lead: Index, size: Index) -> str:
    """The size of a grid with its channels.

    >>> detail((), (4, 4)), detail((2,), (4, 4)), detail((2, 3), (3,))
    ('4×4', '2 channels of 4×4', '2 to 3 channels, 3')
    """
    match lead:
        case ():
            return size_of(size)
        case (channels,):
            return f"{channels} channel{'s' if channels > 1 else ''} of {size_of(size)}"
        case _:
            return f"{' to '.join(map(str, lead))} channels, {size_of(size)}"


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


def listed(texts: Mapping[Index, str], extent: Extent, most: int = 64) -> str:
    """What is written in a grid after a blank, row by row and plane by plane, for who cannot see it.

    Only the first of very many; nothing where it is hidden.

    >>> listed({(0, 0): "1", (0, 1): "2", (1, 0): "3", (1, 1): "4"}, Extent((2, 2)))
    ' 1 2; 3 4'
    >>> listed({(0, 0): "1", (0, 1): "2", (1, 0): "3", (1, 1): "4"}, Extent((2, 2), down=1))
    ' (c 0) 1 2; (c 1) 3 4'
    """
    if not any(texts.values()):
        return ""
    names = {first[: extent.leading]: f"({name}) " for first, name in extent.heads()}
    rows: dict[Index, list[str]] = {}
    for index, text in list(texts.items())[:most]:
        rows.setdefault(index[:-1], []).append(text)
    named: list[str] = []
    last: Index | None = None
    for at, row in rows.items():
        plane = at[: extent.leading]
        named.append(("" if plane == last else names.get(plane, "")) + " ".join(row))
        last = plane
    return " " + "; ".join(named) + ("" if len(texts) <= most else " …")


def written(values: Values, letter: str, at: Index, value: float) -> str:
    """What is written in the cell of an element.

    >>> written("numbers", "x", (0, 1), -2), written("symbols", "x", (0, 1), -2), written("hidden", "x", (0, 1), -2)
    ('−2', 'x₀₁', '')
    """
    match values:
        case "numbers":
            return number(value)
        case "symbols":
            return symbol(at, letter)
        case "hidden":
            return ""


def many(channels: tuple[int, int] | None, which: int) -> str:
    """The channels of an input (0) or output (1) before its size; nothing where none are shown.

    >>> many((2, 3), 1), many(None, 1)
    ('3-channel ', '')
    """
    return "" if channels is None else f"{channels[which]}-channel "


KINDS = {"input": "input", "inserted": "inserted zero", "padding": "padding zero", "cropped": "cropped"}


def kinds_in_words(kinds: set[str]) -> list[tuple[str, str]]:
    """(kind, its name) of the kinds of cells that a picture shows."""
    return [(kind, name) for kind, name in KINDS.items() if kind in kinds]


def symbol(index: Index, letter: str = "w") -> str:
    """The name of an element: its position as subscripts; of several numbers, nothing where one has two digits.

    >>> symbol((0, 12)), symbol((1, 2)), symbol((13,), "x")
    ('', 'w₁₂', 'x₁₃')
    """
    if len(index) > 1 and max(index) > 9:
        return ""
    return letter + "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for at in index for digit in str(at))
