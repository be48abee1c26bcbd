"""One picture of the gallery: what it shows, in which view, and what it says differently from the guide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...geometry import Conv, ConvTranspose
from ..figures.captions import plain
from ..figures.counting import counting_scene, size_formula
from ..figures.matrix import matrix_film
from ..figures.subsampling import subsampling_scene
from ..picture import DRAWERS
from ..scene import Film, Scene

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_VIEWS: dict[str, Callable[..., Film | Scene]] = {
    **DRAWERS,
    "matrix still": lambda *args, **options: matrix_film(*args, **options).still,
    "subsampling": subsampling_scene,
    "counting": counting_scene,
}


@dataclass(frozen=True)
class Entry:
    """A named picture; ``figure``: its number in the guide, ``correction``: what the guide has otherwise."""

    name: str
    title: str
    geometry: Conv | ConvTranspose
    input_size: tuple[int, ...]
    view: str
    figure: str = ""
    correction: str = ""
    x: ArrayLike | None = None
    weight: ArrayLike | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def moves(self) -> bool:
        """Whether it is a film."""
        return self.view not in ("matrix still", "subsampling", "counting")

    def draw(self) -> Film | Scene:
        """The picture, whose title and description say which figure it is and what was corrected."""
        given = {"x": self.x, "weight": self.weight, **self.options}
        drawn = _VIEWS[self.view](
            self.geometry, self.input_size, **{name: value for name, value in given.items() if value is not None}
        )
        notes = [f"Figure {self.figure} of the guide." if self.figure else "", self.correction]
        description = " ".join(filter(None, [drawn.description, *notes]))
        return replace(drawn, title=self.title, description=description)

    @property
    def arithmetic(self) -> str:
        """Its size, computed.

        >>> Entry("", "", ConvTranspose((3, 3), stride=2, padding=1), (3, 3), "direct").arithmetic
        'o′ = s(i′ − 1) + k − crop = 2·(3 − 1) + 3 − 1 − 1 = 5'
        >>> Entry("", "", Conv((3, 3), stride=2), (5, 5), "direct").arithmetic
        'o = 1 + ⌊(i − k)/s⌋ = 1 + ⌊(5 − 3)/2⌋ = 1 + ⌊2/2⌋ = 2'
        """
        lines = dict.fromkeys(map(self._on_axis, range(self.geometry.ndim)))
        return "; ".join(lines)

    def _on_axis(self, at: int) -> str:
        axis, n, size = self.geometry.axes[at], self.input_size[at], self.geometry.output_size(self.input_size)[at]
        if isinstance(self.geometry, Conv):
            letters, numbers, summed = (plain([line]) for line in size_formula(axis, n))
            return f"o = {letters} = {numbers} = {summed} = {size}"
        span = "k" if axis.dilation == 1 else "d(k − 1) + 1"
        crops = "".join(f" − {side}" if side >= 0 else f" + {-side}" for side in axis.crop) if any(axis.crop) else ""
        named = f"o′ = s(i′ − 1) + {span}{' − crop' if crops else ''}"
        return f"{named} = {axis.stride}·({n} − 1) + {axis.span}{crops} = {size}"
