"""The table of names as text and as data."""

from __future__ import annotations

from typing import Any

from .tables import rendered
from .verdicts import Verdict, table


def as_data(kernels: range, strides: range, paddings: range, ndim: int) -> list[dict[str, Any]]:
    """One dict a cell, for JSON."""
    return [
        {
            "kernel_size": k,
            "stride": s,
            "padding": p,
            "name": v.name,
            "how": v.how,
            "coverage": v.coverage,
            "inverts": v.inverts,
        }
        for k, s, p, v in table(kernels, strides, paddings, ndim)
    ]


def as_text(kernels: range, strides: range, paddings: range, ndim: int) -> str:
    """One table a padding, kernels down, strides across, a verdict and its reasons in each cell."""
    from rich.box import SQUARE
    from rich.table import Table
    from rich.text import Text

    cells = {(k, s, p): verdict for k, s, p, verdict in table(kernels, strides, paddings, ndim)}
    parts = [f"What a transposed convolution of {ndim} {'axis' if ndim == 1 else 'axes'} is best called, and why."]
    for p in paddings:
        grid = Table(box=SQUARE, show_lines=True, pad_edge=True)
        grid.add_column(Text("kernel"))
        for s in strides:
            grid.add_column(Text(f"stride {s}"))
        for k in kernels:
            grid.add_row(Text(f"k = {k}"), *(Text(_cell(cells[k, s, p])) for s in strides))
        parts.append(f"padding {p}\n{rendered(grid, width=16 + 32 * len(strides))}")
    parts.append(
        "All of them are transposed convolutions: Cᵀ of a convolution with matrix C. n -> is the growth of each axis.\n"
        "INVERSE: CCᵀ = c I, measured, so that convolving undoes it: the only cells that earn the name deconvolution."
    )
    return "\n\n".join(parts)


def _cell(v: Verdict) -> str:
    return "\n".join((v.name + ("  INVERSE" if v.inverts else ""), v.how, v.coverage))
