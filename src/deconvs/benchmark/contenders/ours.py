"""This package: prepared, into given memory, as a function, on channels_last data."""

from __future__ import annotations

import os
from typing import Any

from ...conventions import write
from ...errors import Refusal
from .contender import Contender, Ready, Task, usable_cpus


def _itself(result: Any) -> Any:
    return result


def _threads(task: Task) -> int | None:
    """None where all CPUs are meant, the default: NumPy's path takes longer to limit BLAS than a small layer takes."""
    return None if task.threads == usable_cpus() and "DECONVS_NUM_THREADS" not in os.environ else task.threads


def prepared(task: Task) -> Ready:
    """op(x): every call returns memory of its own."""
    op = task.layer.geometry.prepare(task.w, task.bias)
    x, threads = task.x, _threads(task)
    return Ready(lambda: op(x, threads=threads), _itself, op)


def into(task: Task) -> Ready:
    """op(x, out=y): without the page faults of new memory."""
    import numpy as np

    op = task.layer.geometry.prepare(task.w, task.bias)
    x, threads = task.x, _threads(task)
    # Numbers that are not overwritten would be seen.
    y = np.full(task.layer.shapes[2], np.nan, task.x.dtype)
    return Ready(lambda: op(x, out=y, threads=threads), _itself, op)


def _spelled(task: Task) -> dict[str, Any]:
    """The parameters as people write them: 2 rather than (2, 2), padding rather than crops, where that says it."""

    def one_or_each(values: Any) -> Any:
        return values[0] if len(set(values)) == 1 else values

    g = task.layer.geometry
    params = write("torch", g, task.layer.size)
    if isinstance(params, Refusal):
        crop: dict[str, Any] = {"padding": g.crop}
    else:
        crop = {name: one_or_each(params[name]) for name in ("padding", "output_padding")}
    return {"stride": one_or_each(g.stride), **crop, "dilation": one_or_each(g.dilation), "groups": g.groups}


def functional(task: Task) -> Ready:
    """dc.conv_transpose: packs the weights at every call."""
    from ...run.fast import conv_transpose

    x, w, bias = task.x, task.w, task.bias
    options = {**_spelled(task), "threads": _threads(task)}
    return Ready(lambda: conv_transpose(x, w, bias, **options), _itself)


def channels_last(task: Task) -> Ready:
    """op(x) of x whose channels lie closest in memory."""
    import numpy as np

    op = task.layer.geometry.prepare(task.w, task.bias)
    threads = _threads(task)
    x = np.moveaxis(np.ascontiguousarray(np.moveaxis(task.x, 1, -1)), -1, 1)
    return Ready(lambda: op(x, threads=threads), _itself, op)


CONTENDERS = (
    Contender("deconvs", "", prepared),
    Contender("deconvs out=", "", into, reuses=True),
    Contender("deconvs functional", "", functional),
    Contender("deconvs channels_last", "", channels_last),
)
