"""What was found: times by contender and layer, the machine, and ratios; as plain data, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import exp, log
from statistics import median
from typing import Any

from .contenders import CONTENDERS, PEERS
from .layer import Layer
from .roofline import Limit, Machine, limit

OURS, OUT, FUNCTIONAL, LAST = "deconvs", "deconvs out=", "deconvs functional", "deconvs channels_last"
PLAIN = "PyTorch"
SCHEMA = 1
"""Raised when the JSON changes its form."""


@dataclass(frozen=True)
class Times:
    """Seconds of a call: all that were taken, by round.

    >>> times = Times((3.0, 1.0, 2.0))
    >>> times.median, times.minimum, times.spread
    (2.0, 1.0, 0.5)
    """

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def minimum(self) -> float:
        return min(self.seconds)

    @property
    def spread(self) -> float:
        """The middle half's width over the median."""
        return (quantile(self.seconds, 0.75) - quantile(self.seconds, 0.25)) / self.median

    def as_dict(self) -> dict[str, Any]:
        return {
            "median": self.median,
            "minimum": self.minimum,
            "spread": self.spread,
            "seconds": list(self.seconds),
        }


@dataclass(frozen=True)
class Result:
    """One layer: times of those who take part, why others do not, errors against the exact result."""

    layer: Layer
    times: Mapping[str, Times]
    unable: Mapping[str, str]
    errors: Mapping[str, float]
    flops: tuple[float, ...]
    bandwidth: tuple[float, ...]
    kernel: str | None = None
    workspace_bytes: int | None = None

    def peer(self, peer: str, *, reuses: bool = False) -> float | None:
        """Seconds of a peer's fastest way; with ``reuses`` also of the ways that hand out the same memory again."""
        found = [
            self.times[contender.name].median
            for contender in CONTENDERS
            if contender.peer == peer and contender.name in self.times and (reuses or not contender.reuses)
        ]
        return min(found, default=None)

    def best(self, *, reuses: bool = False) -> tuple[str, float] | None:
        """The fastest peer, and its seconds."""
        found = [(name, self.peer(name, reuses=reuses)) for name in PEERS]
        return min(((name, s) for name, s in found if s is not None), key=lambda pair: pair[1], default=None)

    def ratio(self, peer: str | None = None, *, ours: str = OURS) -> float | None:
        """How many times as fast as a peer, or as the best of them, this package is. Like with like: ``out=`` is
        compared with every way that a peer can be called, what returns memory of its own with those that do so.
        """
        reuses = ours == OUT
        best = self.best(reuses=reuses)
        theirs = self.peer(peer, reuses=reuses) if peer is not None else (best[1] if best else None)
        return None if theirs is None or ours not in self.times else theirs / self.times[ours].median

    def functional_ratio(self) -> float | None:
        """The functional form against PyTorch's functional form."""
        return self.ratio(PLAIN, ours=FUNCTIONAL)


@dataclass(frozen=True)
class Report:
    """Several layers, measured in one process."""

    results: tuple[Result, ...]
    threads: int
    rounds: int
    source: str
    """What measured the machine: the native core, or NumPy."""
    versions: Mapping[str, str]
    machine_text: str
    last_cache: int | None = None
    """Bytes of the CPU's last cache: what fits in it can be faster than memory."""
    started: str = ""

    def failures(self) -> dict[str, str]:
        """Where this package itself failed, by layer: nothing of the rest counts then."""
        ours = [contender.name for contender in CONTENDERS if not contender.peer]
        return {
            result.layer.name: f"{name}: {result.unable[name]}"
            for result in self.results
            for name in ours
            if name in result.unable
        }

    def machine(self, dtype: str = "float32") -> Machine | None:
        """Upper quartiles of everything measured in the run: what others take from the machine in passing is not its
        limit, and a single lucky burst is not either.
        """
        flops = [f for result in self.results if result.layer.dtype == dtype for f in result.flops]
        bandwidth = [b for result in self.results for b in result.bandwidth]
        return Machine(quantile(flops, 0.75), quantile(bandwidth, 0.75)) if flops and bandwidth else None

    def machines(self) -> dict[str, Machine]:
        """By the types of the layers."""
        found = {dtype: self.machine(dtype) for dtype in dict.fromkeys(r.layer.dtype for r in self.results)}
        return {dtype: machine for dtype, machine in found.items() if machine is not None}

    def limit(self, result: Result) -> Limit | None:
        machine = self.machine(result.layer.dtype)
        return None if machine is None else limit(result.layer, machine)

    def share(self, result: Result) -> float | None:
        """The limit over the time with ``out=``: 1 is all that the direct algorithm can reach on this machine."""
        least = self.limit(result)
        return None if least is None or OUT not in result.times else least.seconds / result.times[OUT].median

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON; docs/benchmarks.md says what stands where."""
        return {
            "schema": SCHEMA,
            "started": self.started,
            "machine": self.machine_text,
            "threads": self.threads,
            "rounds": self.rounds,
            "versions": dict(self.versions),
            "last_cache_bytes": self.last_cache,
            "roofline": {
                "source": self.source,
                **{name: asdict(machine) for name, machine in self.machines().items()},
            },
            "layers": [self._result_as_dict(result) for result in self.results],
            "summary": self.summary(),
            "failures": self.failures(),
        }

    def _result_as_dict(self, result: Result) -> dict[str, Any]:
        least = self.limit(result)
        best = result.best()
        return {
            "layer": result.layer.as_dict(),
            "times": {name: times.as_dict() for name, times in result.times.items()},
            "unable": dict(result.unable),
            "errors": dict(result.errors),
            "best_peer": best and best[0],
            "ratios": {
                "best_peer": result.ratio(),
                "best_peer_out": result.ratio(ours=OUT),
                "functional": result.functional_ratio(),
                **{peer: result.ratio(peer) for peer in PEERS},
            },
            "limit": None if least is None else {"seconds": least.seconds, "bound_by": least.bound_by},
            "share": self.share(result),
            "fits_in_last_cache": self.cached(result),
            "measured": {"flops": list(result.flops), "bandwidth": list(result.bandwidth)},
            "kernel": result.kernel,
            "workspace_bytes": result.workspace_bytes,
        }

    def cached(self, result: Result) -> bool:
        """Whether x, w and y fit in the last cache, so that memory's limit can be passed."""
        return self.last_cache is not None and result.layer.bytes < self.last_cache

    def summary(self) -> dict[str, Any]:
        """Geometric means, the least, and how many layers are below 0.95, of every ratio."""
        ratios: dict[str, list[float | None]] = {
            "best_peer": [r.ratio() for r in self.results],
            "best_peer_out": [r.ratio(ours=OUT) for r in self.results],
            "functional": [r.functional_ratio() for r in self.results],
            **{peer: [r.ratio(peer) for r in self.results] for peer in PEERS},
            "share": [self.share(r) for r in self.results],
        }
        return {name: summarised(found) for name, found in ratios.items()}


def summarised(ratios: Iterable[float | None]) -> dict[str, Any] | None:
    """Of those that are there; None where none is.

    >>> summarised([2.0, 0.5, None])
    {'geometric_mean': 1.0, 'minimum': 0.5, 'below_0.95': 1, 'count': 2}
    """
    found = [ratio for ratio in ratios if ratio is not None]
    if not found:
        return None
    return {
        "geometric_mean": exp(sum(map(log, found)) / len(found)),
        "minimum": min(found),
        "below_0.95": sum(ratio < 0.95 for ratio in found),
        "count": len(found),
    }


def quantile(values: Iterable[float], share: float) -> float:
    """Between the two nearest of the sorted values, in proportion.

    >>> quantile([4.0, 1.0, 2.0], 0.75)
    3.0
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
