"""How a framework stores a weight, as a permutation and perhaps a flip of the canonical (C_in, C_out/groups, *k)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import GeometryError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Layout:
    """A weight's axes as the framework stores them, and whether it stores the kernel flipped.

    >>> keras = Layout(axes=("k0", "C_out", "C_in"))
    >>> keras.permutation
    (2, 1, 0)
    >>> keras.to_canonical([[[1, 10]], [[2, 20]]])              # k = 2, C_out = 1, C_in = 2
    array([[[ 1,  2]],
    <BLANKLINE>
           [[10, 20]]])

    ``axes``: "C_in", "C_out" (or "C_out/groups"), "k0", "k1", ..., in the framework's order. Groups need no
    reshuffling: every framework that has them orders both channel axes by group, as the canonical layout does.
    """

    axes: tuple[str, ...]
    flipped: bool = False

    @property
    def ndim(self) -> int:
        """Spatial axes."""
        return len(self.axes) - 2

    @property
    def permutation(self) -> tuple[int, ...]:
        """The framework's axes in canonical order: what `numpy.transpose` takes on the way to canonical."""
        places = {name.partition("/")[0]: place for place, name in enumerate(self.axes)}
        return tuple(places[name] for name in ("C_in", "C_out", *(f"k{axis}" for axis in range(self.ndim))))

    def to_canonical(self, weight: ArrayLike) -> NDArray[Any]:
        """The framework's weight as (C_in, C_out/groups, *k), scattered as stored; a contiguous array of its own."""
        import numpy as np

        moved = np.transpose(self._checked(weight, self.axes), self.permutation)
        return np.array(self._turned(moved, tuple(range(2, self.ndim + 2))), order="C")

    def from_canonical(self, weight: ArrayLike) -> NDArray[Any]:
        """A weight (C_in, C_out/groups, *k) as the framework stores it; a contiguous array of its own."""
        import numpy as np

        given = self._checked(weight, ("C_in", "C_out/groups", *(f"k{axis}" for axis in range(self.ndim))))
        turned = self._turned(given, tuple(range(2, self.ndim + 2)))
        return np.array(np.transpose(turned, np.argsort(self.permutation)), order="C")

    def _turned(self, weight: NDArray[Any], axes: tuple[int, ...]) -> NDArray[Any]:
        import numpy as np

        return np.flip(weight, axes) if self.flipped else weight

    def _checked(self, weight: ArrayLike, axes: tuple[str, ...]) -> NDArray[Any]:
        import numpy as np

        array = np.asarray(weight)
        if array.ndim != len(axes):
            raise GeometryError(
                "weight has the wrong number of axes",
                f"weight has shape {array.shape}",
                f"use the layout ({', '.join(axes)})",
            )
        return array


def spatial(ndim: int) -> tuple[str, ...]:
    """The names of the kernel's axes."""
    return tuple(f"k{axis}" for axis in range(ndim))


def channels_first(ndim: int) -> Layout:
    """PyTorch's and ONNX's: the canonical one."""
    return Layout(("C_in", "C_out/groups", *spatial(ndim)))
