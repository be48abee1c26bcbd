"""How time is taken: in quiet blocks, by turns."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PAUSE = 0.08
"""Seconds before a block: worker threads of the runtime before it spin for a while, and would take a core from it."""
WARM_UP, TIMED = 2, 3
SHORT = 200e-6
"""Calls shorter than this are timed several at once: a clock costs a part of a microsecond, and so does the loop."""
LONG = 0.4
"""Calls longer than this are warmed up once and timed once a block: they are never the best, and would take minutes."""
HOPELESS = 2.0
"""Calls longer than this are not called again: that once is their time. Some runtimes multiply by all the zeros."""


def block(call: Callable[[], Any], roughly: float, pause: float = PAUSE) -> list[float]:
    """Seconds of a call, several times, after a pause and a warm-up; ``roughly`` is what a call takes.

    >>> times = block(lambda: None, roughly=1e-6, pause=0)
    >>> len(times), max(times) < 1
    (3, True)
    """
    at_once = max(1, round(SHORT / max(roughly, 1e-7))) if roughly < SHORT else 1
    long = roughly > LONG
    found = []
    time.sleep(pause)
    with no_collection():
        for _ in range(1 if long else WARM_UP):
            for _ in range(at_once):
                call()
        for _ in range(1 if long else TIMED):
            start = time.perf_counter()
            for _ in range(at_once):
                call()
            found.append((time.perf_counter() - start) / at_once)
    return found


def estimate(call: Callable[[], Any]) -> float:
    """Seconds of one call, roughly: the faster of two."""
    found = []
    for _ in range(2):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
        if found[0] > LONG:
            break
    return min(found)


@contextmanager
def no_collection() -> Iterator[None]:
    """Without Python's cyclic collector, whose turn takes 100 ms with several frameworks loaded."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
