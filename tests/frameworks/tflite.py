"""TRANSPOSE_CONV in TensorFlow Lite's interpreter: its reference kernel and its built-in one.

The XNNPACK delegate is left out: it ends the process (a segmentation fault) for some outputs that the kernels take,
among them kernel 3, stride 3, input 1, SAME, output 1.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tensorflow import tensorflow


def run(params: dict[str, Any], x: NDArray[Any], weight: NDArray[Any], *, reference: bool = False) -> NDArray[Any]:
    """A model of one operator."""
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    assert weight.shape[1:3] == tuple(np.broadcast_to(params["kernel_size"], 2))
    return np.moveaxis(run_model(model_of(params, last.shape, weight), last, reference=reference), -1, 1)


def run_model(model: bytes, x: NDArray[Any], *, reference: bool = False) -> NDArray[Any]:
    """A model of one input and one output, channels last."""
    kinds = tensorflow().lite.experimental.OpResolverType
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = tensorflow().lite.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=kinds.BUILTIN_REF if reference else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def model_of(params: dict[str, Any], x_shape: tuple[int, ...], weight: NDArray[Any]) -> bytes:
    """A model of one TRANSPOSE_CONV."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    output = params["output_shape"]
    if len(output) == 2:
        output = (x_shape[0], *output, weight.shape[0])
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
    code.version = 1
    options = schema.TransposeConvOptionsT()
    options.padding = {"SAME": schema.Padding.SAME, "VALID": schema.Padding.VALID}[params["padding"]]
    options.strideH, options.strideW = params["stride_h"], params["stride_w"]
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, 2], [3]
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.TransposeConvOptions, options
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor(schema, "output_shape", [4], schema.TensorType.INT32, 1),
        _tensor(schema, "weights", weight.shape, schema.TensorType.FLOAT32, 2),
        _tensor(schema, "x", x_shape, schema.TensorType.FLOAT32, 0),
        _tensor(schema, "y", output, schema.TensorType.FLOAT32, 0),
    ]
    graph.operators, graph.inputs, graph.outputs = [operator], [2], [3]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = []
    for data in (b"", np.array(output, np.int32).tobytes(), weight.tobytes()):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        model.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(schema: Any, name: str, shape: Any, kind: int, buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, buffer
    return tensor
