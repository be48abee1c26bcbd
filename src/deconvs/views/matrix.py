"""matrix: flatten, multiply by Cᵀ, unflatten. Where "transposed convolution" has its name from."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..plan import Plan
from ..steps import AddBias, Flatten, Multiply, Unflatten
from ..weights import TransposedMatrix


def build(geometry: ConvTranspose) -> Plan:
    """Dumoulin & Visin 2018, section 4.1, with channels, groups and any geometry."""
    return Plan(
        geometry,
        "matrix",
        (
            Flatten(),
            Multiply(TransposedMatrix(geometry)),
            Unflatten(tuple(axis.output_growth() for axis in geometry.axes)),
            AddBias(),
        ),
        "Transposed convolution: a convolution is a sparse matrix C, and this is its transpose Cᵀ.",
        (
            "a linear operator on images is a matrix on vectors",
            "C holds w[j] at row i, column o exactly where i*s + j*d = o + b; Cᵀ exchanges rows and columns",
            "",
            "",
        ),
    )
