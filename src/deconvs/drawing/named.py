"""The pictures that bear the names of the transposed convolution, to be drawn anew at any time."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..geometry import ConvTranspose, Sizes
from .figures.direct import direct_film
from .figures.matrix import matrix_film
from .files import save
from .scene import Film

DEMONSTRATIONS: dict[str, tuple[str, ConvTranspose, str]] = {
    "deconvs-as-matrix": ("The matrix C and its transpose", ConvTranspose((3, 3)), "matrix"),
    "padded-convs": ("Padded convolution", ConvTranspose((3, 3)), "direct"),
    "fractionally-strided-convs": ("Fractionally strided convolution", ConvTranspose((3, 3), stride=2), "direct"),
}
"""Name -> title, geometry and view: C and its transpose; 2×2 padded to 6×6, to 4×4; 2×2 seen as 7×7, to 5×5."""
DEMONSTRATED = (2, 2)
"""Of all of them."""

_FILMS: dict[str, Callable[[ConvTranspose, Sizes], Film]] = {"matrix": matrix_film, "direct": direct_film}

NAMED: dict[str, Callable[[], Film]] = {
    name: partial(_FILMS[view], geometry, DEMONSTRATED) for name, (_, geometry, view) in DEMONSTRATIONS.items()
}
"""Name -> film."""


def render_named(directory: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write every named picture into an existing folder, as .gif, .png and .svg; returns the paths.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in render_named(folder)][:3]
    ['deconvs-as-matrix.gif', 'deconvs-as-matrix.png', 'deconvs-as-matrix.svg']

    Errors: GeometryError where the folder is missing or cannot be written.
    """
    written = []
    for name, film in NAMED.items():
        drawn = film()
        for suffix in (".gif", ".png", ".svg"):
            path = Path(directory) / (name + suffix)
            save(drawn, path)
            written.append(path)
    return tuple(written)
