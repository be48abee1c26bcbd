"""How values are written on the command line: 4x4, 1:0x1:0, 2..5. Errors show them as written, and shortened."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .arguments import MAX_SIZE
from .errors import GeometryError
from .geometry import Conv, ConvTranspose

Pair = tuple[int, int]

_SEPARATORS = re.compile(r"[xX×,]")
_INTEGER = re.compile(r"[+-]?[0-9]+")  # int() would also take 1_000 and other scripts' digits


def integer(name: str, text: str) -> int:
    """One integer.

    >>> integer("groups", "2")
    2
    """
    return _integer(name, text, text, "2")


def sizes(name: str, text: str) -> tuple[int, ...]:
    """One integer per axis.

    >>> sizes("input_size", "4x6"), sizes("input_size", "4,6"), sizes("input_size", "4×6")
    ((4, 6), (4, 6), (4, 6))
    """
    return tuple(_integer(name, text, part, "4x4, or 4 for one axis") for part in _SEPARATORS.split(text))


def one_or_each(name: str, text: str, ndim: int) -> tuple[int, ...]:
    """One integer for all axes, or one each.

    >>> one_or_each("stride", "2", 2), one_or_each("stride", "2x1", 2)
    ((2, 2), (2, 1))
    """
    parts = _parts(name, text, ndim)
    return tuple(_integer(name, text, part, "2 for all axes, or 2x1") for part in parts)


def padding(name: str, text: str, ndim: int) -> tuple[Pair, ...]:
    """One amount for all axes or one each; begin:end where the sides differ.

    >>> padding("padding", "1", 2), padding("padding", "0:1x2", 2)
    (((1, 1), (1, 1)), ((0, 1), (2, 2)))
    """
    if text.strip().lower() == "same":
        raise GeometryError(
            f"{name} is given in numbers",
            _shown(name, text),
            "write begin:end with begin + end = dilation*(kernel_size-1) + 1 - stride, as in 1:1 at -k 4 -s 2:"
            " the output is then stride times the input",
        )
    return tuple(_pad(name, text, part) for part in _parts(name, text, ndim))


def output_padding(
    name: str, text: str, stride: Sequence[int], dilation: Sequence[int], pads: Sequence[Pair]
) -> tuple[int, ...]:
    """One amount for all axes or one each, each smaller than stride or dilation.

    >>> output_padding("output_padding", "1", (2, 2), (1, 1), ((0, 0), (0, 0)))
    (1, 1)
    """
    extras = one_or_each(name, text, len(stride))
    for axis, (extra, s, d, (begin, end)) in enumerate(zip(extras, stride, dilation, pads, strict=True)):
        # ConvTranspose refuses the same; only the crop to write instead is spelled differently here.
        if extra > 0 and extra >= max(s, d):
            raise GeometryError(
                f"{name} must be smaller than stride or dilation",
                f"axis {axis} has {name}={extra}, stride={s}, dilation={d}",
                f"use at most {max(s, d) - 1}, or say it as a crop: --padding {begin}:{end - extra} on this axis",
            )
    return extras


def channels(name: str, text: str) -> Pair:
    """C_in and C_out.

    >>> channels("channels", "3,8")
    (3, 8)
    """
    form = "C_in,C_out, as in 3,8"
    found = tuple(_integer(name, text, part, form) for part in _SEPARATORS.split(text))
    if len(found) != 2:
        raise GeometryError(f"{name} are not a pair", _shown(name, text), f"give {form}")
    return found


def span(name: str, text: str, minimum: int) -> range:
    """A range of integers of at least ``minimum``, both ends included.

    >>> list(span("kernel", "2..4", 1)), list(span("kernel", "3", 1))
    ([2, 3, 4], [3])
    """
    ends = [_integer(name, text, part, "3 or 2..5") for part in text.split("..")]
    if len(ends) > 2 or ends[-1] < ends[0]:
        raise GeometryError(f"{name} is not a range", _shown(name, text), "write 3 or 2..5")
    if ends[0] < minimum:
        raise GeometryError(f"{name} is too small", _shown(name, text), f"use integers of at least {minimum}")
    return range(ends[0], ends[-1] + 1)


def geometry(
    ndim: int, kernel_size: str, stride: str, padding_text: str, output_padding_text: str, dilation: str, groups: str
) -> ConvTranspose:
    """A layer from its options.

    >>> geometry(2, "3", "2", "1", "1", "1", "1")
    ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))
    """
    strides = one_or_each("stride", stride, ndim)
    dilations = one_or_each("dilation", dilation, ndim)
    pads = padding("padding", padding_text, ndim)
    return ConvTranspose(
        one_or_each("kernel_size", kernel_size, ndim),
        strides,
        pads,
        output_padding("output_padding", output_padding_text, strides, dilations, pads),
        dilations,
        integer("groups", groups),
    )


def convolution(
    ndim: int, kernel_size: str, stride: str, padding_text: str, output_padding_text: str, dilation: str, groups: str
) -> Conv:
    """An ordinary convolution from the same options.

    >>> convolution(2, "3", "2", "1", "0", "1", "1")
    Conv(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    """
    if any(one_or_each("output_padding", output_padding_text, ndim)):
        raise GeometryError(
            "a convolution has no output_padding", _shown("output_padding", output_padding_text), "leave it out"
        )
    return Conv(
        one_or_each("kernel_size", kernel_size, ndim),
        one_or_each("stride", stride, ndim),
        padding("padding", padding_text, ndim),
        one_or_each("dilation", dilation, ndim),
        integer("groups", groups),
    )


def shortened(text: str, length: int = 60) -> str:
    """``text``, cut where it is too long to be shown.

    >>> shortened("1234567", 5)
    '1234…'
    """
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _parts(name: str, text: str, ndim: int) -> list[str]:
    """What is written for each of ``ndim`` axes."""
    parts = _SEPARATORS.split(text)
    if len(parts) == 1:
        return parts * ndim
    if len(parts) != ndim:
        raise GeometryError(
            f"{name} has the wrong number of axes",
            f"{_shown(name, text)} has {len(parts)} where input_size has {ndim}",
            f"give one for all axes, or {ndim}, one for each",
        )
    return parts


def _pad(name: str, whole: str, part: str) -> Pair:
    form = "1, 1x2, or 0:1x0:1 (begin:end)"
    begin, colon, end = part.partition(":")
    first = _integer(name, whole, begin, form)
    if colon:
        return first, _integer(name, whole, end, form)
    if first < 0:
        raise GeometryError(
            "a negative padding needs its two sides", _shown(name, whole), f"write {first}:{first} for {first}"
        )
    return first, first


def _integer(name: str, whole: str, part: str, example: str) -> int:
    word = part.strip()
    if not _INTEGER.fullmatch(word):
        raise GeometryError(f"{name} cannot be read", _shown(name, whole), f"write it like {example}")
    # By length first: int() refuses thousands of digits, with an error of its own.
    digits = word.lstrip("+-0") or "0"
    if len(digits) > len(str(MAX_SIZE)) or int(digits) > MAX_SIZE:
        raise GeometryError(
            f"{name} does not fit in 64 bits", _shown(name, whole), f"stay within {MAX_SIZE} (2**63 - 1)"
        )
    return -int(digits) if word.startswith("-") else int(digits)


def _shown(name: str, text: str) -> str:
    return f"{name}={shortened(text)!r}"
