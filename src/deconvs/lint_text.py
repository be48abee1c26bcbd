"""Findings of one layer or of several, as text and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .checking import Checked
from .finding import NOTE


def layers_text(layers: Sequence[Checked]) -> str:
    """One after the other."""
    return "\n\n\n".join(layer.text() for layer in layers) or "no transposed convolution"


def layers_as_data(layers: Sequence[Checked]) -> dict[str, Any]:
    """For JSON."""
    return {"layers": [layer.as_dict() for layer in layers]}


def exit_code(layers: Sequence[Checked]) -> int:
    """1 where there is more than notes."""
    return int(any(finding.severity != NOTE for layer in layers for finding in layer.findings))
