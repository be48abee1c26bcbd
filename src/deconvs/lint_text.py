"""Findings of one layer or of several, as text and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .costs import Costs
from .errors import GeometryError
from .finding import NOTE, Finding
from .geometry import ConvTranspose, Pair
from .views import VIEWS
from .words import size_text


@dataclass(frozen=True, slots=True)
class Checked:
    """One layer at one size with what was found; ``name`` is empty for a lone geometry.

    >>> from deconvs import check
    >>> g = ConvTranspose((2,), stride=2)
    >>> print(Checked(g, (4,), (1, 1), tuple(check(g, 4))).text())
    4 -> 8, channels 1 -> 1: 8 useful products, 16 with zeros inserted, 16 FLOPs by PyTorch's counter
    <BLANKLINE>
    note zero-insertion
      run with inserted zeros, 50% of its products would be wasted
      run its polyphase, subpixel or gemm form
    """

    geometry: ConvTranspose
    input_size: tuple[int, ...]
    channels: Pair
    findings: tuple[Finding, ...]
    name: str = ""

    def macs(self) -> dict[str, int | None]:
        """Useful products, and those of every view; None where a view cannot be counted."""
        return {"useful": self._costs("direct").useful_macs, **{view: self._macs(view) for view in VIEWS}}

    def _costs(self, view: str) -> Costs:
        return self.geometry.plan(view).at(self.input_size, channels=self.channels)

    def _macs(self, view: str) -> int | None:
        try:
            return self._costs(view).macs
        except GeometryError:  # too many phases to list, or products beyond 64 bits
            return None

    def text(self) -> str:
        """Sizes and costs in a line, then the findings."""
        told = "\n\n".join(f"{f.severity} {f.code}\n  {f.message}\n  {f.fix}" for f in self.findings)
        return f"{self._head()}\n\n{told or 'nothing to report'}"

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "name": self.name,
            "geometry": repr(self.geometry),
            "input_size": list(self.input_size),
            "output_size": list(self.geometry.output_size(self.input_size)),
            "channels": list(self.channels),
            "macs": self.macs(),
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def _head(self) -> str:
        sizes = f"{size_text(self.input_size)} -> {size_text(self.geometry.output_size(self.input_size))}"
        direct, definition = self._costs("direct"), self._macs("scatter")
        # PyTorch counts an addition for each product, and the products that are cropped away: those of the definition.
        counted = "too many" if definition is None else f"{2 * definition:,}"
        return (
            f"{f'{self.name}: ' if self.name else ''}{sizes}, channels {self.channels[0]} -> {self.channels[1]}: "
            f"{direct.useful_macs:,} useful products, {direct.macs:,} with zeros inserted, "
            f"{counted} FLOPs by PyTorch's counter"
        )


def layers_text(layers: Sequence[Checked]) -> str:
    """One after the other."""
    return "\n\n\n".join(layer.text() for layer in layers) or "no transposed convolution"


def layers_as_data(layers: Sequence[Checked]) -> dict[str, Any]:
    """For JSON."""
    return {"layers": [layer.as_dict() for layer in layers]}


def exit_code(layers: Sequence[Checked]) -> int:
    """1 where there is more than notes."""
    return int(any(finding.severity != NOTE for layer in layers for finding in layer.findings))
