"""The six views: geometry -> Plan, one file each. All accept every valid geometry."""

from __future__ import annotations

from functools import lru_cache

from ..errors import GeometryError
from ..geometry import ConvTranspose
from ..plan import Plan
from . import direct, gemm, matrix, polyphase, scatter, subpixel

_BUILDERS = {
    "scatter": scatter.build,
    "matrix": matrix.build,
    "direct": direct.build,
    "polyphase": polyphase.build,
    "subpixel": subpixel.build,
    "gemm": gemm.build,
}

VIEWS = tuple(_BUILDERS)
"""The names of the six exactly equal ways to compute a transposed convolution."""


@lru_cache(maxsize=128)
def _built(geometry: ConvTranspose, view: str) -> Plan:
    return _BUILDERS[view](geometry)


def build(geometry: ConvTranspose, view: str) -> Plan:
    """The Plan of ``geometry`` in one view."""
    if view not in VIEWS:
        raise GeometryError("no such view", f"view={view!r}", f"use one of {', '.join(VIEWS)}")
    return _built(geometry, view)
