"""How the operator's time grows with the output, the channels, the kernel and the threads; exponents fitted.

    python -m benchmarks.growth
    python -m benchmarks.growth --threads 1 --json growth.json

Each series changes one thing of a layer and times op(x, out=y) in quiet blocks, by turns. An exponent e says that the
time grows like the quantity to the power e: least squares of the logarithms over the series, and between its last two.
Products say what is to be expected: 1 for all of them but threads, where it is -1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, prod
from pathlib import Path
from statistics import median
from typing import Any

from deconvs import ConvTranspose
from deconvs.benchmark import Layer, Settings
from deconvs.benchmark.contenders import Task
from deconvs.benchmark.contenders.ours import into
from deconvs.benchmark.quiet import block, estimate
from deconvs.errors import GeometryError
from deconvs.tables import table_text


@dataclass(frozen=True)
class Point:
    """A layer of a series, the quantity that it has of what is changed, and the threads."""

    layer: Layer
    quantity: int
    threads: int


def series(threads: int) -> dict[str, list[Point]]:
    """What is changed, and the layers that differ in it."""
    sizes = [_layer(64, 32, (n, n), 4) for n in (8, 16, 32, 64, 128)]
    channels = [_layer(c, c, (32, 32), 4) for c in (16, 32, 64, 128, 256)]
    kernels = [_layer(64, 32, (32, 32), k) for k in (2, 4, 8, 16)]
    lines = [_layer(32, 16, (n,), 8) for n in (1024, 4096, 16384, 65536)]
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64) if count < threads] + [threads]
    return {
        "output, 2-D": [Point(layer, prod(layer.shapes[2][2:]), threads) for layer in sizes],
        "output, 1-D": [Point(layer, prod(layer.shapes[2][2:]), threads) for layer in lines],
        "channels, C_in C_out": [Point(layer, layer.c_in * layer.c_out, threads) for layer in channels],
        "kernel, taps": [Point(layer, prod(layer.geometry.kernel_size), threads) for layer in kernels],
        "threads": [Point(_layer(256, 128, (32, 32), 4), count, count) for count in counts],
    }


def _layer(c_in: int, c_out: int, size: tuple[int, ...], k: int) -> Layer:
    name = f"{c_in}->{c_out} {'x'.join(map(str, size))} k{k}"
    return Layer(name, "growth", 1, c_in, c_out, size, ConvTranspose(k, 2, k // 2 - 1, ndim=len(size)))


def exponent(quantities: Sequence[float], seconds: Sequence[float]) -> float | None:
    """The slope of log(seconds) over log(quantities), by least squares; None for a single quantity.

    >>> exponent([1, 2, 4], [3.0, 12.0, 48.0])
    2.0
    """
    xs, ys = [log(q) for q in quantities], [log(s) for s in seconds]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    if not spread:
        return None
    return round(sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread, 6)


def measure(points: Sequence[Point], rounds: int) -> list[float]:
    """Median seconds of every point, taken in turns."""
    calls = [into(Task(point.layer, *point.layer.data(), point.threads)).call for point in points]
    roughly = [estimate(call) for call in calls]
    found: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, about, times in zip(calls, roughly, found, strict=True):
            times += block(call, about)
    return [median(times) for times in found]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, measure, print; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each layer (default 3)")
    parser.add_argument("--threads", type=int, help="threads (default: all usable CPUs)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found")
    options = parser.parse_args(arguments)
    try:
        settings = Settings(rounds=options.rounds, **({} if options.threads is None else {"threads": options.threads}))
    except GeometryError as error:
        parser.error(str(error))
    data: dict[str, Any] = {}
    rows = []
    for name, points in series(settings.threads).items():
        seconds = measure(points, settings.rounds)
        quantities = [point.quantity for point in points]
        rates = [point.layer.useful_flops / s / 1e9 for point, s in zip(points, seconds, strict=True)]
        fits = exponent(quantities, seconds), exponent(quantities[-2:], seconds[-2:])
        data[name] = {
            "quantities": quantities,
            "seconds": seconds,
            "exponent": fits[0],
            "exponent_of_last_two": fits[1],
        }
        told = ("-" if fit is None else f"{fit:.2f}" for fit in fits)
        rows.append((name, f"{quantities[0]}..{quantities[-1]}", *_from_to(seconds, 1e3), *told, *_from_to(rates, 1)))
    print(
        table_text(
            f"Growth of op(x, out=y), {settings.threads} threads; time ~ quantity to the exponent",
            ("what grows", "from..to", "first ms", "last ms", "exponent", "of last two", "first GFLOP/s", "last"),
            rows,
            right=(2, 3, 4, 5, 6, 7),
        )
    )
    if options.json:
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    return 0


def _from_to(values: Sequence[float], scale: float) -> tuple[str, str]:
    return f"{values[0] * scale:.3g}", f"{values[-1] * scale:.3g}"


if __name__ == "__main__":
    sys.exit(main())
