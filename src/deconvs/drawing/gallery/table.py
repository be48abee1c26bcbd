"""The table of the gallery. The guide is Dumoulin & Visin, "A guide to convolution arithmetic for deep learning"."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from ...geometry import Conv, ConvTranspose
from ...words import joined
from ..named import DEMONSTRATED, DEMONSTRATIONS
from .entry import Entry

# name, title, figure, figure of its transpose, i, k, s, p, d: all of the convolution, as in the guide.
_ANIMATIONS = (
    ("no_padding_no_strides", "No padding, stride 1", "2.1", "4.1", 4, 3, 1, 0, 1),
    ("arbitrary_padding_no_strides", "Padding 2, stride 1", "2.2", "4.2", 5, 4, 1, 2, 1),
    ("same_padding_no_strides", "Half padding, stride 1", "2.3", "4.3", 5, 3, 1, 1, 1),
    ("full_padding_no_strides", "Full padding, stride 1", "2.4", "4.4", 5, 3, 1, 2, 1),
    ("no_padding_strides", "No padding, stride 2", "2.5", "4.5", 5, 3, 2, 0, 1),
    ("padding_strides", "Padding 1, stride 2", "2.6", "4.6", 5, 3, 2, 1, 1),
    ("padding_strides_odd", "Padding 1, stride 2, one element over", "2.7", "4.7", 6, 3, 2, 1, 1),
    ("dilation", "Dilation 2", "5.1", "", 7, 3, 1, 0, 2),
)

TURNED = "The kernel is turned by 180°, which the guide does not say."
NO_STRIDES = "What the guide calls no strides is stride 1."
PADDING = (
    "Its name gives the padding of the convolution that is transposed, {p}; around the input {zeros} on each side."
)
INPUT_SIZE = "The guide's caption says a 2×2 input; it is 3×3."
OVER = "The last row and column of zeros, which no window reaches, are drawn and marked."

# The numbers of the guide's figures 1.1 and 1.2.
X = ((3, 3, 2, 1, 0), (0, 0, 1, 3, 1), (3, 1, 2, 2, 3), (2, 0, 0, 2, 2), (2, 0, 0, 0, 1))
W = ((0, 1, 2), (2, 2, 0), (0, 1, 2))


def _animations() -> Iterator[Entry]:
    for name, title, figure, _, i, k, s, p, d in _ANIMATIONS:
        conv = Conv((k, k), s, p, d)
        notes = [NO_STRIDES] if name.endswith("no_strides") else [OVER] if name.endswith("odd") else []
        yield Entry(name, title, conv, (i, i), "isometric", figure, " ".join(notes))
    for name, title, _, figure, i, k, s, p, d in _ANIMATIONS:
        conv = Conv((k, k), s, p, d)
        transposed = conv.transpose((i, i))
        notes = [TURNED]
        if name.endswith("no_strides"):
            notes.append(NO_STRIDES)
        if name.endswith("odd"):
            notes.append(INPUT_SIZE)
        pads = sorted({side for axis in transposed.axes for side in axis.direct().pad})
        if pads != [p]:
            count = joined(pads, " or ") if any(pads) else "no"
            zeros = "lies 1 zero" if pads == [1] else f"lie {count} zeros"
            notes.append(PADDING.format(p=p, zeros=zeros))
        if not figure:
            notes = ["The guide has no dilated transposed convolution."]
        yield Entry(
            f"{name}_transposed",
            f"Transposed: {title[0].lower()}{title[1:]}",
            transposed,
            conv.output_size((i, i)),
            "isometric",
            figure,
            " ".join(notes),
        )


def _statics() -> Iterator[Entry]:
    conv, strided = Conv((3, 3)), Conv((3, 3), stride=2, padding=1)
    yield Entry(
        "numerical_no_padding_no_strides", "A convolution in numbers", conv, (5, 5), "direct", "1.1", x=X, weight=W
    )
    yield Entry(
        "numerical_padding_strides",
        "Padding and stride in numbers",
        strided,
        (5, 5),
        "direct",
        "1.2",
        x=X,
        weight=W,
    )
    yield Entry(
        "feature_maps",
        "Two feature maps to three",
        conv,
        (5, 5),
        "direct",
        "1.3",
        x=numbers((2, 5, 5)),
        weight=numbers((3, 2, 3, 3), 4),
        options={"channels": (2, 3)},
    )
    yield Entry(
        "stride_as_subsampling", "A stride is subsampling", strided, (5, 5), "subsampling", "1.4", x=X, weight=W
    )
    yield Entry("counting_positions", "Counting positions at stride 1", Conv((3,)), (5,), "counting", "2.8")
    yield Entry("counting_positions_strides", "Counting positions at stride 2", Conv((3,), 2), (5,), "counting", "2.8")
    yield Entry("convolution_as_matrix", "The matrix C", ConvTranspose((3, 3)), (2, 2), "matrix still", "section 4.1")


def _lacking() -> Iterator[Entry]:
    """Ordinary convolutions in flat boards, transposed ones in the direct view."""
    # name, title, geometry, input size, channels
    cases = (
        ("one_axis", "One axis", Conv((3,), 2, 1), (8,), None),
        ("one_axis_transposed", "One axis, transposed", ConvTranspose((4,), 2, 1), (4,), None),
        ("three_axes", "Three axes", Conv((2, 3, 3)), (3, 4, 4), None),
        ("three_axes_transposed", "Three axes, transposed", ConvTranspose((2, 2, 2), (1, 2, 2)), (2, 2, 2), None),
        ("groups", "Two groups", Conv((3, 3), groups=2), (4, 4), (4, 2)),
        ("groups_transposed", "Two groups, transposed", ConvTranspose((2, 2), 2, groups=2), (2, 2), (2, 2)),
        ("unequal_padding", "Unequal padding", Conv((3, 3), padding=((2, 0), (0, 1))), (3, 4), None),
        (
            "unequal_padding_transposed",
            "Unequal padding, transposed",
            ConvTranspose((3, 3), 2, ((1, 0), (0, 2))),
            (3, 3),
            None,
        ),
        ("negative_padding", "Negative padding", Conv((3, 3), padding=((-1, 1), (0, -1))), (5, 5), None),
        (
            "negative_padding_transposed",
            "Negative padding, transposed",
            ConvTranspose((3, 3), padding=((-1, 0), (0, -1))),
            (3, 3),
            None,
        ),
        ("output_padding", "Output padding", ConvTranspose((3, 3), 2, 1, 1), (2, 2), None),
        ("rectangular", "Rectangular", Conv((2, 4), (1, 2)), (4, 8), None),
        ("rectangular_transposed", "Rectangular, transposed", ConvTranspose((2, 4), (1, 2)), (3, 3), None),
    )
    for name, title, geometry, input_size, channels in cases:
        # A grouped kernel stamps only its own group: that is seen best where it stamps.
        view = "scatter" if isinstance(geometry, ConvTranspose) and geometry.groups > 1 else "direct"
        lead, of_weight = (channels[:1], _weight_channels(geometry, channels)) if channels else ((), ())
        yield Entry(
            name,
            title,
            geometry,
            input_size,
            view,
            x=numbers((*lead, *input_size)),
            weight=numbers((*of_weight, *geometry.kernel_size), 3),
            options={"channels": channels} if channels else {},
        )


def _demonstrations() -> Iterator[Entry]:
    """The pictures of drawing/named.py."""
    for name, (title, geometry, view) in DEMONSTRATIONS.items():
        yield Entry(name, title, geometry, DEMONSTRATED, view)


def _weight_channels(geometry: Conv | ConvTranspose, channels: tuple[int, int]) -> tuple[int, int]:
    first, second = channels if isinstance(geometry, ConvTranspose) else channels[::-1]
    return first, second // geometry.groups


Nested = list[Any]
"""Numbers in nested lists."""


def numbers(shape: tuple[int, ...], first: int = 1) -> Nested:
    """Small numbers, none of them 0, of which those that a flip or an exchange would swap differ.

    >>> numbers((2, 3))
    [[-1, 5, -2], [4, 9, 3]]
    """
    found: Nested = [
        count - 2 if count < 2 else count - 1 for count in ((first + 5 * at) % 11 for at in range(prod(shape)))
    ]
    for n in reversed(shape[1:]):
        found = [found[at : at + n] for at in range(0, len(found), n)]
    return found


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "The guide's animations": tuple(_animations()),
    "The guide's static figures": tuple(_statics()),
    "What the guide lacks": tuple(_lacking()),
    "The three demonstrations": tuple(_demonstrations()),
}
GALLERY: dict[str, Entry] = {entry.name: entry for entries in SECTIONS.values() for entry in entries}
"""Name -> entry, in the order of the index."""
