"""What a finding is: its code, how bad it is, the reason, the fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .geometry import ConvTranspose, Pair

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its code, how bad it is (error, warning, note), the reason and the fix in a sentence each.

    ``layer`` is the fix as a geometry where there is one. It gives the same output size on an input of the same size,
    unless one of these is not None: ``pads`` is what the input is padded by first, (before, after) per axis;
    ``inserted`` zeros go between its elements then; ``crop`` is cut from the layer's output, (begin, end) per axis,
    where negative: so many positions are added that hold only the bias. ``groups`` such layers are run, one for each
    part of the channels. ``where`` names the layer within a model; it is empty for a lone geometry.

    >>> print(Finding("holes", "error", "some outputs get no product", "use a larger kernel"))
    error holes: some outputs get no product; use a larger kernel
    >>> print(Finding("holes", "error", "some outputs get no product", "use a larger kernel", where="up.0"))
    error holes in up.0: some outputs get no product; use a larger kernel
    """

    code: str
    severity: str
    message: str
    fix: str
    layer: ConvTranspose | None = None
    pads: tuple[Pair, ...] | None = None
    crop: tuple[Pair, ...] | None = None
    where: str = ""
    inserted: tuple[int, ...] | None = None
    groups: int = 1

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "fix": self.fix,
            "layer": None if self.layer is None else repr(self.layer),
            "pads": None if self.pads is None else [list(pad) for pad in self.pads],
            "inserted": None if self.inserted is None else list(self.inserted),
            "crop": None if self.crop is None else [list(side) for side in self.crop],
            "groups": self.groups,
        }

    def __str__(self) -> str:
        return f"{self.severity} {self.code}{f' in {self.where}' if self.where else ''}: {self.message}; {self.fix}"
