"""What every contender is: a name, and a way to make a call of a layer and its data."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ..layer import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Task:
    """A layer with its data, contiguous and channels first, and the threads that everyone gets."""

    layer: Layer
    x: NDArray[Any]
    w: NDArray[Any]
    bias: NDArray[Any]
    threads: int


@dataclass(frozen=True)
class Ready:
    """``call`` is what is timed; ``array`` turns what it returns into NumPy, channels first.

    ``owner`` is the operator behind it, or whatever must live as long as the call.
    """

    call: Callable[[], Any]
    array: Callable[[Any], NDArray[Any]]
    owner: Any = None


@dataclass(frozen=True)
class Unable:
    """Why a contender does not take part in a layer."""

    reason: str


@dataclass(frozen=True)
class Contender:
    """A way to call a runtime.

    >>> Contender("NumPy", "", lambda task: Unable("it has no such layer"), needs=("no_such_module",)).missing()
    'no_such_module is not installed'

    peer: the runtime, or empty for this package. reuses: whether the result's memory is the same at every call, which
    spares the page faults of a large new one: such a way is compared with ``out=`` only.
    """

    name: str
    peer: str
    ready: Callable[[Task], Ready | Unable]
    needs: tuple[str, ...] = ()
    reuses: bool = False

    def missing(self) -> str:
        """What is not installed, in words; empty where nothing is missing."""
        lacking = [name for name in self.needs if find_spec(name) is None]
        return f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not installed" if lacking else ""


def usable_cpus() -> int:
    """CPUs that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
