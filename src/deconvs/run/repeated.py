"""Calls of the functional form like an earlier one: only the weights are read and packed anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from .border import own_kind, shared
from .by_core import Job, job_key, repeatable
from .native import load

Array = NDArray[Any]

_KEPT = 256
_jobs: dict[Any, Job] = {}


@dataclass(slots=True)
class RepeatedCall:
    """A call whose arguments say by themselves which job it is; ``job``: that of an earlier one, if there was one."""

    key: tuple[Any, ...]
    job: Job | None
    data: Array
    weight: Array
    bias: Array | None
    target: Array | None
    x: Any
    out: Any

    def run(self) -> Any:
        """The result; None where the weights are not finite, which other kernels may have to compute."""
        job = self.job
        if job is None or not repeatable(self.data, self.target):
            return None
        restore = None if self.data is self.x else own_kind(self.x)
        packed = job.engine.pack(job.kernel, self.weight, self.bias, (0, 0.0), job.threads)
        if not packed.finite:
            return None
        y = job.again(packed, self.data, self.target)
        return self.out if self.out is not None else y if restore is None else restore(y)

    def keep(self, jobs: dict[Any, Job]) -> None:
        """Remember how it was computed, if that was by a job for these very arrays; not the weights."""
        job = jobs.get(self.key[0])
        if job is not None:
            if len(_jobs) >= _KEPT:
                _jobs.clear()
            _jobs[self.key] = replace(job, packed=None)


def find(
    x: Any, weight: Any, bias: Any, parameters: tuple[Any, ...], out: Any, threads: Any, kernel: str | None
) -> RepeatedCall | None:
    """The call with these arguments; None where they must be read with more care, or there is no native core."""
    core = load()
    if core is None or not plain(parameters) or not (threads is None or type(threads) is int):
        return None
    data, target, kernels, offsets = shared(x), shared(out), shared(weight), shared(bias)
    if data is None or kernels is None or (target is None) != (out is None) or (offsets is None) != (bias is None):
        return None
    key = (
        job_key(data, target, core.default_threads() if threads is None else threads),
        kernels.shape,
        kernels.dtype,
        None if offsets is None else (offsets.shape, offsets.dtype),
        parameters,
        kernel,
        core.chosen(),
    )
    return RepeatedCall(key, _jobs.get(key), data, kernels, offsets, target, x, out)


def plain(value: object) -> bool:
    """Integers and tuples of them: True and 2.0 are equal to integers, and would be taken for them."""
    return type(value) is int or (type(value) is tuple and all(map(plain, value)))
