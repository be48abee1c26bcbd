"""What a call costs besides the work: microseconds of tiny layers.

    python -m benchmarks.overhead

The difference between op(x, out=y) and the kernel alone, called with finished arguments, is what checks, shapes and the
way through Python cost. PyTorch's function stands beside it, where it is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from deconvs import ConvTranspose
from deconvs.benchmark import Layer, Settings
from deconvs.benchmark.contenders import CONTENDERS, Ready, Task
from deconvs.benchmark.quiet import block, estimate
from deconvs.errors import GeometryError
from deconvs.tables import table_text

TINY = (
    Layer("4x4 k2 s2", "overhead", 1, 1, 1, (4, 4), ConvTranspose(2, 2, ndim=2)),
    Layer("4x4 k4 s2 p1", "overhead", 1, 1, 1, (4, 4), ConvTranspose(4, 2, 1, ndim=2)),
    Layer("4x4 k3 s1, 4->4", "overhead", 1, 4, 4, (4, 4), ConvTranspose(3, 1, 1, ndim=2)),
    Layer("16 k4 s2 p1", "overhead", 1, 1, 1, (16,), ConvTranspose(4, 2, 1, ndim=1)),
    Layer("2x2x2 k2 s2", "overhead", 1, 1, 1, (2, 2, 2), ConvTranspose(2, 2, ndim=3)),
)
CALLED = ("deconvs", "deconvs out=", "deconvs functional", "PyTorch")
KERNEL = "kernel"


def calls(layer: Layer, threads: int) -> dict[str, Callable[[], Any]]:
    """What is timed, by name; the kernel alone where the operator hands it out."""
    task = Task(layer, *layer.data(), threads)
    found: dict[str, Callable[[], Any]] = {}
    for contender in CONTENDERS:
        if contender.name in CALLED and not contender.missing():
            made = contender.ready(task)
            if isinstance(made, Ready):
                found[contender.name] = made.call
    alone = kernel_alone(layer, task)
    return found if alone is None else {KERNEL: alone, **found}


def kernel_alone(layer: Layer, task: Task) -> Callable[[], Any] | None:
    """The native kernel with finished arguments: op.kernel_call(x, out), a function of nothing, where there is one."""
    op = layer.geometry.prepare(task.w, task.bias)
    made = getattr(op, "kernel_call", None)
    if made is None:
        return None
    result: Callable[[], Any] = made(task.x, np.empty(layer.shapes[2], task.x.dtype))
    return result


def measure(layer: Layer, settings: Settings) -> dict[str, float]:
    """Median microseconds of each call, in turns."""
    found = calls(layer, settings.threads)
    roughly = {name: estimate(call) for name, call in found.items()}
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(settings.rounds):
        for name, call in found.items():
            times[name] += block(call, roughly[name], settings.pause)
    return {name: 1e6 * median(taken) for name, taken in times.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, measure, print; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="turns of each call (default 7)")
    parser.add_argument("--threads", type=int, help="threads (default: all usable CPUs)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found")
    options = parser.parse_args(arguments)
    try:
        settings = Settings(rounds=options.rounds, **({} if options.threads is None else {"threads": options.threads}))
    except GeometryError as error:
        parser.error(str(error))
    data = {layer.name: measure(layer, settings) for layer in TINY}
    print(table(data))
    if options.json:
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    return 0


def table(data: dict[str, dict[str, float]]) -> str:
    """Microseconds, and what is over the kernel."""
    rows = []
    for name, times in data.items():
        over = [
            f"{times[called] - times[KERNEL]:.1f}" if KERNEL in times and called in times else "-"
            for called in CALLED[:2]
        ]
        rows.append((name, *(f"{times[c]:.1f}" if c in times else "-" for c in (KERNEL, *CALLED)), *over))
    return table_text(
        "Microseconds of a call on tiny layers",
        ("layer", "kernel", "op(x)", "op(x, out=y)", "function", "PyTorch's", "op(x) over kernel", "out= over kernel"),
        rows,
        right=tuple(range(1, 8)),
    )


if __name__ == "__main__":
    sys.exit(main())
