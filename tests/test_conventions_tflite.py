"""TensorFlow Lite's words against its interpreter, with the reference kernel and with the built-in one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import Refusal, read, write

from .frameworks import tflite as driver
from .frameworks.compare import check_writing, same_as_read, same_values
from .frameworks.parameters import tflite_parameters

CASES = 400


def test_read() -> None:
    rng, values, kinds = random.Random(0), np.random.default_rng(0), Counter[str]()
    tried = 0
    while tried < CASES:
        params, size = tflite_parameters(rng)
        try:
            geometry = same_as_read("tflite", partial(driver.run, reference=tried % 2 == 0), params, size, values)
        except dc.GeometryError:
            kinds["refused"] += 1
            continue
        tried += 1
        padding = params["padding"]
        kinds[padding] += 1
        kinds[f"{padding}, even"] += any(k % 2 == 0 for k in geometry.kernel_size)
        kinds[f"{padding}, odd"] += any(k % 2 for k in geometry.kernel_size)
        kinds[f"{padding}, kernel < stride"] += any(a.span < a.stride for a in geometry.axes)
        kinds[f"{padding}, unequal crop"] += any(b != e for b, e in geometry.crop)
    assert len(kinds) == 11
    assert min(kinds.values()) >= 20, kinds


def test_write() -> None:
    for reference in (False, True):
        counts = check_writing("tflite", partial(driver.run, reference=reference), (2,), 300)
        assert counts["refused"] > 100
        assert counts["written"] > 30


def test_outputs_that_do_not_fit_are_computed_differently_by_the_kernels() -> None:
    """Nothing is raised for them, so that `read` and `write` have to."""
    params = {"kernel_size": (3, 3), "stride_h": 2, "stride_w": 2, "padding": "VALID", "output_shape": [9, 9]}
    x = np.arange(1, 10, dtype=np.float32).reshape(1, 1, 3, 3)
    weight = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    reference, built_in = (driver.run(params, x, weight, reference=reference) for reference in (True, False))
    assert reference.shape == built_in.shape == (1, 1, 9, 9)
    assert not np.array_equal(reference, built_in)
    with pytest.raises(dc.GeometryError, match="input 3 with padding='VALID' gives 7 to 8, not 9"):
        read("tflite", params, (3, 3))
    refusal = write("tflite", dc.ConvTranspose((1, 1), padding=((0, 0), (0, -3))), (1, 3))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "padding and output_shape have no spelling for the crop (0, 0), (0, -3)"


def test_what_the_operator_has_no_words_for() -> None:
    options = {name for name in vars(_options()) if not name.startswith("_")}
    assert options <= {"padding", "strideH", "strideW", "fusedActivationFunction", "quantizedBiasType"}
    both = write("tflite", dc.ConvTranspose((2, 2), dilation=2, groups=2), (3, 3))
    assert isinstance(both, Refusal)
    assert both.reason == "TRANSPOSE_CONV has no dilation"
    assert both.nearest is not None
    assert (both.nearest.dilation, both.nearest.groups) == ((2, 2), 2)
    assert write("tflite", dc.ConvTranspose((2,)), (3,)) == Refusal(
        "TRANSPOSE_CONV has stride_h and stride_w, not 1 strides"
    )
    assert str(write("tflite", dc.ConvTranspose((2, 2), groups=3), (3, 3))) == "TRANSPOSE_CONV has no groups"


def test_the_default_delegate_ends_the_process_on_a_valid_model(root: Path) -> None:
    """XNNPACK, which an interpreter takes unless told otherwise: one input, kernel 3, stride 3, SAME, one output."""
    code = (
        "import numpy as np; from tests.frameworks.tflite import model_of; from tests.frameworks.tensorflow import "
        "tensorflow; words = dict(kernel_size=(3, 3), stride_h=3, stride_w=3, padding='SAME', output_shape=(1, 1)); "
        "model = model_of(words, (1, 1, 1, 1), np.ones((1, 3, 3, 1), np.float32)); "
        "tensorflow().lite.Interpreter(model_content=model).allocate_tensors()"
    )
    words = {"kernel_size": (3, 3), "stride_h": 3, "stride_w": 3, "padding": "SAME", "output_shape": (1, 1)}
    geometry = read("tflite", words, (1, 1))
    for reference in (False, True):
        run = partial(driver.run, reference=reference)
        same_values("tflite", run, words, geometry, (1, 1), np.random.default_rng(0))
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=300)
    assert result.returncode == -signal.SIGSEGV, result.stderr


def _options() -> Any:
    driver.tensorflow()
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated.TransposeConvOptionsT()
