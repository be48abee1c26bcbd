"""Pictures: a geometry and a Plan -> a Scene or a Film of frozen shapes -> SVG, PNG, GIF.

>>> from deconvs import ConvTranspose
>>> from deconvs.drawing import direct_film
>>> film = direct_film(ConvTranspose((3, 3), stride=2), (2, 2))
>>> len(film.scenes), film.title
(26, 'Fractionally strided convolution')

`save` writes either in the format that the file's name asks for. Nothing here derives a size or a number: sizes come
from Plans, who reaches whom from Axis.contributions, numbers from Plan.run.
"""

from __future__ import annotations

from .figures import coverage_scene, direct_film, direct_scene, matrix_film
from .files import save
from .named import NAMED, render_named
from .raster import to_gif, to_png
from .scene import Cell, Film, Line, Path, Rect, Scene, Text
from .svg import to_svg

__all__ = [
    "NAMED",
    "Cell",
    "Film",
    "Line",
    "Path",
    "Rect",
    "Scene",
    "Text",
    "coverage_scene",
    "direct_film",
    "direct_scene",
    "matrix_film",
    "render_named",
    "save",
    "to_gif",
    "to_png",
    "to_svg",
]
