"""Times this package against the peers installed, layer by layer; prints a table of ratios.

    python -m benchmarks.bench              # all layers
    python -m benchmarks.bench unet sam     # those whose names begin so

Everything runs in one process, in turns: one block of each contender, then the next round. A block pauses 80 ms (so
that worker threads of the runtime before it have stopped spinning), warms up, then times three calls; the median over
all rounds is reported. Every contender's result is compared with the first one's before anything is timed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from math import exp, log
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from .layers import LAYERS, Layer

PAUSE = 0.08
WARM_UP, TIMED = 2, 3

Call = Callable[[], Any]


@dataclass(frozen=True)
class Measured:
    """Seconds of one call, median and spread (the middle half), per contender."""

    layer: Layer
    seconds: dict[str, float]
    spread: dict[str, float]


def contenders(layer: Layer, rng: np.random.Generator) -> dict[str, Call]:
    """Ready-to-call operators on the same random float32 data, ours first."""
    g = layer.geometry
    x = rng.normal(size=(layer.batch, layer.c_in, *layer.size)).astype(np.float32)
    w = rng.normal(size=(layer.c_in, layer.c_out // g.groups, *g.kernel_size)).astype(np.float32)
    bias = rng.normal(size=layer.c_out).astype(np.float32)
    operator = g.prepare(w, bias)
    found: dict[str, Call] = {"deconvs (NumPy)": lambda: operator(x)}
    if find_spec("torch"):
        found |= _torch(layer, x, w, bias)
    return found


def _torch(layer: Layer, x: Any, w: Any, bias: Any) -> dict[str, Call]:
    import torch

    g = layer.geometry
    function = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}[g.ndim]
    options = {
        "stride": g.stride,
        "padding": tuple(b for b, _ in g.crop),
        "output_padding": tuple(b - e for b, e in g.crop),
        "groups": g.groups,
        "dilation": g.dilation,
    }
    tensors = [torch.from_numpy(array) for array in (x, w, bias)]

    def call(x: Any, w: Any) -> Any:
        with torch.inference_mode():
            return function(x, w, tensors[2], **options).numpy()

    found: dict[str, Call] = {"PyTorch": lambda: call(tensors[0], tensors[1])}
    if g.ndim == 2:
        last = [tensor.to(memory_format=torch.channels_last) for tensor in tensors[:2]]
        found["PyTorch channels_last"] = lambda: call(*last)
    return found


def measure(layer: Layer, rounds: int, rng: np.random.Generator) -> Measured:
    """Check, then time in turns."""
    calls = contenders(layer, rng)
    expected = next(iter(calls.values()))()
    # Float32 sums of so many products of normal numbers: a wrong pixel is off by the size of the sums themselves.
    terms = layer.c_in // layer.geometry.groups * np.prod(layer.geometry.kernel_size)
    for name, call in calls.items():
        np.testing.assert_allclose(call(), expected, rtol=1e-4, atol=1e-5 * terms**0.5 * 8, err_msg=name)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            time.sleep(PAUSE)
            for _ in range(WARM_UP):
                call()
            for _ in range(TIMED):
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    spread = {name: float(np.subtract(*np.percentile(found, [75, 25]))) for name, found in times.items()}
    return Measured(layer, {name: median(found) for name, found in times.items()}, spread)


def import_seconds(processes: int = 9) -> float:
    """Median time of ``import deconvs``, each in a fresh process."""
    code = "import time; start = time.perf_counter(); import deconvs; print(time.perf_counter() - start)"
    runs = (subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(processes))
    return median(float(run.stdout) for run in runs)


def table(results: list[Measured]) -> Table:
    """Milliseconds, and how many times as fast as each peer this package is (above 1: faster)."""
    peers = list(dict.fromkeys(name for result in results for name in list(result.seconds)[1:]))
    shown = Table(title="Time of one call; ratios are the peer's time over ours")
    for heading in ("layer", "N, Cin -> Cout, input", "ours ms", "± ms", *(f"x {peer}" for peer in peers)):
        shown.add_column(heading, justify="left" if heading in ("layer", "N, Cin -> Cout, input") else "right")
    ratios: dict[str, list[float]] = {peer: [] for peer in peers}
    for result in results:
        (ours, mine), *_ = result.seconds.items()
        cells = []
        for peer in peers:
            if peer in result.seconds:
                ratios[peer].append(result.seconds[peer] / mine)
                cells.append(f"{ratios[peer][-1]:.2f}")
            else:
                cells.append("-")
        layer = result.layer
        what = f"{layer.batch}, {layer.c_in} -> {layer.c_out}, {'x'.join(map(str, layer.size))}"
        shown.add_row(layer.name, what, f"{mine * 1e3:.2f}", f"{result.spread[ours] * 1e3:.2f}", *cells)
    shown.add_section()
    means = [f"{exp(sum(map(log, found)) / len(found)):.2f}" if found else "-" for found in ratios.values()]
    shown.add_row("geometric mean", "", "", "", *means)
    return shown


def main() -> None:
    """Parse arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of layer names; by default all layers")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender (default 5)")
    options = parser.parse_args()
    layers = [layer for layer in LAYERS if layer.name.startswith(tuple(options.names) or "")]
    if not layers:
        parser.error(
            f"no layer begins with {' or '.join(options.names)}; there are {', '.join(layer.name for layer in LAYERS)}"
        )
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; use at least 1")
    rng = np.random.default_rng(0)
    console = Console()
    results = []
    with Progress(console=console) as progress:
        task = progress.add_task("layers", total=len(layers))
        for layer in layers:
            progress.update(task, description=layer.name)
            results.append(measure(layer, options.rounds, rng))
            progress.advance(task)
    console.print(table(results))
    console.print(f"import deconvs: {import_seconds() * 1e3:.0f} ms (median of fresh processes)")
    if not find_spec("torch"):
        console.print("PyTorch is not installed: pip install 'deconvs[bench]' to compare with it.")


if __name__ == "__main__":
    main()
