"""Saving a picture in the format that its file's name asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..arguments import integer
from ..errors import GeometryError
from ..files import write_whole
from .motion import to_moving_svg
from .player import to_html
from .raster import to_apng, to_gif, to_png, to_webp
from .scene import Film, Scene
from .svg import to_svg
from .video import to_mp4

_MOVING: dict[str, Callable[..., bytes]] = {".gif": to_gif, ".apng": to_apng, ".webp": to_webp, ".mp4": to_mp4}

SUFFIXES = (".svg", ".png", *_MOVING, ".html")


def save(picture: Scene | Film, path: str | os.PathLike[str], *, width: int | None = None) -> None:
    """Write a picture in the format that the suffix names: .svg, .png, .gif, .apng, .webp, .mp4 or .html.

    >>> from deconvs import ConvTranspose
    >>> from deconvs.drawing import coverage_scene
    >>> save(coverage_scene(ConvTranspose((3,)), 4), "a.bmp")
    Traceback (most recent call last):
    ...
    deconvs.errors.GeometryError: no such picture format: 'a.bmp' ends in '.bmp'; use one of .svg, .png, .gif, ...

    Of a film, .png holds its still; of a scene, what could move holds a single frame. ``width``: pixels of the formats
    that have pixels; by default PNG has two, the others one a picture unit. The file appears whole or not at all.
    Errors: GeometryError for other suffixes, for places that cannot be written, and where .mp4 finds no ffmpeg.
    """
    try:
        target = Path(os.fsdecode(path))
    except TypeError:
        raise GeometryError("no path", f"got {type(path).__name__}", "give the name of a file") from None
    if width is not None:
        width = integer("width", width, minimum=1)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        ending = f"'{target}' ends in {suffix!r}" if suffix else f"'{target}' has no suffix"
        raise GeometryError("no such picture format", ending, f"use one of {', '.join(SUFFIXES)}")
    write_whole(encoded(picture, suffix, width), target)


def encoded(picture: Scene | Film, suffix: str, width: int | None = None) -> bytes:
    """What `save` writes into a file with one of SUFFIXES."""
    still = picture.still if isinstance(picture, Film) else picture
    film = picture if isinstance(picture, Film) else Film((still,), (1000,), still.title, still.description, still)
    if suffix == ".svg":
        return (to_moving_svg(picture) if isinstance(picture, Film) else to_svg(still)).encode()
    if suffix == ".png":
        return to_png(still, width=width)
    if suffix == ".html":
        return to_html(film).encode()
    return _MOVING[suffix](film, width=width)
