"""Times this package against the peers installed, layer by layer; prints tables of ratios.

    python -m benchmarks.bench                    # the layers of published networks
    python -m benchmarks.bench unet sam           # those whose names begin so
    python -m benchmarks.bench --untuned          # layers that nobody tuned a kernel for
    python -m benchmarks.bench --all --runs 3 --json bench.json --plot bench.png

Everything runs in one process, in turns: one block of each contender, then the next round. A block pauses 80 ms (so
that worker threads of the runtime before it have stopped spinning), warms up, then times three calls; medians over all
rounds are reported. Every result is compared with float64 before anything is timed. docs/benchmarks.md says more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deconvs.benchmark import Layer, Report, Settings, measure
from deconvs.benchmark.text import report_text
from deconvs.errors import GeometryError

from . import plot
from .layers import chosen
from .runs import runs_as_dict, runs_text


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, measure, print; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="layers, or how their names begin; by default all of a list")
    parser.add_argument("--untuned", action="store_true", help="the layers that nobody tuned for, instead")
    parser.add_argument("--all", action="store_true", help="both lists")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contender (default 5)")
    parser.add_argument("--threads", type=int, help="threads for everyone (default: all usable CPUs)")
    parser.add_argument("--runs", type=int, default=1, help="fresh processes, one after the other (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it (.png, .svg, .pdf); needs matplotlib")
    options = parser.parse_args(arguments)
    try:
        layers = chosen(options.names, untuned=options.untuned, everything=options.all)
        threads = {} if options.threads is None else {"threads": options.threads}
        settings = Settings(rounds=options.rounds, **threads)
        if options.runs < 1:
            raise GeometryError("runs is too small", f"runs={options.runs}", "use an integer of at least 1")
        if options.plot:
            plot.check(options.plot)
        if options.json and not options.json.resolve().parent.is_dir():
            raise GeometryError("the folder of the data is not there", str(options.json), "make it first")
    except GeometryError as error:
        parser.error(str(error))
    if options.runs == 1:
        found = _one_run(layers, settings)
        print(report_text(found))
        data = [found.as_dict()]
    else:
        data = _several_runs(layers, settings, options.runs)
        print(runs_text(data))
    print(f"\nimport deconvs: {import_seconds() * 1e3:.0f} ms (median of fresh processes)")
    failures = [failure for run in data for failure in run["failures"].items()]
    for layer, reason in failures:
        print(f"{layer}: {reason}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(data[0] if len(data) == 1 else runs_as_dict(data), indent=1) + "\n")
    if options.plot:
        plot.draw(data, options.plot)
    return 1 if failures else 0


def _one_run(layers: list[Layer], settings: Settings) -> Report:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=len(layers))
        done: set[str] = set()

        def told(text: str) -> None:
            done.add(text.partition(":")[0])
            progress.update(task, description=text, completed=len(done) - 1)

        return measure(layers, settings, told)


def _several_runs(layers: list[Layer], settings: Settings, runs: int) -> list[dict[str, Any]]:
    """Each in a process of its own: memory, caches of compiled programs and thread pools are new each time."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(runs):
            print(f"run {run + 1} of {runs}", file=sys.stderr)
            file = Path(folder) / f"{run}.json"
            command = [sys.executable, "-m", "benchmarks.bench", *(layer.name for layer in layers)]
            command += [f"--rounds={settings.rounds}", f"--threads={settings.threads}", f"--json={file}"]
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
            found.append(json.loads(file.read_text()))
    return found


def import_seconds(processes: int = 5) -> float:
    """Median time of ``import deconvs``, each in a fresh process."""
    code = "import time; start = time.perf_counter(); import deconvs; print(time.perf_counter() - start)"
    runs = (subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(processes))
    return median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    sys.exit(main())
