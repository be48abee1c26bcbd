"""Pictures: a geometry and a Plan -> a Scene or a Film of frozen shapes -> SVG, PNG, GIF, APNG, WebP, MP4, HTML.

>>> from deconvs import ConvTranspose
>>> from deconvs.drawing import direct_film
>>> film = direct_film(ConvTranspose((3, 3), stride=2), (2, 2))
>>> len(film.scenes), film.title
(26, 'Fractionally strided convolution')

`save` writes either in the format that the file's name asks for. Nothing here derives a size or a number: sizes come
from Plans, who reaches whom from Axis.contributions, numbers from Plan.run.
"""

from __future__ import annotations

from .figures import (
    convolution_film,
    counting_scene,
    coverage_scene,
    direct_film,
    direct_scene,
    gemm_film,
    isometric_film,
    matrix_film,
    morph_film,
    polyphase_film,
    scatter_film,
    subpixel_film,
    subsampling_scene,
)
from .files import save
from .motion import to_moving_svg
from .named import NAMED, render_named
from .picture import DRAWN, Picture, draw
from .player import to_html
from .raster import to_apng, to_gif, to_png, to_webp
from .scene import Cell, Film, Line, Path, Polygon, Rect, Scene, Text
from .svg import to_svg
from .theme import dark
from .video import to_mp4

__all__ = [
    "DRAWN",
    "NAMED",
    "Cell",
    "Film",
    "Line",
    "Path",
    "Picture",
    "Polygon",
    "Rect",
    "Scene",
    "Text",
    "convolution_film",
    "counting_scene",
    "coverage_scene",
    "dark",
    "direct_film",
    "direct_scene",
    "draw",
    "gemm_film",
    "isometric_film",
    "matrix_film",
    "morph_film",
    "polyphase_film",
    "render_named",
    "save",
    "scatter_film",
    "subpixel_film",
    "subsampling_scene",
    "to_apng",
    "to_gif",
    "to_html",
    "to_moving_svg",
    "to_mp4",
    "to_png",
    "to_svg",
    "to_webp",
]
