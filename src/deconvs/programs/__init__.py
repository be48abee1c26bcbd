"""A layer as code of each framework: one line to read, or a whole program to run.

>>> from deconvs import ConvTranspose
>>> from deconvs.programs import line
>>> print(line("keras", ConvTranspose((4, 4), stride=2, padding=1), (8, 8)))
keras.layers.Conv2DTranspose(C_out, kernel_size=4, strides=2, padding="same")
>>> print(line("torch", ConvTranspose((3,), stride=2, padding=((0, 1),)), (8,)))
torch.nn.ConvTranspose1d(C_in, C_out, kernel_size=3, stride=2), then cut 0 before, 1 after

No framework is imported. The programs are run, in the frameworks themselves, by tests/test_convert_*.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..conventions import FRAMEWORKS, write
from ..errors import GeometryError, Nearest, Refusal
from ..geometry import ConvTranspose, Sizes
from ..words import per_axis_text, sides_text
from .dialects import DIALECTS, Channels
from .whole import Part, program

__all__ = ["LANGUAGES", "Channels", "Line", "Part", "line", "program"]

LANGUAGES = ("deconvs", *FRAMEWORKS)
"""Whose code can be written."""


@dataclass(frozen=True, slots=True)
class Line:
    """A layer as one expression, and in words what is still to be done around it; C_in and C_out are left open."""

    framework: str
    code: str
    then: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """As plain data, for JSON."""
        return {"framework": self.framework, "code": self.code, "then": list(self.then)}

    def __str__(self) -> str:
        return ", ".join((self.code, *self.then))


def line(framework: str, geometry: ConvTranspose, input_size: Sizes) -> Line | Refusal:
    """The layer in a framework's words, for an input of this size; a Refusal where not even something near is known.

    Errors: GeometryError for an unknown framework or a size that the geometry does not take.
    """
    if framework not in LANGUAGES:
        raise GeometryError("no such framework", f"{framework!r}", f"use one of {', '.join(LANGUAGES)}")
    if framework == "deconvs":
        return Line(framework, f"dc.{geometry}")
    said = write(framework, geometry, geometry.sizes(input_size))
    if isinstance(said, Refusal):
        if said.nearest is None:
            return said
        nearest = said.nearest
    else:
        nearest = Nearest(said, ((0, 0),) * geometry.ndim)
    call = DIALECTS[framework].call(nearest.params, geometry.ndim, ("C_in", "C_out"), True)
    return Line(framework, call, _then(nearest))


def _then(nearest: Nearest) -> tuple[str, ...]:
    found = []
    if nearest.groups > 1:
        found.append(f"once for each of the {nearest.groups} groups of channels")
    if nearest.dilation is not None:
        found.append(f"with zeros between the taps (dilation {per_axis_text(nearest.dilation)})")
    if any(map(any, nearest.added)):
        found.append(f"then add {_where(nearest.added)}, with only the bias")
    if any(map(any, nearest.cut)):
        found.append(f"then cut {_where(nearest.cut)}")
    return tuple(found)


def _where(amounts: tuple[tuple[int, int], ...]) -> str:
    if len(set(amounts)) == 1:
        return sides_text(amounts[:1])
    return ", ".join(f"{b} before and {e} after on axis {axis}" for axis, (b, e) in enumerate(amounts) if b or e)
