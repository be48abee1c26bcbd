"""How sizes grow through a step: always linearly, which is why one Plan serves every input size."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Affine:
    """How an axis grows.

    >>> print(Affine(2, 3).after(Affine(1, -1)))
    2n + 1
    """

    scale: int
    offset: int

    def __call__(self, n: int) -> int:
        return self.scale * n + self.offset

    def after(self, first: Affine) -> Affine:
        """The growth of ``first`` followed by this one."""
        return Affine(self.scale * first.scale, self.scale * first.offset + self.offset)

    def __str__(self) -> str:
        text = "n" if self.scale == 1 else f"{self.scale}n"
        if self.offset:
            text += f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        return text
