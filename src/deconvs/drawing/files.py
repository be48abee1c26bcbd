"""Saving a picture in the format that its file's name asks for."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import GeometryError
from ..files import write_whole
from .raster import to_gif, to_png
from .scene import Film, Scene
from .svg import to_svg

SUFFIXES = (".svg", ".png", ".gif")


def save(picture: Scene | Film, path: str | os.PathLike[str]) -> None:
    """Write a picture in the format that the suffix names: .svg, .png or .gif.

    >>> from deconvs import ConvTranspose
    >>> from deconvs.drawing import coverage_scene
    >>> save(coverage_scene(ConvTranspose((3,)), 4), "coverage.bmp")
    Traceback (most recent call last):
    ...
    deconvs.errors.GeometryError: no such picture format: 'coverage.bmp' ends in '.bmp'; use one of .svg, .png, .gif

    Of a film, .svg and .png hold its still; of a scene, .gif holds a single frame. PNG has two pixels, GIF one a
    picture unit. Errors: GeometryError for other suffixes and for places that cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    still = picture.still if isinstance(picture, Film) else picture
    if suffix == ".svg":
        data = to_svg(still).encode()
    elif suffix == ".png":
        data = to_png(still)
    elif suffix == ".gif":
        film = picture if isinstance(picture, Film) else Film((still,), (1000,), still.title, still.description, still)
        data = to_gif(film)
    else:
        ending = f"'{target}' ends in {suffix!r}" if suffix else f"'{target}' has no suffix"
        raise GeometryError("no such picture format", ending, f"use one of {', '.join(SUFFIXES)}")
    write_whole(data, target)
