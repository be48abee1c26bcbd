"""ONNX Runtime: a model of one node, its weights initialisers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...conventions import write
from ...errors import Refusal
from .contender import Contender, Ready, Task, Unable


def spinning(task: Task) -> Ready | Unable:
    """session.run as everyone calls it: worker threads spin between calls, which is the default."""
    return _fresh(task, spin=True)


def sleeping(task: Task) -> Ready | Unable:
    """The same, its worker threads asleep between calls."""
    return _fresh(task, spin=False)


def bound(task: Task) -> Ready | Unable:
    """Input and output bound to memory once, spinning: what a server would do."""
    session = _session(task, spin=True)
    if isinstance(session, Unable):
        return session
    runtime = import_module("onnxruntime")
    binding = session.io_binding()
    x = runtime.OrtValue.ortvalue_from_numpy(task.x)
    y = runtime.OrtValue.ortvalue_from_shape_and_type(task.layer.shapes[2], task.x.dtype.type)
    binding.bind_ortvalue_input("x", x)
    binding.bind_ortvalue_output("y", y)
    return Ready(lambda: session.run_with_iobinding(binding), lambda _: y.numpy(), (x, y))


def _fresh(task: Task, spin: bool) -> Ready | Unable:
    session = _session(task, spin)
    if isinstance(session, Unable):
        return session
    feed = {"x": task.x}
    return Ready(lambda: session.run(None, feed), lambda results: results[0])


def _session(task: Task, spin: bool) -> Any:
    params = write("onnx", task.layer.geometry, task.layer.size)
    if isinstance(params, Refusal):
        return Unable(params.reason)
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = task.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
    return runtime.InferenceSession(_model(task, params), options, providers=["CPUExecutionProvider"])


def _model(task: Task, params: dict[str, object]) -> bytes:
    onnx = import_module("onnx")
    helper, from_array = onnx.helper, import_module("onnx.numpy_helper").from_array
    kind = helper.np_dtype_to_tensor_dtype(task.x.dtype)
    x_shape, _, y_shape = task.layer.shapes
    graph = helper.make_graph(
        [helper.make_node("ConvTranspose", ["x", "w", "bias"], ["y"], **params)],
        "layer",
        [helper.make_tensor_value_info("x", kind, x_shape)],
        [helper.make_tensor_value_info("y", kind, y_shape)],
        [from_array(task.w, "w"), from_array(task.bias, "bias")],
    )
    # An older version of the file format is read by more runtimes.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    text: bytes = model.SerializeToString()
    return text


CONTENDERS = (
    Contender("ONNX Runtime", "ONNX Runtime", spinning, ("onnxruntime", "onnx")),
    Contender("ONNX Runtime, no spinning", "ONNX Runtime", sleeping, ("onnxruntime", "onnx")),
    Contender("ONNX Runtime, bound", "ONNX Runtime", bound, ("onnxruntime", "onnx"), reuses=True),
)
