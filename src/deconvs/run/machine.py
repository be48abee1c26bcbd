"""What the planner knows of the processor: vectors, registers, caches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

_USUAL = {1: 32 * 1024, 2: 512 * 1024, 3: 8 * 2**20}
"""Bytes of a core's data caches where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One instruction set on this processor."""

    isa: str
    vector_bytes: int
    registers: int
    most_vectors: tuple[int, ...]
    products_per_cycle: int
    l1: int
    l2: int
    l3: int

    def lanes(self, itemsize: int) -> int:
        """Elements of a vector."""
        return self.vector_bytes // itemsize


@lru_cache(maxsize=8)
def machine(core: Any, isa: str) -> Machine:
    """The machine as the native core sees it under an instruction set."""
    size, registers, most, products = core.vectors(isa)
    return Machine(isa, size, registers, tuple(most), products, *(cache_bytes(level) for level in (1, 2, 3)))


@lru_cache(maxsize=4)
def cache_bytes(level: int) -> int:
    """Bytes of the data or shared cache of the first core at ``level``."""
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            if int((index / "level").read_text()) == level and (index / "type").read_text().strip() != "Instruction":
                text = (index / "size").read_text().strip()
                return int(text[:-1]) * {"K": 1024, "M": 2**20}[text[-1]]
        except (OSError, ValueError, KeyError, IndexError):
            continue
    return _USUAL[level]


_PAST_FROM = 4 * 2**20
"""Bytes of a result that is not kept in caches while it is written: by the time it is read they hold other things."""


def past_caches(shape: tuple[int, ...], itemsize: int) -> bool:
    """Whether a result is stored past the caches, which saves reading its memory first."""
    return prod(shape) * itemsize >= _PAST_FROM


def imbalance(jobs: int, threads: int) -> float:
    """How many times as long ``jobs`` of the same work take as if they could be shared out evenly.

    Threads are not equally fast, on shared machines by a fifth or more: the last to come back is waited for, and the
    smaller the jobs the less long.
    """
    if threads == 1:
        return 1.0
    return -(-jobs // threads) * threads / jobs + _UNEVEN * (threads - 1) / jobs


_UNEVEN = 0.25
"""Part of a job for which the last thread is waited for."""
