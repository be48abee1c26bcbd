"""What passes between a framework's objects and the conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import GeometryError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Layer:
    """A live layer as data: its framework's own keywords, and its weight and bias as NumPy arrays, if it has them."""

    framework: str
    params: Mapping[str, Any]
    weight: NDArray[Any]
    bias: NDArray[Any] | None


def of_its_own(thing: object, what: str) -> GeometryError:
    """The error for a subclass of a layer that computes something else."""
    return GeometryError(
        "the layer does more than convolve",
        f"{type(thing).__name__} has {what} of its own",
        "convert a plain layer with its weight, and what it adds by hand",
    )


@dataclass(frozen=True, eq=False)
class Made:
    """What a live layer is built of: the target's keywords and layouts, channels, and what is cut from its output."""

    params: Mapping[str, Any]
    weight: NDArray[Any]
    bias: NDArray[Any] | None
    channels: tuple[int, int]
    crop: tuple[tuple[int, int], ...] | None

    @property
    def ndim(self) -> int:
        """Spatial axes."""
        return self.weight.ndim - 2

    @property
    def dtype(self) -> str:
        """The floating-point type that the layer holds; integers become float32, as frameworks compute no others."""
        return "float32" if self.weight.dtype.kind in "iu" else self.weight.dtype.name
