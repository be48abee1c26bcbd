"""JAX: lax.conv_general_dilated of the flipped kernel under jit, in both layouts, its weights constants."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from ...conventions.jax import aborts, miscomputed
from .contender import Contender, Ready, Task, Unable, usable_cpus


def channels_first(task: Task) -> Ready | Unable:
    """In the layout that the data has."""
    return _ready(task, last=False)


def channels_last(task: Task) -> Ready | Unable:
    """In the layout that XLA prefers on CPUs."""
    return _ready(task, last=True)


def _ready(task: Task, last: bool) -> Ready | Unable:
    import numpy as np

    layer, g = task.layer, task.layer.geometry
    pads = [axis.direct().pad for axis in g.axes]
    if g.ndim > 3:
        return Unable("XLA on CPUs takes up to three axes")
    if any(aborts(g.ndim, axis) for axis in g.axes):
        return Unable("XLA may end the process on layers of three axes with kernel 2, stride 2 and no pads")
    if any(miscomputed(*pair) for pair in pads):
        return Unable("XLA on CPUs computes such pads wrongly (openxla/xla issue 48713)")
    jax = _loaded(task.threads)
    if isinstance(jax, Unable):
        return jax
    per_group = layer.c_in // g.groups
    kernel = task.w.reshape(g.groups, per_group, *task.w.shape[1:]).swapaxes(1, 2)
    kernel = np.flip(kernel.reshape(layer.c_out, per_group, *g.kernel_size), tuple(range(2, g.ndim + 2)))
    x, space = task.x, "DHW"[-g.ndim :]
    numbers = (f"NC{space}", f"OI{space}", f"NC{space}")
    bias = task.bias.reshape(-1, *(1,) * g.ndim)
    if last:
        x, kernel, bias = np.moveaxis(x, 1, -1), np.moveaxis(kernel, (0, 1), (-1, -2)), task.bias
        numbers = (f"N{space}C", f"{space}IO", f"N{space}C")
    # Contiguous: XLA would fold the flip of a large constant for a long time.
    x, kernel = np.ascontiguousarray(x), np.ascontiguousarray(kernel)

    def layer_of(x: Any) -> Any:
        y = jax.lax.conv_general_dilated(
            x,
            kernel,
            (1,) * g.ndim,
            pads,
            lhs_dilation=g.stride,
            rhs_dilation=g.dilation,
            dimension_numbers=numbers,
            feature_group_count=g.groups,
            precision=jax.lax.Precision.HIGHEST,
        )
        return y + bias

    with jax.enable_x64(layer.dtype == "float64"):
        held = jax.device_put(x)
        compiled = jax.jit(layer_of).lower(held).compile()
    array = (lambda y: np.moveaxis(np.asarray(y), -1, 1)) if last else np.asarray
    return Ready(lambda: compiled(held).block_until_ready(), array)


_threads_of_client: list[int] = []
"""Of XLA's client, which is made once in a process and keeps its threads."""


def _loaded(threads: int) -> Any:
    """JAX on the CPU with so many threads."""
    if not _threads_of_client and "jax" not in sys.modules:
        # XLA reads it while it makes the client.
        before = os.environ.get("NPROC")
        os.environ["NPROC"] = str(threads)
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # it tells at length of constants that it folds
        try:
            import_module("jax").devices()
        finally:
            os.environ.pop("NPROC") if before is None else os.environ.update(NPROC=before)
        _threads_of_client.append(threads)
    elif not _threads_of_client:
        # Whoever loaded it took what XLA takes by itself.
        _threads_of_client.append(usable_cpus())
    if _threads_of_client[0] != threads:
        return Unable(
            f"JAX has {_threads_of_client[0]} threads in this process already, and cannot change to {threads}"
        )
    return import_module("jax")


CONTENDERS = (
    Contender("JAX", "JAX", channels_first, ("jax",)),
    Contender("JAX, channels last", "JAX", channels_last, ("jax",)),
)
