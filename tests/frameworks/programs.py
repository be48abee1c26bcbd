"""Running the programs that deconvs writes, in the frameworks themselves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import flax, jax, keras, tensorflow, tflite

Array = NDArray[Any]


def run_program(framework: str, code: str, x: Array, weights: list[Array], bias: Array | None) -> Array:
    """x is (N, C, *spatial), the result (N, C_out, *spatial), as for the drivers."""
    if framework == "torch":
        import torch

        if x.dtype.name == "bfloat16":  # which the two libraries do not pass to each other
            short = torch.from_numpy(x.astype(np.float32)).to(torch.bfloat16)
            return np.asarray(executed(code, short, weights, bias)["y"].detach().float().numpy())
        return np.asarray(executed(code, torch.from_numpy(x), weights, bias)["y"].detach().numpy())
    if framework == "onnx":
        return _in_onnx_runtime(executed(code, x, weights, bias)["model"], x)
    # Imported as the drivers do it, on the CPU and quietly.
    {"keras": keras.keras, "tensorflow": tensorflow.tensorflow, "tflite": tensorflow.tensorflow}.get(
        framework, {"jax": jax.lax, "flax": flax.nnx}.get(framework)
    )()  # type: ignore[misc]
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    if framework == "tflite":
        model = executed(code, last, weights, bias)["model"]
        images = [tflite.run_model(model, image[None]) for image in last]
        return np.moveaxis(np.concatenate(images), -1, 1)
    y = executed(code, last, weights, bias)["y"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = keras.keras().ops.convert_to_numpy(y) if framework == "keras" else y
    return np.moveaxis(np.asarray(y), -1, 1)


def executed(code: str, x: object, weights: list[Array], bias: Array | None) -> dict[str, Any]:
    """The names that a program leaves."""
    names: dict[str, Any] = {"x": x, "weights": weights, "weight": weights[0], "bias": bias}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "<ready code>", "exec"), names)
    return names


def _in_onnx_runtime(model: Any, x: Array) -> Array:
    import onnx
    import onnxruntime

    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])
