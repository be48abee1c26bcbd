"""What the machine allows: the peak of multiply-adds and of memory, measured, and the time that a layer needs at least.

Samuel Williams, Andrew Waterman, David Patterson, "Roofline", 2009.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..run.native import load
from .layer import Layer

BURST = 0.02
"""Seconds that one measurement takes."""
STREAM_BYTES = 192 * 2**20
"""What NumPy copies to measure memory: well beyond the last cache of most CPUs."""


@dataclass(frozen=True)
class Machine:
    """What its threads reach: FLOP/s (a multiply-add is two), and bytes/s of memory, read and written together."""

    flops: float
    bandwidth: float


@dataclass(frozen=True)
class Limit:
    """The least time of a layer by the direct algorithm, and what holds it: 'products' or 'memory'."""

    seconds: float
    bound_by: str


def limit(layer: Layer, machine: Machine) -> Limit:
    """The larger of useful FLOPs over the peak, and of the bytes of x, w and y over the bandwidth.

    >>> from deconvs import ConvTranspose
    >>> layer = Layer("up", "an example", 1, 2, 3, (4,), ConvTranspose((3,), stride=2))   # 144 FLOPs, 212 bytes
    >>> limit(layer, Machine(flops=144.0, bandwidth=106.0))
    Limit(seconds=2.0, bound_by='memory')

    Products that are cropped away are not useful. An algorithm with fewer products can pass the first, a layer that
    stays in the caches the second.
    """
    products = layer.useful_flops / machine.flops
    memory = layer.bytes / machine.bandwidth
    return Limit(products, "products") if products >= memory else Limit(memory, "memory")


@dataclass(frozen=True)
class Gauge:
    """How the machine is measured; ``source`` says by what."""

    source: str
    flops: Callable[[int, bool, float], float]
    bandwidth: Callable[[int, float], float]


def gauge() -> Gauge:
    """The native core's measurements; without it NumPy's, which are somewhat below what is possible."""
    core = load()
    if core is not None:
        return Gauge("native", core.measure_flops, core.measure_bandwidth)
    return Gauge("NumPy", _numpy_flops, _numpy_bandwidth)


def last_cache_bytes() -> int | None:
    """Of the first CPU, where the system tells: Linux does."""
    found = []
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        try:
            text = index.read_text().strip()
            found.append(int(text.rstrip("KM")) * {"K": 2**10, "M": 2**20}.get(text[-1], 1))
        except (OSError, ValueError, IndexError):
            continue
    return max(found, default=None)


def _numpy_flops(threads: int, float64: bool, seconds: float) -> float:
    """BLAS on square matrices, the best of several; it has as many threads as NumPy's BLAS takes by itself."""
    import numpy as np

    size = 512
    a = np.ones((size, size), np.float64 if float64 else np.float32)
    out = np.empty_like(a)
    best, end = 0.0, time.perf_counter() + seconds
    np.matmul(a, a, out=out)
    while (start := time.perf_counter()) < end or not best:
        np.matmul(a, a, out=out)
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best


def _numpy_bandwidth(threads: int, seconds: float) -> float:
    """Copies by several threads, the best of several."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    count = STREAM_BYTES // 2 // 8 // threads
    pairs = [(np.ones(count), np.zeros(count)) for _ in range(threads)]
    best, end = 0.0, time.perf_counter() + seconds
    with ThreadPoolExecutor(threads) as pool:
        while (start := time.perf_counter()) < end or not best:
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs))
            best = max(best, 2 * 8 * count * threads / (time.perf_counter() - start))
    return best
