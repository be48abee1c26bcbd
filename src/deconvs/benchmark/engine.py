"""One layer after the other: everyone is made ready, checked, then timed in turns."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..arguments import integer
from .contenders import CONTENDERS, Contender, Ready, Task, Unable
from .contenders.contender import usable_cpus
from .correct import error_of, exact
from .layer import Layer
from .quiet import HOPELESS, LONG, PAUSE, block, estimate
from .results import OURS, Report, Result, Times
from .roofline import BURST, Gauge, gauge, last_cache_bytes

PACKAGES = ("deconvs", "numpy", "torch", "onnxruntime", "openvino", "jax")


@dataclass(frozen=True)
class Settings:
    """How to measure: turns of each contender, threads for everyone, the pause before a block, and who takes part.

    >>> Settings(rounds=0)
    Traceback (most recent call last):
    deconvs.errors.GeometryError: rounds is too small: rounds=0; use an integer of at least 1
    """

    rounds: int = 5
    threads: int = field(default_factory=usable_cpus)
    pause: float = PAUSE
    contenders: tuple[Contender, ...] = CONTENDERS

    def __post_init__(self) -> None:
        integer("rounds", self.rounds, minimum=1)
        integer("threads", self.threads, minimum=1)


def measure(layers: Iterable[Layer], settings: Settings, told: Callable[[str], None] = lambda _: None) -> Report:
    """Measure every layer. ``told`` hears what is being done.

    >>> from deconvs import ConvTranspose
    >>> layer = Layer("tiny", "an example", 1, 2, 3, (4,), ConvTranspose((3,), stride=2))
    >>> ours = tuple(contender for contender in CONTENDERS if not contender.peer)
    >>> report = measure([layer], Settings(rounds=1, pause=0, contenders=ours))
    >>> sorted(report.results[0].times)
    ['deconvs', 'deconvs channels_last', 'deconvs functional', 'deconvs out=']

    Who fails, or computes a layer wrongly, is left out of it, and the reason is kept: `Report.failures` has this
    package's own.
    """
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    meter = gauge()
    results = tuple(_measured(layer, settings, meter, told) for layer in layers)
    machine = machine_text(), last_cache_bytes()
    return Report(results, settings.threads, settings.rounds, meter.source, versions(), *machine, started)


def _measured(layer: Layer, settings: Settings, meter: Gauge, told: Callable[[str], None]) -> Result:
    told(f"{layer.name}: the exact result")
    x, w, bias = layer.data()
    task = Task(layer, x, w, bias, settings.threads)
    expected = exact(layer, x, w, bias)
    ready: dict[str, Ready] = {}
    unable: dict[str, str] = {}
    errors: dict[str, float] = {}
    roughly: dict[str, float] = {}
    times: dict[str, list[float]] = {}
    for contender in settings.contenders:
        name = contender.name
        told(f"{layer.name}: checking {name}")
        found = _checked(contender, task, expected)
        if isinstance(found, Unable):
            unable[name] = found.reason
            continue
        made, errors[name], first = found
        if first > HOPELESS:
            times[name] = [first]
        else:
            ready[name], roughly[name], times[name] = made, estimate(made.call), []
    del expected
    flops, bandwidth = [], []
    for turn in range(settings.rounds):
        told(f"{layer.name}: round {turn + 1} of {settings.rounds}")
        # Whoever began last time comes last: nobody always follows the same runtime.
        names = [*list(ready)[turn % len(ready) :], *list(ready)[: turn % len(ready)]] if ready else []
        for name in names:
            # What takes so long is no rival: two rounds say that, too.
            if roughly[name] < LONG or turn < 2:
                times[name] += block(ready[name].call, roughly[name], settings.pause)
        time.sleep(settings.pause)
        flops.append(meter.flops(settings.threads, layer.dtype == "float64", BURST))
        bandwidth.append(meter.bandwidth(settings.threads, BURST))
    kernel, workspace = _of_operator(ready[OURS].owner, layer) if OURS in ready else (None, None)
    taken = {name: Times(tuple(seconds)) for name, seconds in times.items()}
    return Result(layer, taken, unable, errors, tuple(flops), tuple(bandwidth), kernel, workspace)


def _checked(contender: Contender, task: Task, expected: Any) -> tuple[Ready, float, float] | Unable:
    """The contender made ready, its largest error and the seconds of its first call; or why it is none."""
    if lacking := contender.missing():
        return Unable(lacking)
    try:
        made = contender.ready(task)
        if isinstance(made, Unable):
            return made
        start = time.perf_counter()
        result = made.call()
        seconds = time.perf_counter() - start
        error, wrong = error_of(task.layer, made.array(result), expected)
    except Exception as error:  # whatever a foreign runtime raises is its reason
        words = " ".join(str(error).split())
        return Unable(f"{type(error).__name__}: {words[:300]}")
    return Unable(wrong) if wrong else (made, error, seconds)


def _of_operator(op: Any, layer: Layer) -> tuple[str | None, int | None]:
    """The kernel chosen, and the bytes it works in, where the operator tells."""
    kernel, workspace = getattr(op, "kernel", None), getattr(op, "workspace_bytes", None)
    x_shape = layer.shapes[0]
    return (
        None if kernel is None else str(kernel(x_shape) if callable(kernel) else kernel),
        int(workspace(x_shape)) if callable(workspace) else None,
    )


def versions() -> dict[str, str]:
    """Of what takes part, where it is installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine_text() -> str:
    """The CPU's name, and how many of it there are."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {usable_cpus()} CPUs"
