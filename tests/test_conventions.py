"""What all conventions share: words that are unknown, missing or of the wrong type, layouts, refusals as values."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.conventions import FRAMEWORKS, Nearest, Refusal, layout, read, write

G = dc.ConvTranspose((3,), stride=2)
NAMES = {"read": read, "write": write, "layout": layout, "G": G, "np": np}

MESSAGES = [
    (
        "read('theano', {}, (4,))",
        "no such framework: 'theano'; use one of torch, keras, tensorflow, onnx, jax, flax, tflite",
    ),
    (
        "write(None, G, (4,))",
        "no such framework: None; use one of torch, keras, tensorflow, onnx, jax, flax, tflite",
    ),
    (
        "read('keras', {'kernel_size': 3, 'stride': 2}, (4,))",
        "keras has no such parameter: 'stride'; known are: kernel_size, strides, padding, output_padding, dilation_rate, filters, data_format, use_bias",
    ),
    (
        "read('jax', {'kernel_size': 3, 'strides': (2,)}, (4,))",
        "jax needs padding: got ['kernel_size', 'strides']; add padding; known are: kernel_size, strides, padding, rhs_dilation, transpose_kernel, use_consistent_padding",
    ),
    (
        "read('torch', [3], (4,))",
        "parameters of torch are keywords: got list; give a dict with: kernel_size, stride, padding, output_padding, groups, dilation, padding_mode, in_channels, out_channels, bias, device, dtype",
    ),
    (
        "read('torch', {'kernel_size': 3.0}, (4,))",
        "kernel_size is not an integer: kernel_size=3.0; use an integer of at least 1",
    ),
    (
        "read('torch', {'kernel_size': 3, 'padding': 'same'}, (4,))",
        "padding is not an integer: padding='same'; use an integer of at least 0",
    ),
    (
        "read('torch', {'kernel_size': 3, 'padding_mode': 'circular'}, (4,))",
        "padding_mode is not known: padding_mode='circular'; use one of zeros",
    ),
    (
        "read('keras', {'kernel_size': 3, 'padding': 1}, (4,))",
        "padding is not known: padding=1; use one of valid, same",
    ),
    (
        "read('onnx', {'kernel_shape': 3}, (4,))",
        "kernel_shape is not a list: kernel_shape=3; give a list of 1",
    ),
    (
        "read('onnx', {'kernel_shape': [3], 'pads': [1]}, (4,))",
        "pads has the wrong length: pads=[1] has 1; give a list of 2",
    ),
    (
        "read('jax', {'kernel_size': 3, 'strides': (2,), 'padding': 'VALID', 'transpose_kernel': 1}, (4,))",
        "transpose_kernel is not True or False: transpose_kernel=1; use True or False",
    ),
    (
        "read('tensorflow', {'kernel_size': 3, 'strides': 2, 'output_shape': [10]}, (4,))",
        "output_shape does not fit: input 4 with padding='SAME' gives 7 to 8, not 10; use one of these",
    ),
    (
        "read('torch', {'kernel_size': 1, 'padding': 1}, (2,))",
        "the output would be empty: input (2,) gives (0,); use a larger input",
    ),
    (
        "read('torch', {'kernel_size': 3}, 4)",
        "input_size is not one size per axis: input_size=4; give a tuple",
    ),
    (
        "read('torch', {'kernel_size': 3}, (0,))",
        "input_size[0] is too small: input_size[0]=0; use an integer of at least 1",
    ),
    (
        "write('torch', 3, (4,))",
        "not a transposed convolution: got 3; pass a deconvs.ConvTranspose",
    ),
    (
        "layout('keras', 2, 2)",
        "keras has no groups in transposed convolutions: ndim=2, groups=2; use what it has",
    ),
    (
        "layout('torch', 17)",
        "too many axes: 17 spatial axes; use at most 16",
    ),
    (
        "layout('tflite', 2).to_canonical(np.ones((3, 3)))",
        "weight has the wrong number of axes: weight has shape (3, 3); use the layout (C_out, k0, k1, C_in)",
    ),
]


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=[code for code, _ in MESSAGES])
def test_message(code: str, message: str) -> None:
    with pytest.raises(dc.GeometryError) as caught:
        eval(code, NAMES)
    assert str(caught.value) == message


def test_a_refusal_is_a_falsy_value_that_survives_copying() -> None:
    refusal = write("torch", dc.ConvTranspose((3,), stride=2, padding=((0, 1),)), (4,))
    assert isinstance(refusal, Refusal)
    assert not refusal
    assert str(refusal) == refusal.reason
    assert refusal.nearest is not None
    assert refusal == Refusal(refusal.reason, Nearest(refusal.nearest.params, ((0, 1),)))
    assert pickle.loads(pickle.dumps(refusal)) == copy.deepcopy(refusal) == refusal
    for name in FRAMEWORKS:
        assert write(name, dc.ConvTranspose((2, 2), stride=2), (3, 3)), name


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_layouts_there_and_back(name: str, ndim: int) -> None:
    if name == "tflite" and ndim != 2:
        with pytest.raises(dc.GeometryError, match="TRANSPOSE_CONV has stride_h and stride_w"):
            layout(name, ndim)
        return
    choices: list[dict[str, Any]] = [{}]
    if name in ("jax", "flax"):
        choices.append({"transpose_kernel": True})
    for params in choices:
        found = layout(name, ndim, params=params)
        shape = (2, 3, *range(4, 4 + ndim))
        weight = np.arange(np.prod(shape)).reshape(shape)
        stored = found.from_canonical(weight)
        sizes = {"C_in": 2, "C_out": 3, **{f"k{axis}": 4 + axis for axis in range(ndim)}}
        assert stored.shape == tuple(sizes[axis.partition("/")[0]] for axis in found.axes)
        back = found.to_canonical(stored)
        assert np.array_equal(back, weight)
        assert back.flags.c_contiguous
        assert stored.flags.c_contiguous
        assert not np.shares_memory(back, stored)
        assert not np.shares_memory(weight, stored)


def test_what_is_read_is_written_back() -> None:
    """From one framework to all others and back, where they can."""
    keras = {"kernel_size": 4, "strides": 2, "padding": "same"}
    geometry = read("keras", keras, (5, 5))
    assert geometry == dc.ConvTranspose((4, 4), stride=2, padding=1)
    for name in FRAMEWORKS:
        said = write(name, geometry, (5, 5))
        assert not isinstance(said, Refusal), said
        assert read(name, said, (5, 5)) == geometry
