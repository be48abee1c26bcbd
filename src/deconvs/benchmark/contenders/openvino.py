"""OpenVINO: one operation and its bias, compiled for latency, float32 where float32 is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...conventions import write
from ...errors import Refusal
from .contender import Contender, Ready, Task, Unable


def fresh(task: Task) -> Ready | Unable:
    """A result in memory of its own at every call, which OpenVINO writes to without a copy."""
    request = _request(task)
    if isinstance(request, Unable):
        return request
    import numpy as np

    tensor = import_module("openvino").Tensor
    shape, dtype = task.layer.shapes[2], task.x.dtype

    def call() -> Any:
        y = np.empty(shape, dtype)
        request.set_output_tensor(tensor(y, shared_memory=True))
        request.infer()
        return y

    return Ready(call, lambda y: y)


def reused(task: Task) -> Ready | Unable:
    """The request's own output, overwritten by the next call: how it is fastest."""
    request = _request(task)
    if isinstance(request, Unable):
        return request
    return Ready(request.infer, lambda _: request.get_output_tensor().data)


def _request(task: Task) -> Any:
    layer, g = task.layer, task.layer.geometry
    if layer.dtype != "float32":
        return Unable(f"OpenVINO computes float32 and less on CPUs, not {layer.dtype}")
    params: Any = write("onnx", g, layer.size)
    if isinstance(params, Refusal):
        return Unable(params.reason)
    openvino = import_module("openvino")
    operations = import_module("openvino.opset13")
    pads = params["pads"]
    common = {
        "strides": params["strides"],
        "pads_begin": pads[: g.ndim],
        "pads_end": pads[g.ndim :],
        "dilations": params["dilations"],
        "output_padding": params["output_padding"],
    }
    x = operations.parameter(list(task.x.shape), task.x.dtype, name="x")
    if g.groups == 1:
        y = operations.convolution_backprop_data(x, operations.constant(task.w), **common)
    else:
        grouped = task.w.reshape(g.groups, layer.c_in // g.groups, *task.w.shape[1:])
        y = operations.group_convolution_backprop_data(x, operations.constant(grouped), **common)
    y = operations.add(y, operations.constant(task.bias.reshape(1, -1, *(1,) * g.ndim)))
    compiled = openvino.Core().compile_model(
        openvino.Model([y], [x], "layer"),
        "CPU",
        {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": task.threads,
            "NUM_STREAMS": 1,
            # Some CPUs would be given bfloat16 otherwise.
            "INFERENCE_PRECISION_HINT": "f32",
        },
    )
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(task.x, shared_memory=True))
    return request


CONTENDERS = (
    Contender("OpenVINO", "OpenVINO", fresh, ("openvino",)),
    Contender("OpenVINO, reused output", "OpenVINO", reused, ("openvino",), reuses=True),
)
