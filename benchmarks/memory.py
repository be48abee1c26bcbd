"""Memory that a call works in, besides x, y and the packed weights, against its bound: told and measured.

    python -m benchmarks.memory
    python -m benchmarks.memory unet --threads 1

The bound is max((bytes of x + bytes of y) / 4, 1 MiB a thread). Told: op.workspace_bytes. Measured: how far the peak of
a fresh process's resident memory (Linux: VmHWM, reset before the call) rises above what was resident before it; of the
first call, which may also pack weights and start threads, and of the second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deconvs.benchmark import Layer, Settings
from deconvs.benchmark.layer import DTYPES
from deconvs.errors import GeometryError
from deconvs.memory import readable_bytes
from deconvs.tables import table_text

from .layers import chosen


def bound(layer: Layer, threads: int) -> int:
    """The most that a call may work in.

    >>> from deconvs import ConvTranspose
    >>> bound(Layer("up", "an example", 1, 1, 1, (4096,), ConvTranspose((2,), stride=2)), threads=2)
    2097152
    """
    weights = layer.c_in * layer.shapes[1][1] * DTYPES[layer.dtype]
    for taps in layer.geometry.kernel_size:
        weights *= taps
    return max((layer.bytes - weights) // 4, threads * 2**20)


def measure(layer: Layer, threads: int) -> dict[str, Any]:
    """In this process, which should have done nothing before: told, and the rise of the peak in two calls."""
    import numpy as np

    x, w, bias = layer.data()
    op = layer.geometry.prepare(w, bias)
    y = np.zeros(layer.shapes[2], x.dtype)
    y += 1  # zeros are not resident before they are written
    told = getattr(op, "workspace_bytes", None)
    rises = [_rise(lambda: op(x, out=y, threads=threads)) for _ in range(2)]
    packed = getattr(op, "packed_bytes", None)  # by the first call
    return {
        "layer": layer.name,
        "bound": bound(layer, threads),
        "told": int(told(x.shape)) if callable(told) else None,
        "packed": int(packed) if isinstance(packed, int) else None,
        "first": rises[0],
        "second": rises[1],
    }


def _rise(call: Any) -> int | None:
    """Bytes by which the peak rises above what is resident during the call; None where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = _status("VmRSS")
        call()
        return _status("VmHWM") - before
    except OSError:
        return None


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, measure each layer in a process of its own, print; the exit code: 1 where a bound is passed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="layers, or how their names begin; by default all")
    parser.add_argument("--threads", type=int, help="threads (default: all usable CPUs)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found")
    parser.add_argument("--here", action="store_true", help="measure in this process, print data")
    options = parser.parse_args(arguments)
    try:
        layers = chosen(options.names, everything=True)
        threads = Settings(**({} if options.threads is None else {"threads": options.threads})).threads
    except GeometryError as error:
        parser.error(str(error))
    if options.here:
        print(json.dumps([measure(layer, threads) for layer in layers]))
        return 0
    data = []
    for layer in layers:
        command = [sys.executable, "-m", "benchmarks.memory", "--here", f"--threads={threads}", layer.name]
        data += json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(table(data, threads))
    if options.json:
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    return int(any(one["told"] is not None and one["told"] > one["bound"] for one in data))


def table(data: Sequence[dict[str, Any]], threads: int) -> str:
    """Bytes for people."""

    def shown(value: int | None) -> str:
        return "-" if value is None else readable_bytes(max(0, value))

    rows = [
        (
            one["layer"],
            *(shown(one[name]) for name in ("bound", "told")),
            "-" if one["told"] is None else f"{one['told'] / one['bound']:.0%}",
            *(shown(one[name]) for name in ("packed", "first", "second")),
        )
        for one in data
    ]
    return table_text(
        f"Workspace of a call, {threads} threads",
        ("layer", "bound", "workspace", "of bound", "packed weights", "measured, first call", "second call"),
        rows,
        right=(1, 2, 3, 4, 5, 6),
    )


if __name__ == "__main__":
    sys.exit(main())
