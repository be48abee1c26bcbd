"""`dc.draw`: a geometry as a picture, to be saved in any format or shown in a notebook."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..errors import GeometryError
from ..geometry import Conv, ConvTranspose, Sizes
from .figures import (
    convolution_film,
    coverage_scene,
    direct_film,
    gemm_film,
    isometric_film,
    matrix_film,
    morph_film,
    polyphase_film,
    scatter_film,
    subpixel_film,
)
from .figures.words import Values
from .files import save
from .motion import to_moving_svg
from .room import ROOMS, drawn_in
from .scene import Film, Scene
from .svg import to_svg
from .theme import THEMES, dark

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


_Drawer = Callable[..., Film | Scene]


def _direct(geometry: ConvTranspose | Conv, *arguments: object, **options: Any) -> Film:
    """Of an ordinary convolution, the convolution itself."""
    draws: _Drawer = convolution_film if isinstance(geometry, Conv) else direct_film
    return cast(Film, draws(geometry, *arguments, **options))


DRAWERS: dict[str, _Drawer] = {
    "scatter": scatter_film,
    "matrix": matrix_film,
    "direct": _direct,
    "polyphase": polyphase_film,
    "subpixel": subpixel_film,
    "gemm": gemm_film,
    "coverage": coverage_scene,
    "isometric": isometric_film,
    "morph": morph_film,
}

DRAWN = tuple(DRAWERS)
"""What `draw` takes as view."""

LAYOUTS = tuple(ROOMS)


def draw(
    geometry: ConvTranspose | Conv,
    input_size: Sizes,
    view: str = "direct",
    *,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    channels: tuple[int, int] | None = None,
    values: Values | None = None,
    theme: str = "light",
    layout: str = "wide",
) -> Picture:
    """Draw a transposed convolution, number by number.

    >>> from deconvs import ConvTranspose
    >>> draw(ConvTranspose((4,), stride=2, padding=1), 5, view="coverage").description.partition(". ")[2]
    'Products per output: 1 to 2.'

    view: "scatter", the stamps that are the definition; "direct", zeros, then an ordinary convolution; "matrix", C
    being filled and read as Cᵀ; "polyphase", a small convolution for each phase of the stride; "subpixel", the phases
    as channels, shuffled; "gemm", one matrix product and overlap-add; "coverage", how many products reach each output;
    "isometric", the direct view as two maps in space; "morph", from scatter to direct to polyphase in one film.
    "direct" and "isometric" draw a `Conv`, too. x: numbers of shape input_size; weight: of shape kernel_size; both
    after their channels, and counting up by default. ``channels``: (C_in, C_out), as stacks of planes, as are the
    slices of three axes. values: "numbers", "symbols" (x₀₁, w₀₁), "hidden", or None for what suits the view.
    ``theme``: "light" or "dark". ``layout``: "wide", or "narrow" to be read where it is 300 pixels wide. Of what is too
    large to be seen, such as 64×64, fewer inputs are drawn.
    Errors: GeometryError for other views, more than 3 axes, 9 phases where they have colours, kernels of more than 40
    taps a side, and more than 100,000 cells.
    Source: Dumoulin & Visin 2018 for the views, Shi et al. 2016 for "subpixel", Odena et al. 2016 for the coverage.
    """
    if view not in DRAWN:
        raise GeometryError("no such picture", f"view={view!r}", f"use one of {', '.join(DRAWN)}")
    if theme not in THEMES:
        raise GeometryError("no such theme", f"theme={theme!r}", f"use one of {', '.join(THEMES)}")
    if layout not in LAYOUTS:
        raise GeometryError("no such layout", f"layout={layout!r}", f"use one of {', '.join(LAYOUTS)}")
    options: dict[str, object] = {"channels": channels} | ({} if values is None else {"values": values})
    with drawn_in(layout):
        shown = DRAWERS[view](geometry, input_size, x, weight, **options)
    return Picture(view, dark(shown) if theme == "dark" else shown)
