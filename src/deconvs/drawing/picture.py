"""`dc.draw`: a geometry as a picture, to be saved in any format or shown in a notebook."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import GeometryError
from ..geometry import ConvTranspose, Sizes
from .figures import coverage_scene, direct_film, gemm_film, matrix_film, polyphase_film, scatter_film
from .files import save
from .motion import to_moving_svg
from .scene import Film, Scene
from .svg import to_svg

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Picture:
    """What `dc.draw` gives: a film, or a scene that does not move, of one geometry.

    >>> from deconvs import ConvTranspose
    >>> picture = draw(ConvTranspose((3, 3), stride=2), (2, 2), view="direct")
    >>> picture
    Picture of the view 'direct': Fractionally strided convolution, 26 frames of 903×535

    ``shown`` is a `Film` or a `Scene`. In a notebook it is an SVG that moves.
    """

    view: str
    shown: Film | Scene

    def save(self, path: str | os.PathLike[str], *, width: int | None = None) -> None:
        """Write it in the format that the suffix of ``path`` names, whole or not at all.

        .svg moves by CSS, and stands still for who asks for reduced motion; .png is a still; .gif, .apng, .webp and
        .mp4 move; .html has play, pause and step. ``width`` in pixels, for the formats that have pixels.
        Errors: GeometryError.
        """
        save(self.shown, path, width=width)

    @property
    def description(self) -> str:
        """It in words, which the files carry as alternative text."""
        return self.shown.description

    def _repr_svg_(self) -> str:
        return to_moving_svg(self.shown) if isinstance(self.shown, Film) else to_svg(self.shown)

    def __repr__(self) -> str:
        still = self.shown.still if isinstance(self.shown, Film) else self.shown
        frames = f"{len(self.shown.scenes)} frames of " if isinstance(self.shown, Film) else ""
        return f"Picture of the view {self.view!r}: {self.shown.title}, {frames}{still.width:g}×{still.height:g}"


_Drawer = Callable[[ConvTranspose, Sizes, "ArrayLike | None", "ArrayLike | None"], Film | Scene]

_DRAWERS: dict[str, _Drawer] = {
    "scatter": scatter_film,
    "matrix": lambda geometry, input_size, x, weight: matrix_film(geometry, input_size, weight),
    "direct": direct_film,
    "polyphase": polyphase_film,
    "gemm": gemm_film,
    "coverage": lambda geometry, input_size, x, weight: coverage_scene(geometry, input_size),
}

DRAWN = tuple(_DRAWERS)
"""What `draw` takes as view."""


def draw(
    geometry: ConvTranspose,
    input_size: Sizes,
    view: str = "direct",
    *,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Picture:
    """Draw a transposed convolution, number by number.

    >>> from deconvs import ConvTranspose
    >>> draw(ConvTranspose((4,), stride=2, padding=1), 5, view="coverage").description.partition(". ")[2]
    'Products per output: 1 to 2.'

    view: "scatter", the stamps that are the definition; "direct", zeros, then an ordinary convolution; "matrix", C
    being filled and read as Cᵀ; "polyphase", a small convolution for each phase of the stride; "gemm", one matrix
    product and overlap-add; "coverage", how many products reach each output. x: integers of shape input_size; weight:
    integers of shape kernel_size; both count up by default (the weights of "matrix" are symbols then).
    Errors: GeometryError for other views, more than 2 axes, groups, and what would be too large to see.
    Source: Dumoulin & Visin 2018 for the views, Odena et al. 2016 for the coverage.
    """
    if view not in _DRAWERS:
        raise GeometryError("no such picture", f"view={view!r}", f"use one of {', '.join(DRAWN)}")
    return Picture(view, _DRAWERS[view](geometry, input_size, x, weight))
