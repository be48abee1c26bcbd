"""`deconvs bench`: one layer of the user's, timed against the peers that are installed."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from . import cli_values
from .arguments import integer
from .errors import GeometryError


def bench(
    size: Annotated[str, typer.Option("--input-size", "-i", help="Input size, such as 64x64.")],
    channels: Annotated[str, typer.Option("--channels", "-c", help="C_in,C_out, such as 256,128.")],
    kernel_size: Annotated[str, typer.Option("--kernel-size", "-k", help="Taps per axis: 3 or 3x4.")] = "3",
    stride: Annotated[str, typer.Option("--stride", "-s", help="2 or 2x1.")] = "1",
    padding: Annotated[str, typer.Option("--padding", "-p", help="1, 1x2, or begin:end as in 0:1x-1:0.")] = "0",
    output_padding: Annotated[str, typer.Option("--output-padding", "-o", help="1 or 1x0.")] = "0",
    dilation: Annotated[str, typer.Option("--dilation", "-d", help="2 or 2x1.")] = "1",
    groups: Annotated[str, typer.Option("--groups", "-g", metavar="INTEGER", help="Channel groups.")] = "1",
    batch: Annotated[str, typer.Option("--batch", "-n", metavar="INTEGER", help="Images in a batch.")] = "1",
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    threads: Annotated[
        str | None, typer.Option(metavar="INTEGER", help="Threads for everyone; by default all usable CPUs.")
    ] = None,
    rounds: Annotated[str, typer.Option(metavar="INTEGER", help="Turns of each contender.")] = "5",
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False,
) -> None:
    """Time a layer against PyTorch, ONNX Runtime, OpenVINO and JAX, as far as they are installed, and the machine.

    Everyone's result is checked first. Exit code 1 where this package's own is wrong.

    Example: deconvs bench -i 64x64 -c 256,128 -k 4 -s 2 -p 1. How it is measured: docs/benchmarks.md.
    """
    from .benchmark import Layer, Settings, measure
    from .benchmark.text import report_text

    sizes = cli_values.sizes("input_size", size)
    geometry = cli_values.geometry(len(sizes), kernel_size, stride, padding, output_padding, dilation, groups)
    images = integer("batch", cli_values.integer("batch", batch), minimum=1)
    turns = integer("rounds", cli_values.integer("rounds", rounds), minimum=1)
    settings = (
        Settings(rounds=turns)
        if threads is None
        else Settings(rounds=turns, threads=integer("threads", cli_values.integer("threads", threads), minimum=1))
    )
    layer = Layer("yours", "command line", images, *cli_values.channels("channels", channels), sizes, geometry, dtype)
    if 0 in geometry.output_size(sizes):
        raise GeometryError("there is nothing to time", f"the output is {geometry.output_size(sizes)}", "cut less")
    # Seconds pass: on a terminal a line says what is being done, and is wiped again.
    shown = sys.stderr.isatty()
    report = measure([layer], settings, _tell if shown else lambda _: None)
    if shown:
        _tell("")
    print(json.dumps(report.as_dict(), indent=2) if as_json else report_text(report))
    raise typer.Exit(1 if report.failures() else 0)


def _tell(text: str) -> None:
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
