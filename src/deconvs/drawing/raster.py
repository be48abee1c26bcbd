"""Scene -> PNG; Film -> GIF, APNG, WebP, as bytes. resvg paints the SVG; no font of the system is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from ..arguments import integer
from ..errors import GeometryError
from .frames import Patch, painted, patches
from .scene import Film, Polygon, Scene

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SIDE = 10_000
"""Pixels of the longer side of a picture; a page shows some hundreds."""
SMOOTH = 13
"""Colours of the shared palette besides those of the scenes: steps between them, for smooth edges."""
BLENDS = 18
"""More of them where colours shine through others, which makes colours that no shape names."""
MOST = 255
"""Colours of a palette of 256, of which one stands for "as before"."""


def to_png(scene: Scene, *, scale: float = 2.0, width: int | None = None) -> bytes:
    r"""The scene as a PNG file, ``scale`` pixels a picture unit or ``width`` pixels wide.

    >>> to_png(Scene(40, 20, (), "Nothing", "An empty picture."))[:4]
    b'\x89PNG'

    Errors: GeometryError where a text has a character that the font lacks, and for pictures of no or too many pixels.
    """
    _refuse_sizes(scene, scale, width)
    return painted(scene, scale, width)


def to_gif(film: Film, *, scale: float = 1.0, width: int | None = None) -> bytes:
    """The film as a GIF file that repeats for ever: one palette for all frames, no dithering.

    >>> scene = Scene(40, 20, (), "Nothing", "An empty picture.")
    >>> to_gif(Film((scene, scene), (500, 800), scene.title, scene.description, scene))[:6]
    b'GIF89a'

    Each frame keeps what the last one showed and stores only what changed. The scenes' own colours are kept exactly,
    up to 255; the many steps of smooth edges become the nearest of a few. ``scale`` and ``width`` as in `to_png`.
    Errors: GeometryError where a text has a character that the font lacks, and for pictures of no or too many pixels.
    """
    import numpy as np
    from PIL import Image

    # Of each frame only what changes: the pixels of a film of hundreds would not fit in memory.
    frames = list(_patches(film, scale, width))
    found = _counted(frames)
    flat = {colour for scene in film.scenes for colour in _flat_colours(scene)} & found.keys()
    by_use = sorted(found, key=lambda colour: (colour not in flat, -found[colour], colour))
    colours = np.array(sorted(found), np.uint32)
    smooth = SMOOTH + BLENDS * any(map(_shines_through, film.scenes))
    palette = np.array(by_use[: min(len(flat) + smooth, MOST)], np.uint32)
    entry = nearest(colours, palette)
    table = channels(palette).astype(np.uint8).tobytes() + bytes(_unused(found))
    images = []
    shown = np.zeros(frames[0][0].pixels.shape, np.uint8)
    for frame in frames:
        for patch in frame:
            shown[patch.place] = entry[np.searchsorted(colours, patch.pixels)]
        image = Image.fromarray(shown.copy())
        image.putpalette(table)
        images.append(image)
    out = BytesIO()
    images[0].save(
        out,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=list(film.durations_ms),
        loop=0,
        palette=table,
        transparency=len(palette),
        disposal=1,
        optimize=True,
    )
    return out.getvalue()


def to_apng(film: Film, *, scale: float = 1.0, width: int | None = None) -> bytes:
    r"""The film as an animated PNG file that repeats for ever, every pixel as in `to_png`.

    >>> scene = Scene(40, 20, (), "Nothing", "An empty picture.")
    >>> to_apng(Film((scene, scene), (500, 800), scene.title, scene.description, scene))[:4]
    b'\x89PNG'

    Arguments and errors are those of `to_gif`.
    """
    return _lossless("PNG", film, scale, width)


def to_webp(film: Film, *, scale: float = 1.0, width: int | None = None) -> bytes:
    """The film as an animated WebP file that repeats for ever, every pixel as in `to_png`.

    >>> scene = Scene(40, 20, (), "Nothing", "An empty picture.")
    >>> to_webp(Film((scene, scene), (500, 800), scene.title, scene.description, scene))[8:12]
    b'WEBP'

    Arguments and errors are those of `to_gif`.
    """
    return _lossless("WEBP", film, scale, width)


def _lossless(form: str, film: Film, scale: float, width: int | None) -> bytes:
    import numpy as np
    from PIL import Image

    # Equal frames in a row are one, shown longer: what Pillow would make of them differs from form to form.
    images: list[Image.Image] = []
    durations: list[int] = []
    shown = np.zeros((0, 0), np.uint32)
    for frame, duration in zip(_patches(film, scale, width), film.durations_ms, strict=True):
        if not images:
            shown = np.zeros_like(frame[0].pixels)
        elif all((shown[patch.place] == patch.pixels).all() for patch in frame):
            durations[-1] += duration
            continue
        for patch in frame:
            shown[patch.place] = patch.pixels
        images.append(Image.fromarray(channels(shown).astype(np.uint8)))
        durations.append(duration)
    out = BytesIO()
    how: dict[str, object] = {"lossless": True, "method": 4} if form == "WEBP" else {}
    images[0].save(out, form, save_all=True, append_images=images[1:], duration=durations, loop=0, **how)
    return out.getvalue()


def _shines_through(scene: Scene) -> bool:
    return any(isinstance(shape, Polygon) and shape.opacity < 1 for shape in scene.shapes)


def _flat_colours(scene: Scene) -> Iterator[int]:
    """The colours that it and its shapes name."""
    yield int(scene.paper[1:], 16)
    for shape in scene.shapes:
        for colour in (getattr(shape, "fill", None), getattr(shape, "stroke", None)):
            if colour:
                yield int(colour[1:], 16)


def _refuse_sizes(scene: Scene, scale: float, width: int | None) -> None:
    """An error where that makes no picture, or too large a one."""
    zoom = scale if width is None else integer("width", width, minimum=1) / scene.width
    if not (zoom > 0 and zoom * max(scene.width, scene.height) <= MAX_SIDE):
        asked = f"scale={scale}" if width is None else f"width={width}"
        raise GeometryError(
            "the picture has no size that can be drawn",
            f"{asked} for a scene of {scene.width:g}x{scene.height:g}",
            f"use one that gives at least 1 and at most {MAX_SIDE} pixels a side",
        )


def _patches(film: Film, scale: float, width: int | None) -> Iterator[list[Patch]]:
    """For each frame what changes."""
    _refuse_sizes(film.scenes[0], scale, width)
    return patches(film, scale, width)


def _counted(frames: Sequence[Sequence[Patch]]) -> Counter[int]:
    """How many pixels of each colour all frames have together."""
    import numpy as np

    found: Counter[int] = Counter()
    shown = np.zeros_like(frames[0][0].pixels)
    now: Counter[int] = Counter({0: shown.size})
    for frame in frames:
        for patch in frame:
            now.subtract(_tally(shown[patch.place]))
            now.update(_tally(patch.pixels))
            shown[patch.place] = patch.pixels
        found.update(now)
    return Counter({colour: count for colour, count in found.items() if count})


def _tally(pixels: NDArray[np.uint32]) -> dict[int, int]:
    import numpy as np

    colours, counts = np.unique(pixels, return_counts=True)
    return dict(zip(colours.tolist(), counts.tolist(), strict=True))


def channels(packed: NDArray[np.uint32]) -> NDArray[np.int64]:
    import numpy as np

    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1).astype(np.int64)


def nearest(colours: NDArray[np.uint32], palette: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """For each colour the palette's entry that is nearest to the eye: green counts most, blue least."""
    import numpy as np

    of_palette = channels(palette)
    weights = np.array([3, 6, 2])
    found = [np.argmin(((of_palette - colour) ** 2 * weights).sum(axis=1)) for colour in channels(colours)]
    return np.array(found, np.uint8)


def _unused(colours: Container[int]) -> tuple[int, int, int]:
    """A colour that no frame has: it stands for "as before"."""
    found = next(colour for colour in range(1 << 24) if colour not in colours)
    return found >> 16, found >> 8 & 255, found & 255
