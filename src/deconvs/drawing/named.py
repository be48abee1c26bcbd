"""The pictures that bear the names of the transposed convolution, to be drawn anew at any time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..geometry import ConvTranspose
from .figures.direct import direct_film
from .figures.matrix import matrix_film
from .files import save
from .scene import Film

NAMED: dict[str, Callable[[], Film]] = {
    "deconvs-as-matrix": lambda: matrix_film(ConvTranspose((3, 3)), (2, 2)),
    "padded-convs": lambda: direct_film(ConvTranspose((3, 3)), (2, 2)),
    "fractionally-strided-convs": lambda: direct_film(ConvTranspose((3, 3), stride=2), (2, 2)),
}
"""Name -> film: C and its transpose; 2×2 padded to 6×6, to 4×4; 2×2 inserted and padded to 7×7, to 5×5."""


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
