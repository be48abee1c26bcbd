"""The tour's real picture: read, upsampled twofold by several kernels, so that the checkerboard is seen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from math import prod
from pathlib import Path
from stat import S_ISREG

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import GeometryError
from ..geometry import ConvTranspose

FACTOR = 2
LONGEST_SIDE = 256
"""Larger pictures are scaled down to this before they are upsampled: the page shows them side by side."""
MAX_PIXELS = 64 * 10**6
MAX_BYTES = 256 * 2**20
"""No more of a file than that is read."""
DETAIL = 18
"""Side of the detail that is shown enlarged, in pixels of the input."""

FIX = "give a PNG or JPEG"

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
    return _read(files("deconvs").joinpath("data/testcard.png").read_bytes(), "the test card")


def load(path: Path) -> Pixels:
    """A PNG or JPEG as (height, width, 3), at most LONGEST_SIDE pixels long, upright, on white where transparent."""
    try:
        # Anything else is not even opened: a pipe would be waited for, and a device may never end.
        if not S_ISREG(path.stat().st_mode):
            raise GeometryError("not a picture that can be read", f"{path} is not a regular file", FIX)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise GeometryError(
            "the picture cannot be read", f"{path}: {error.strerror or error}", "check the path and its permissions"
        ) from None
    if len(content) > MAX_BYTES:
        raise GeometryError(
            "the picture is too large", f"{path} has more than {MAX_BYTES:,} bytes", "scale it down first"
        )
    return _read(content, str(path))


def _read(content: bytes, name: str) -> Pixels:
    try:
        with warnings.catch_warnings():
            # Pillow warns of what it can put up with, and of large pictures, where MAX_PIXELS decides.
            warnings.simplefilter("ignore")
            return _decoded(content)
    except Image.DecompressionBombError:
        raise GeometryError(
            "the picture is too large", f"{name} has more than {MAX_PIXELS:,} pixels", "scale it down first"
        ) from None
    except UnidentifiedImageError:
        raise GeometryError("not a picture that can be read", f"{name} is no PNG or JPEG", FIX) from None
    except MemoryError:
        raise
    except Exception as error:  # on damaged files Pillow raises nearly everything, struct.error and KeyError included
        raise GeometryError("the picture is damaged", f"{name}: {error}", FIX) from None


def _decoded(content: bytes) -> Pixels:
    image: Image.Image = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
    if prod(image.size) > MAX_PIXELS:
        raise Image.DecompressionBombError
    image.load()
    image = _eight_bits(ImageOps.exif_transpose(image)).convert("RGBA")
    upright = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(upright)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits as greys of 8: Pillow's own conversion takes everything above 255 for white."""
    if not image.mode.startswith("I"):
        return image
    grey = np.asarray(image).astype(np.int64)
    # A PNG may call one of its greys transparent: that becomes white, as everything transparent does.
    grey[grey == image.info.get("transparency", -1)] = 65535
    # 65535 = 255 * 257; half of that is for rounding.
    return Image.fromarray(((grey + 128) // 257).astype(np.uint8))


def upsample(picture: Pixels, kernel: Kernel, detail: tuple[int, int]) -> Upsampled:
    """The picture at twice its size, and the part of it that begins at ``detail``."""
    result = _upsampled(picture, kernel)
    top, left = detail
    rows, columns = (slice(FACTOR * start, FACTOR * (start + DETAIL)) for start in (top, left))
    return Upsampled(kernel, result, result[rows, columns])


def _upsampled(picture: Pixels, kernel: Kernel) -> Pixels:
    # One more pixel on each side, a copy of the border, so that the result has no dark rim; what comes of them is cut.
    x = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge").transpose(2, 0, 1)
    g = kernel.geometry
    y = g.prepare(kernel.weight)(x.astype(np.float32))
    kept = tuple(
        slice((wide - own) // 2, (wide + own) // 2)
        for wide, own in zip(y.shape[1:], g.output_size(picture.shape[:2]), strict=True)
    )
    pixels: Pixels = np.rint(np.clip(y[:, *kept], 0, 255)).astype(np.uint8).transpose(1, 2, 0)
    return pixels


def telling_detail(picture: Pixels) -> tuple[int, int]:
    """Top left corner of a detail with an edge in it, slanted if possible, but mostly even and of middling brightness.

    A pattern that is not in the picture shows best there, and so does the softness of a kernel.
    """
    grey = picture.astype(np.float64).mean(axis=2)
    rows, columns = (max(1, size - DETAIL + 1) for size in grey.shape)
    best, where = np.inf, (0, 0)
    for top in range(0, rows, 4):
        for left in range(0, columns, 4):
            lacking = _lacking(grey[top : top + DETAIL, left : left + DETAIL])
            if lacking < best:
                best, where = lacking, (top, left)
    return where


def _lacking(part: NDArray[np.float64]) -> float:
    """How far a part is from what `telling_detail` looks for."""
    return float(abs(part.std() - 40) + abs(part.mean() - 130) / 4) + _busy(part) - _slanted(part)


def _busy(part: NDArray[np.float64]) -> float:
    """Up to 200, by how many neighbours differ visibly: texture changes everywhere, an edge in few places."""
    return sum(100 * float(np.mean(np.abs(np.diff(part, axis=axis)) > 8)) for axis in (0, 1) if part.shape[axis] > 1)


def _slanted(part: NDArray[np.float64]) -> float:
    """Up to 40: along a slanted edge, and hardly elsewhere, a pixel differs from both its neighbours."""
    across, down = np.abs(np.diff(part, axis=1))[:-1], np.abs(np.diff(part, axis=0))[:, :-1]
    return min(40.0, 12 * float(np.minimum(across, down).sum()) / part.size)


def png(pixels: Pixels, *, enlarged: int = 1) -> bytes:
    """Pixels as a PNG; ``enlarged`` repeats each of them."""
    image = Image.fromarray(pixels)
    if enlarged > 1:
        image = image.resize((image.width * enlarged, image.height * enlarged), Image.Resampling.NEAREST)
    out = BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()
