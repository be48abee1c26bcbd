"""What may be done to each output before it is stored, after the bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError

_NAMES = {None: 0, "relu": 1, "leaky_relu": 2}  # native/src/job.hpp has the same numbers
_USUAL_SLOPE = 0.01


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation by name; ``slope`` is what leaky_relu multiplies numbers below zero with."""

    name: str | None = None
    slope: float = 0.0

    @property
    def native(self) -> tuple[int, float]:
        """As the native core takes it."""
        return _NAMES[self.name], self.slope

    def refuse_integers(self) -> None:
        """Where results are integers: a slope gives fractions."""
        if self.name == "leaky_relu":
            raise GeometryError(
                "leaky_relu of integers has fractions",
                f"slope {self.slope}",
                "convert x or the weight to a floating-point type",
            )

    def apply(self, y: NDArray[Any]) -> None:
        """In place; NaN stays NaN."""
        if self.name == "relu":
            np.copyto(y, 0, where=y <= 0)
        elif self.name == "leaky_relu":
            np.multiply(y, self.slope, out=y, where=y <= 0)


NO_ACTIVATION = Activation()


def read_activation(value: object) -> Activation:
    """None, "relu", "leaky_relu" (slope 0.01 as in PyTorch) or ("leaky_relu", slope)."""
    name: object
    slope: object
    name, slope = value if isinstance(value, tuple) and len(value) == 2 else (value, _USUAL_SLOPE)
    if (
        not isinstance(name, str | None)
        or name not in _NAMES
        or (isinstance(value, tuple) and name != "leaky_relu")
        or not isinstance(slope, int | float)
    ):
        raise GeometryError(
            "no such activation",
            f"activation={value!r}",
            "use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) with a number",
        )
    return Activation(name, float(slope) if name == "leaky_relu" else 0.0)
