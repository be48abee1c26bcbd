"""The tour's real picture: read, upsampled twofold by several kernels, so that the checkerboard is seen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import GeometryError
from ..geometry import ConvTranspose
from ..run.fast import conv_transpose

FACTOR = 2
LONGEST_SIDE = 256
"""Larger pictures are scaled down to this before they are upsampled: the page shows them side by side."""
MAX_PIXELS = 64 * 10**6
DETAIL = 18
"""Side of the detail that is shown enlarged, in pixels of the input."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Kernel:
    """A way to upsample by two: a geometry, one kernel for every colour channel, and what to look for."""

    name: str
    title: str
    geometry: ConvTranspose
    taps: tuple[float, ...]
    remark: str

    @property
    def weight(self) -> NDArray[np.float32]:
        """The kernel, the outer product of ``taps`` with itself, for three separate channels."""
        one = np.outer(self.taps, self.taps).astype(np.float32)
        return np.repeat(one[None, None], 3, axis=0)


KERNELS = (
    Kernel(
        "nearest",
        "Nearest: k2 s2",
        ConvTranspose((2, 2), stride=2, groups=3),
        (1, 1),
        "Stamps lie side by side without overlap: every output is one input, every input becomes a block.",
    ),
    Kernel(
        "bilinear",
        "Bilinear: k4 s2 p1",
        ConvTranspose((4, 4), stride=2, padding=1, groups=3),
        (0.25, 0.75, 0.75, 0.25),
        "Each output sums 2 by 2 products whose weights add up to 1 in every phase: smooth.",
    ),
    Kernel(
        "uneven",
        "Flat kernel, uneven overlap: k3 s2 p1",
        ConvTranspose((3, 3), stride=2, padding=1, output_padding=1, groups=3),
        (2 / 3, 2 / 3, 2 / 3),
        "2 does not divide 3: outputs sum 1, 2 or 4 products in turn, and the picture takes on that pattern. "
        "This is the checkerboard.",
    ),
    Kernel(
        "even",
        "Flat kernel, even overlap: k4 s2 p1",
        ConvTranspose((4, 4), stride=2, padding=1, groups=3),
        (0.5, 0.5, 0.5, 0.5),
        "The same flat kernel, one tap longer: 2 divides 4, every output sums 4 products, no pattern.",
    ),
)


@dataclass(frozen=True)
class Upsampled:
    """One result: the whole picture, and its detail."""

    kernel: Kernel
    pixels: Pixels
    detail: Pixels


def test_card() -> Pixels:
    """The picture that ships with the package."""
    return _read(BytesIO(files("deconvs").joinpath("data/testcard.png").read_bytes()), "the test card")


def load(path: Path) -> Pixels:
    """A PNG or JPEG as (height, width, 3), at most LONGEST_SIDE pixels long, upright, on white where transparent."""
    try:
        with path.open("rb") as file:
            return _read(BytesIO(file.read()), str(path))
    except OSError as error:
        raise GeometryError(
            "the picture cannot be read", f"{path}: {error.strerror or error}", "check the path and its permissions"
        ) from None


def _read(file: BytesIO, name: str) -> Pixels:
    fix = "give a PNG or JPEG"
    try:
        with warnings.catch_warnings():
            # Pillow's own warning about large pictures: MAX_PIXELS decides here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(file, formats=("PNG", "JPEG"))
        if prod(image.size) > MAX_PIXELS:
            raise Image.DecompressionBombError
        image.load()
    except Image.DecompressionBombError:
        raise GeometryError(
            "the picture is too large", f"{name} has more than {MAX_PIXELS:,} pixels", "scale it down first"
        ) from None
    except UnidentifiedImageError:
        raise GeometryError("not a picture that can be read", f"{name} is no PNG or JPEG", fix) from None
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged files
        raise GeometryError("the picture is damaged", f"{name}: {error}", fix) from None
    image = ImageOps.exif_transpose(image).convert("RGBA")
    upright = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(upright)


def upsample(picture: Pixels, kernel: Kernel, detail: tuple[int, int]) -> Upsampled:
    """The picture at twice its size, and the part of it that begins at ``detail``."""
    result = _upsampled(picture, kernel)
    top, left = detail
    rows, columns = (slice(FACTOR * start, FACTOR * (start + DETAIL)) for start in (top, left))
    return Upsampled(kernel, result, result[rows, columns])


def _upsampled(picture: Pixels, kernel: Kernel) -> Pixels:
    # One more pixel on each side, a copy of the border, and as much more crop: the result has no dark rim.
    margin = 1
    g = kernel.geometry
    crop = tuple((b + margin * s, e + margin * s) for (b, e), s in zip(g.crop, g.stride, strict=True))
    x = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="edge").transpose(2, 0, 1)
    y = conv_transpose(x.astype(np.float32), kernel.weight, stride=g.stride, padding=crop, groups=g.groups)
    pixels: Pixels = np.rint(np.clip(y, 0, 255)).astype(np.uint8).transpose(1, 2, 0)
    return pixels


def telling_detail(picture: Pixels) -> tuple[int, int]:
    """Top left corner of a detail with an edge in it, but mostly even and of middling brightness.

    A pattern that is not in the picture shows best there, and so does the softness of a kernel.
    """
    grey = picture.astype(np.float64).mean(axis=2)
    rows, columns = (max(1, size - DETAIL + 1) for size in grey.shape)
    best, where = np.inf, (0, 0)
    for top in range(0, rows, 4):
        for left in range(0, columns, 4):
            part = grey[top : top + DETAIL, left : left + DETAIL]
            across, down = (np.abs(np.diff(part, axis=axis)).sum() / part.size for axis in (1, 0))
            # Slanted edges change both ways; texture changes everywhere.
            score = abs(part.std() - 40) + abs(part.mean() - 130) / 4 + 2 * (across + down) - 12 * min(across, down)
            if score < best:
                best, where = score, (top, left)
    return where


def png(pixels: Pixels, *, enlarged: int = 1) -> bytes:
    """Pixels as a PNG; ``enlarged`` repeats each of them."""
    image = Image.fromarray(pixels)
    if enlarged > 1:
        image = image.resize((image.width * enlarged, image.height * enlarged), Image.Resampling.NEAREST)
    out = BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()
