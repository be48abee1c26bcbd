"""A Plan: an exactly equal way to apply Cᵀ, as frozen, size-free steps that can be run, printed, costed and drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .affine import Affine
from .arguments import integer, sequence
from .costs import Costs, costs_of
from .errors import GeometryError
from .geometry import ConvTranspose, Sizes
from .steps import Step, recipe_of
from .weights import Recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Plan:
    """A geometry seen one way: what to do with the weights once, and with the data every time.

    >>> from deconvs import ConvTranspose
    >>> plan = ConvTranspose((3, 3), stride=2).plan("direct")
    >>> plan.at((2, 2)).shapes
    ((1, 1, 3, 3), (1, 1, 7, 7), (1, 1, 5, 5), (1, 1, 5, 5))

    ``steps`` and ``reasons`` go together, one reason a step; ``claim`` says in a sentence what the view shows.
    No step depends on the input size, so one Plan serves them all. Two Plans are equal if their steps are.
    """

    geometry: ConvTranspose
    view: str
    steps: tuple[Step, ...]
    claim: str = field(compare=False)
    reasons: tuple[str, ...] = field(compare=False)

    def recipes(self) -> tuple[Recipe | None, ...]:
        """How to prepare the weight for each step; None for the steps that take none."""
        return tuple(map(recipe_of, self.steps))

    def growths(self) -> tuple[tuple[Affine, ...] | None, ...]:
        """Size of the data after each step as a function of the input size n; None where it is flat or a matrix."""
        so_far: tuple[Affine, ...] = (Affine(1, 0),) * self.geometry.ndim
        found: list[tuple[Affine, ...] | None] = []
        for step in self.steps:
            growth = step.growth(self.geometry.ndim)
            if growth is not None:
                own = tuple(g.after(f) for g, f in zip(growth, so_far, strict=True))
                so_far = growth if step.starts_over else own
            found.append(None if growth is None else so_far)
        return tuple(found)

    def at(
        self,
        input_size: Sizes,
        *,
        channels: tuple[int, int] | None = None,
        batch: int = 1,
        dtype: str | type | np.dtype[np.generic] = "float32",
    ) -> Costs:
        """Shapes, products (useful and wasted) and bytes of each step at one input size; prints as a table.

        >>> from deconvs import ConvTranspose
        >>> costs = ConvTranspose((4, 4), stride=2, padding=1).plan("direct").at((8, 8), channels=(3, 5))
        >>> costs.macs, costs.useful_macs, costs.wasted_macs
        (61440, 13500, 47940)

        channels: (C_in, C_out), by default one per group. MACs are multiply-accumulates; bytes are those of the data
        that each step leaves, in ``dtype``. Errors: GeometryError.
        """
        groups = self.geometry.groups
        if channels is None:
            channels = (groups, groups)
        c_in, c_out = (integer(f"channels[{i}]", count, minimum=1) for i, count in enumerate(_pair(channels)))
        if c_in % groups or c_out % groups:
            raise GeometryError(
                "channels are not divisible by groups",
                f"channels=({c_in}, {c_out}), groups={groups}",
                f"use multiples of {groups}",
            )
        sizes = self.geometry.sizes(input_size)
        return costs_of(
            self.geometry, self.view, self.steps, sizes, (c_in, c_out), integer("batch", batch, minimum=0), dtype
        )

    def run(self, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Any:
        """Carry the steps out in NumPy.

        >>> import numpy as np
        >>> from deconvs import ConvTranspose
        >>> plan = ConvTranspose((2,), stride=3).plan("polyphase")
        >>> plan.run(np.array([[1, 2]]), np.array([[[10, 1]]]), bias=np.array([7]))
        array([[17,  8,  7, 27,  9]])

        x: (N, C_in, *input) or (C_in, *input); weight: (C_in, C_out/groups, *kernel_size); bias: (C_out,).
        Integers are computed exactly in int64, float16 and bfloat16 in float32. Errors: GeometryError.
        """
        from .run.border import run_plan

        return run_plan(self, x, weight, bias)

    def __str__(self) -> str:
        from .plan_text import tell

        return tell(self)


def _pair(channels: object) -> tuple[object, object]:
    found = sequence(channels)
    if found is None or len(found) != 2:
        raise GeometryError("channels are not a pair", f"channels={channels!r}", "give (C_in, C_out)")
    return found[0], found[1]
