"""Why a native kernel was chosen, in words and as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from textwrap import fill
from typing import Any

import numpy as np

from ..arguments import integer
from ..errors import GeometryError
from ..geometry import ConvTranspose, Sizes
from ..memory import readable_bytes
from ..tables import WIDTH, table_text
from ..words import size_text
from .by_core import lying
from .engine import KERNELS, WORTH, Choice, Engine, engine, read_kernel
from .gemm_plan import MOST_TAPS, GemmTiling
from .native import load, why_not
from .tiling import Tiling
from .toom_plan import ToomTiling, ToomWeights

_MEANING = {
    "phase": "each phase of the stride multiplies with its own taps; phases are woven into rows as they are stored",
    "union": "phases of the last axis share panels of weights, with zeros for taps that one lacks: fuller registers",
    "gemm": "every input is multiplied with every tap, nothing outside; products are added up where they land",
    "toom": "fewer products, by Toom-Cook",
}
_ABSENT = {
    "union": "union is the same as phase here: all phases of the last axis read the same inputs",
    "gemm": f"gemm cannot: it takes up to {MOST_TAPS:,} taps",
    "toom": "toom has nothing to save, or cannot: it takes 1 to 3 axes, undilated, with 1 to 3 taps a phase",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kernel as it would be used: what the cost model expects of one thread, and how it is laid out and cut."""

    kernel: str
    cycles: float
    products: int
    rows: int
    vectors: int
    channel_block: int
    block: tuple[int, ...]
    tile: tuple[int, ...]
    images: int
    jobs: int
    workspace_bytes: int
    packed_bytes: int


@dataclass(frozen=True, slots=True)
class Reasons:
    """What the planner compared for one input size, and what it took."""

    isa: str
    vector_bytes: int
    dtype: str
    threads: int
    kernel: str
    definition: int
    candidates: tuple[Candidate, ...]
    forced: bool

    @property
    def chosen(self) -> Candidate:
        """The one that computes."""
        return next(one for one in self.candidates if one.kernel == self.kernel)

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)

    def argument(self, indent: str = "") -> str:
        """The choice in a few lines."""
        one = self.chosen
        others = [each for each in self.candidates if each is not one]
        costs = ", ".join(f"{each.kernel} {millions(each.cycles)}" for each in others)
        because = f"because it is expected to take {millions(one.cycles)} million cycles of one thread"
        if self.forced:
            because += "; it was asked for by name"
        elif costs:
            because += f", {costs}"
        if not self.forced:
            if any(each.kernel == "toom" and each.cycles < one.cycles for each in others):
                because += f"; toom rounds a little differently, and is taken where it promises {WORTH} times the speed"
            absent = [_ABSENT[name] for name in KERNELS if name in _ABSENT and not self._has(name)]
            because += "".join(f"; {reason}" for reason in absent)
        lanes = self.vector_bytes // np.dtype(self.dtype).itemsize
        several = f", {one.images} images together" if one.images > 1 else ""
        unit = "positions" if prod(one.tile) == 1 else f"tiles of {size_text(one.tile)} positions"
        workers = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        jobs = f"{one.jobs:,} {'job' if one.jobs == 1 else 'jobs'} for {workers}"
        block = f"{size_text(one.block)} {unit}{several}, {one.channel_block} output channels at a time"
        memory = f"{readable_bytes(one.workspace_bytes)} to work in"
        lines = [
            f"{one.kernel}: {_MEANING[one.kernel]}{self._saved(one)}",
            because,
            f"registers: {one.rows} rows (output channel, phase) x {one.vectors} vectors of {lanes} {self.dtype}",
            f"cut into blocks of {block}: {jobs}",
            f"memory: {memory}, packed weights {readable_bytes(one.packed_bytes)}",
        ]
        first, *rest = (fill(line, WIDTH - len(indent), subsequent_indent="  ") for line in lines)
        text = "\n".join([first, *("  " + line.replace("\n", "\n  ") for line in rest)])
        return text.replace("\n", f"\n{indent}")

    def table(self) -> str:
        """The candidates beside each other."""
        best = self.chosen.cycles
        rows = [
            (
                f"{one.kernel}{' *' if one.kernel == self.kernel else ''}",
                millions(one.cycles),
                f"{one.cycles / best:.2f}",
                f"{one.products / self.definition:.0%}",
                f"{one.rows} x {one.vectors}",
                size_text(one.block) + (f" of {size_text(one.tile)}" if prod(one.tile) > 1 else ""),
                f"{one.jobs:,}",
                readable_bytes(one.workspace_bytes),
                readable_bytes(one.packed_bytes),
            )
            for one in self.candidates
        ]
        return table_text(
            "kernels; * computes",
            ("kernel", "Mcycles", "ratio", "products", "registers", "block", "jobs", "workspace", "packed"),
            rows,
            right=(1, 2, 3, 6, 7, 8),
        )

    def _saved(self, one: Candidate) -> str:
        if one.products >= self.definition:
            return ""
        return f": {one.products / self.definition:.0%} of the definition's"

    def _has(self, kernel: str) -> bool:
        return any(each.kernel == kernel for each in self.candidates)


def millions(cycles: float) -> str:
    """Cycles in millions, three digits of them."""
    value = cycles / 1e6
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def reasons(found: Engine, choice: Choice, batch: int, input_size: tuple[int, ...]) -> Reasons:
    """Everything about a choice that an engine made."""
    g = found.geometry
    definition = prod(g.kernel_size) * found.channels_in * found.channels_out * g.groups
    return Reasons(
        found.machine.isa,
        found.machine.vector_bytes,
        found.dtype.name,
        choice.threads,
        choice.kernel,
        definition,
        tuple(_candidate(found, name, cycles, choice, batch, input_size) for name, cycles in choice.modelled),
        found.kernel is not None,
    )


def _candidate(
    found: Engine, kernel: str, cycles: float, choice: Choice, batch: int, input_size: tuple[int, ...]
) -> Candidate:
    g = found.geometry
    output = g.output_size(input_size)
    one = found.candidate(kernel, batch, input_size, choice.threads)
    x = lying((batch, found.channels_in * g.groups, *input_size), found.dtype, False)
    y = lying((batch, found.channels_out * g.groups, *output), found.dtype, False)
    call = found.call(one, x, y)
    channels = found.channels_in * found.channels_out * g.groups
    weights, tiling = one.weights, one.tiling
    if isinstance(weights, ToomWeights):
        tile = tuple(axis.kind.outputs for axis in weights.axes)
        packed = weights.volume * channels
        products = -(-packed // prod(tile))
    else:
        tile = (1,) * g.ndim
        packed = products = weights.packed * g.groups
    assert isinstance(tiling, Tiling | GemmTiling | ToomTiling)
    return Candidate(
        kernel,
        cycles,
        products,
        weights.tile.rows,
        weights.tile.vectors,
        weights.channel_block,
        tiling.block,
        tile,
        tiling.images,
        call.jobs,
        int(call.scratch_bytes * min(choice.threads, call.jobs)),
        packed * found.dtype.itemsize,
    )


@dataclass(frozen=True, slots=True)
class NativeExplanation:
    """What computes a layer at a size on this machine; where NumPy does, ``why_not`` says why."""

    geometry: ConvTranspose
    input_size: tuple[int, ...]
    channels: tuple[int, int]
    batch: int
    dtype: str
    reasons: Reasons | None
    why_not: str | None

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "geometry": repr(self.geometry),
            "input_size": list(self.input_size),
            "channels": list(self.channels),
            "batch": self.batch,
            "dtype": self.dtype,
            "why_not": self.why_not,
            "native": None if self.reasons is None else self.reasons.as_dict(),
        }

    def __str__(self) -> str:
        head = (
            f"{self.geometry}\nat input {size_text(self.input_size)}, channels {self.channels}, batch {self.batch}, "
            f"{self.dtype}"
        )
        if self.reasons is None:
            return f"{head}\nby NumPy's gemm view: {self.why_not}"
        told = f"{head}\nby the native core, {self.reasons.isa}, {self.reasons.threads} threads"
        return f"{told.replace(' 1 threads', ' 1 thread')}\n\n{self.reasons.table()}\n\n{self.reasons.argument()}"


def explain_native(
    geometry: ConvTranspose,
    input_size: Sizes,
    *,
    channels: tuple[int, int] | None = None,
    batch: int = 1,
    dtype: str = "float32",
    threads: int | None = None,
) -> NativeExplanation:
    """Which native kernel computes a layer on this machine, and why.

    >>> from deconvs import ConvTranspose
    >>> explain_native(ConvTranspose((4,), stride=2, padding=1), (64,), channels=(8, 8)).batch
    1

    Errors: GeometryError.
    """
    sizes = geometry.sizes(input_size)
    c_in, c_out = channels or (geometry.groups, geometry.groups)
    # The plan checks channels and batch, and says what is wrong.
    geometry.plan("scatter").at(sizes, channels=(c_in, c_out), batch=batch)
    if dtype not in ("float32", "float64"):
        raise GeometryError("the native core does not compute in it", f"dtype={dtype!r}", "use float32 or float64")
    limit = None if threads is None else integer("threads", threads, minimum=1)
    told = geometry, sizes, (c_in, c_out), batch, dtype
    if (core := load()) is None:
        return NativeExplanation(*told, None, why_not())
    g = geometry.groups
    isa, kernel = core.chosen(), read_kernel(None)
    found = engine(core, geometry, c_in // g, c_out // g, np.dtype(dtype), isa, kernel)
    if found is None:
        return NativeExplanation(*told, None, "too many phases, or stamps that reach too far, for the native kernels")
    if batch == 0 or 0 in geometry.output_size(sizes):
        return NativeExplanation(*told, None, "the output is empty")
    choice = found.choose(batch, sizes, core.default_threads() if limit is None else limit)
    return NativeExplanation(*told, reasons(found, choice, batch, sizes), None)
