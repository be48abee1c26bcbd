"""gemm: one matrix product, then overlap-add. How most CPU libraries compute it (GEMM + col2im)."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..plan import Plan
from ..steps import AddBias, MatMul, OverlapAdd
from ..weights import ColumnMatrix
from .common import cropped


def build(geometry: ConvTranspose) -> Plan:
    """Wᵀ X, overlap-add, crop."""
    full = tuple(axis.full_growth() for axis in geometry.axes)
    crop, crop_reasons = cropped(geometry)
    return Plan(
        geometry,
        "gemm",
        (
            MatMul(ColumnMatrix(geometry.kernel_size, geometry.groups)),
            OverlapAdd(geometry.kernel_size, geometry.stride, geometry.dilation, full),
            *crop,
            AddBias(),
        ),
        "GEMM and overlap-add: all products of the definition in one matrix product, all its sums afterwards.",
        (
            "the stamps of all inputs are one matrix product over the input channels",
            "stamp i starts at i*s, as in the definition",
            *crop_reasons,
            "",
        ),
    )
