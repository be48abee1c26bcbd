"""What cannot be drawn: each message, whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.drawing import (
    coverage_scene,
    direct_film,
    direct_scene,
    matrix_film,
    save,
)
from deconvs.drawing.glyphs import text_width

G = dc.ConvTranspose((3, 3), stride=2)


MESSAGES = [
    (
        lambda: save(direct_scene(G, (2, 2)), "figure.jpg"),
        "no such picture format: 'figure.jpg' ends in '.jpg'; use one of .svg, .png, .gif, .apng, .webp, .mp4, .html",
    ),
    (
        lambda: save(direct_scene(G, (2, 2)), "figure"),
        "no such picture format: 'figure' has no suffix; use one of .svg, .png, .gif, .apng, .webp, .mp4, .html",
    ),
    (
        lambda: direct_film(dc.ConvTranspose(3, ndim=4), 2),
        "more than three axes are not drawn: 4 spatial axes; draw up to three of the axes",
    ),
    (
        lambda: coverage_scene(dc.ConvTranspose(3, ndim=2, groups=2), 2, channels=(2, 3)),
        "channels do not divide into the groups: channels=(2, 3), groups=2; use multiples of 2",
    ),
    (
        lambda: direct_film(G, 2, channels=4),  # type: ignore[arg-type]
        "channels are not a pair: channels=4; give (C_in, C_out)",
    ),
    (
        lambda: coverage_scene(dc.Conv((3,)), 4),  # type: ignore[arg-type]
        (
            "this picture starts from a transposed convolution: got Conv(kernel_size=(3,)); "
            "pass geometry.transpose(input_size), or draw the view direct or isometric"
        ),
    ),
    (
        lambda: matrix_film("3x3", 4),  # type: ignore[arg-type]
        "not a geometry: got str; pass a deconvs.ConvTranspose",
    ),
    (
        lambda: direct_scene(dc.ConvTranspose((41, 2)), (2, 2)),
        "too large to draw: the kernel is 41x2; use a smaller kernel or dilation: at most 40 cells a side are drawn",
    ),
    (
        lambda: direct_scene(G, (400, 400)),
        (
            "too many cells to draw: 801610 cells, of which the output has 801x801; "
            "use smaller sizes: at most 100000 cells in all are drawn"
        ),
    ),
    (
        lambda: direct_scene(dc.ConvTranspose((2,), dilation=10**12, padding=10**12 // 2), 5),
        (
            "too large to draw: the input with its zeros is 1000000000001; "
            "use smaller sizes: at most 40 cells a side are drawn"
        ),
    ),
    (
        lambda: matrix_film(dc.ConvTranspose((2,), stride=50, padding=25), 2),
        (
            "too large to draw: the image with its padding is 52; "
            "use a smaller kernel or dilation: at most 40 cells a side are drawn"
        ),
    ),
    (
        lambda: matrix_film(dc.ConvTranspose((9, 8)), (2, 2)),
        "too large to draw: the matrix is 1x72; use smaller sizes: at most 64 cells a side are drawn",
    ),
    (
        lambda: direct_film(dc.ConvTranspose((2,), padding=1), 1),
        "there is no output to draw: output size 0; use a larger input",
    ),
    (
        lambda: direct_film(G, (2, 2), x=np.ones((2, 3), int)),
        "x does not fit the picture: x has shape (2, 3); give it the shape (2, 2)",
    ),
    (
        lambda: direct_film(G, (2, 2), weight=np.ones((3, 3), complex)),
        "weight is not numeric: dtype complex128; give integers or floats",
    ),
    (
        lambda: direct_film(G, (2, 2), x=np.array([[1, 2], [3, np.inf]])),
        "x is not finite: it holds NaN or infinity; give numbers that can be written",
    ),
    (
        lambda: direct_film(G, (2, 2), values="names"),  # type: ignore[arg-type]
        "no such way to write values: values='names'; use one of numbers, symbols, hidden",
    ),
    (
        lambda: text_width("naïve", 10),
        (
            "a character cannot be drawn: 'ï' (U+00EF); use the printable ASCII characters or one of "
            "°±²³·¹½×Σᵀ–…′⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉←→−∗≈≠≤≥⌊⌋"
        ),
    ),
]


@pytest.mark.parametrize(("request_", "message"), MESSAGES, ids=[message.partition(":")[0] for _, message in MESSAGES])
def test_message(request_: Any, message: str) -> None:
    with pytest.raises(dc.GeometryError) as caught:
        request_()
    assert str(caught.value) == message
    assert caught.value.__cause__ is None


def test_channel_axes_of_size_one_are_welcome() -> None:
    x, w = np.array([[5, 6]]), np.array([[[1, 2, 3]]])
    assert direct_scene(dc.ConvTranspose((3,)), 2, x, w) == direct_scene(dc.ConvTranspose((3,)), 2, x[0], w[0, 0])
