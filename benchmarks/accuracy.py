"""What fewer products cost in accuracy: the errors of each kernel in float32, against float64.

    python -m benchmarks.accuracy             # layers that the toom kernel can compute, but for the largest
    python -m benchmarks.accuracy dcgan.3     # those whose names begin so

Data is spread evenly over (-1, 1). Errors are divided by the root mean square of the exact result and counted in
roundoffs of float32, 2^-24: 1 is what rounding the exact result alone may cost.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.layers import chosen
from deconvs.benchmark import Layer
from deconvs.benchmark.correct import exact
from deconvs.errors import GeometryError
from deconvs.run import native
from deconvs.run.engine import KERNELS
from deconvs.tables import table_text

_MOST = 2e9
"""Floating-point operations of a layer that is measured without being asked for: NumPy computes it in float64."""
_ROUNDOFF = 2.0**-24


@dataclass(frozen=True)
class Errors:
    """Errors of one kernel on one layer, in roundoffs of the root mean square of the exact result."""

    kernel: str
    usual: float
    largest: float


def measure(layer: Layer) -> list[Errors]:
    """Every kernel that can compute the layer."""
    x, w, bias = layer.data()
    expected = exact(layer, x, w, bias)
    unit = float(np.sqrt(np.mean(np.square(expected)))) * _ROUNDOFF
    found = []
    for kernel in KERNELS:
        try:
            y = layer.geometry.prepare(w, bias, kernel=kernel)(x)
        except GeometryError:  # it does not take this geometry
            continue
        difference = np.abs(y - expected) / unit
        found.append(Errors(kernel, float(np.sqrt(np.mean(np.square(difference)))), float(difference.max())))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, measure, print; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layers", nargs="*", help="names of layers, or how they begin (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found")
    options = parser.parse_args(arguments)
    if native.load() is None:
        print(f"There is no native core: {native.why_not()}", file=sys.stderr)
        return 1
    try:
        layers = [layer for layer in chosen(options.layers, everything=True) if layer.dtype == "float32"]
    except GeometryError as error:
        parser.error(str(error))
    data: dict[str, list[Errors]] = {}
    for layer in layers:
        if options.layers or layer.useful_flops <= _MOST:
            found = measure(layer)
            if options.layers or any(one.kernel == "toom" for one in found):
                data[layer.name] = found
    print(table(data))
    if options.json:
        told = {name: [asdict(one) for one in found] for name, found in data.items()}
        options.json.write_text(json.dumps(told, indent=1) + "\n")
    return 0


def table(data: dict[str, list[Errors]]) -> str:
    """Errors by layer and kernel, and how many times as large as the phase kernel's toom's are."""
    rows = []
    for name, found in data.items():
        errors = {one.kernel: one for one in found}
        told = [
            f"{errors[kernel].usual:.2f} / {errors[kernel].largest:.1f}" if kernel in errors else "-"
            for kernel in KERNELS
        ]
        both = "toom" in errors and "phase" in errors and errors["phase"].usual > 0
        rows.append((name, *told, f"{errors['toom'].usual / errors['phase'].usual:.2f}" if both else "-"))
    return table_text(
        "Errors in float32 roundoffs of the result: usual (root mean square) / largest",
        ("layer", *KERNELS, "toom over phase, usual"),
        rows,
        right=tuple(range(1, len(KERNELS) + 2)),
    )


if __name__ == "__main__":
    sys.exit(main())
