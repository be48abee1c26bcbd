"""The figures: functions of a geometry that return a Scene or a Film."""

from .coverage import coverage_scene
from .direct import direct_film, direct_scene
from .matrix import matrix_film
from .polyphase import polyphase_film
from .scatter import gemm_film, scatter_film

__all__ = [
    "coverage_scene",
    "direct_film",
    "direct_scene",
    "gemm_film",
    "matrix_film",
    "polyphase_film",
    "scatter_film",
]
