"""PyTorch's functional form, in both layouts, with constant weights."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...conventions import write
from ...errors import Refusal
from .contender import Contender, Ready, Task, Unable

LAST = {2: "channels_last", 3: "channels_last_3d"}


def plainly(task: Task) -> Ready | Unable:
    """torch.conv_transposeNd as everyone calls it."""
    return _ready(task, None)


def channels_last(task: Task) -> Ready | Unable:
    """x and weight in channels_last, which PyTorch has for two and three axes; the result is so, too."""
    ndim = task.layer.geometry.ndim
    if ndim not in LAST:
        return Unable(f"PyTorch's channels_last memory formats are for 2 and 3 spatial axes, not {ndim}")
    return _ready(task, LAST[ndim])


def _ready(task: Task, memory_format: str | None) -> Ready | Unable:
    params = write("torch", task.layer.geometry, task.layer.size)
    if isinstance(params, Refusal):
        return Unable(params.reason)
    torch = import_module("torch")
    torch.set_num_threads(task.threads)
    function = getattr(torch, f"conv_transpose{task.layer.geometry.ndim}d")
    options = {name: params[name] for name in ("stride", "padding", "output_padding", "groups", "dilation")}
    x, w, bias = (torch.from_numpy(array) for array in (task.x, task.w, task.bias))
    if memory_format is not None:
        kind = getattr(torch, memory_format)
        x, w = (tensor.to(memory_format=kind) for tensor in (x, w))
    mode = torch.inference_mode

    def call() -> Any:
        with mode():
            return function(x, w, bias, **options)

    return Ready(call, lambda result: result.numpy())


CONTENDERS = (
    Contender("PyTorch", "PyTorch", plainly, ("torch",)),
    Contender("PyTorch channels_last", "PyTorch channels_last", channels_last, ("torch",)),
)
