"""The figures: functions of a geometry that return a Scene or a Film."""

from .convolution import convolution_film
from .counting import counting_scene
from .coverage import coverage_scene
from .direct import direct_film, direct_scene
from .gemm import gemm_film
from .isometric import isometric_film
from .matrix import matrix_film
from .morph import morph_film
from .polyphase import polyphase_film
from .scatter import scatter_film
from .subpixel import subpixel_film
from .subsampling import subsampling_scene

__all__ = [
    "convolution_film",
    "counting_scene",
    "coverage_scene",
    "direct_film",
    "direct_scene",
    "gemm_film",
    "isometric_film",
    "matrix_film",
    "morph_film",
    "polyphase_film",
    "scatter_film",
    "subpixel_film",
    "subsampling_scene",
]
