"""The text of every public error, beside the code that raises it; tests/test_errors.py runs them."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import torch

import deconvs as dc

G = dc.ConvTranspose((3, 3), stride=2)
X, W = np.ones((1, 2, 4, 4)), np.ones((2, 3, 3, 3))
X1, W1 = np.ones((1, 4)), np.ones((1, 1, 3))
READ_ONLY = np.ones((1, 3, 9, 9))
READ_ONLY.flags.writeable = False


class Odd:
    """An array on the CPU, of a library that has no from_dlpack."""

    def __dlpack__(self, **_: Any) -> Any:
        return np.ones((1, 4)).__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class Gpu(Odd):
    """An array in the memory of a GPU."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return (2, 0)


NAMES = {
    "dc": dc,
    "np": np,
    "torch": torch,
    "ml_dtypes": ml_dtypes,
    "G": G,
    "X": X,
    "W": W,
    "X1": X1,
    "W1": W1,
    "READ_ONLY": READ_ONLY,
    "Odd": Odd,
    "Gpu": Gpu,
}

MESSAGES = [
    (
        "dc.ConvTranspose(3)",
        "the number of axes is not known: kernel_size=3 and no ndim; write kernel_size=(3, 3) or add ndim=2",
    ),
    (
        "dc.Conv(3, stride=2)",
        "the number of axes is not known: kernel_size=3 and no ndim; write kernel_size=(3, 3) or add ndim=2",
    ),
    (
        "dc.ConvTranspose(())",
        "the geometry has no axes: kernel_size=(); give one kernel size per axis",
    ),
    (
        "dc.ConvTranspose(3, ndim=0)",
        "ndim is too small: ndim=0; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose(3, ndim=99)",
        "too many axes: 99 spatial axes; use at most 16",
    ),
    (
        "dc.ConvTranspose((3, 3), ndim=3)",
        (
            "kernel_size has the wrong number of axes: kernel_size=(3, 3) has 2 where the geometry has 3; give "
            "one integer for all axes, or 3, one for each"
        ),
    ),
    (
        "dc.ConvTranspose((3, 0))",
        "kernel_size[1] is too small: kernel_size[1]=0; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose(-1, ndim=2)",
        "kernel_size is too small: kernel_size=-1; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((3.0,))",
        "kernel_size[0] is not an integer: kernel_size[0]=3.0; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((True,))",
        "kernel_size[0] is not an integer: kernel_size[0]=True; use an integer of at least 1",
    ),
    (
        'dc.ConvTranspose("3")',
        "kernel_size is not an integer: kernel_size='3'; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose({3, 4})",
        "kernel_size is not an integer: kernel_size={3, 4}; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((3,), stride=0)",
        "stride is too small: stride=0; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((3,), stride=(1, 2))",
        (
            "stride has the wrong number of axes: stride=(1, 2) has 2 where the geometry has 1; give one integer "
            "for all axes, or 1, one for each"
        ),
    ),
    (
        "dc.ConvTranspose((3,), dilation=0)",
        "dilation is too small: dilation=0; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((3,), groups=0)",
        "groups is too small: groups=0; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((3,), groups=1.5)",
        "groups is not an integer: groups=1.5; use an integer of at least 1",
    ),
    (
        "dc.ConvTranspose((3,), stride=2, output_padding=2)",
        (
            "output_padding must be smaller than stride or dilation: axis 0 has output_padding=2, stride=2, "
            "dilation=1; use at most 1, or say it as a crop: padding (0, -2) on this axis"
        ),
    ),
    (
        "dc.ConvTranspose((3,), output_padding=-1)",
        "output_padding is too small: output_padding=-1; use an integer of at least 0",
    ),
    (
        "dc.ConvTranspose((3,), padding=-1)",
        "a negative padding needs its two sides: padding=-1; write the pair (-1, -1) for this axis",
    ),
    (
        "dc.ConvTranspose((3,), padding=(0, 1))",
        (
            "padding has the wrong number of axes: padding=(0, 1) has 2 where the geometry has 1; give one "
            "integer for all axes, one for each, or a pair for each: ((begin, end), ...)"
        ),
    ),
    (
        "dc.ConvTranspose((3,), padding=((1, 2, 3),))",
        (
            "padding is not a (begin, end) pair: padding[0]=(1, 2, 3); give one integer for all axes, one for "
            "each, or a pair for each: ((begin, end), ...)"
        ),
    ),
    (
        'dc.Conv((3,), padding="same")',
        (
            "padding is given in numbers: padding='same'; 'valid' is 0; 'same' is begin + end = "
            "dilation*(kernel_size - 1) + 1 - stride, as ((begin, end), ...)"
        ),
    ),
    (
        "dc.ConvTranspose((2**62,), dilation=4)",
        (
            "the span of the kernel, dilation * (kernel_size - 1) + 1, does not fit in 64 bits: it is "
            "18446744073709551613; use smaller sizes"
        ),
    ),
    (
        "dc.ConvTranspose((2**64,))",
        (
            "kernel_size[0] does not fit in 64 bits: kernel_size[0]=18446744073709551616; stay within "
            "9223372036854775807 (2**63 - 1)"
        ),
    ),
    (
        "G.output_size((0, 2))",
        "input_size[0] is too small: input_size[0]=0; use an integer of at least 1",
    ),
    (
        "G.output_size((2, -1))",
        "input_size[1] is too small: input_size[1]=-1; use an integer of at least 1",
    ),
    (
        "G.output_size((2, 2, 2))",
        (
            "input_size has the wrong number of axes: input_size=(2, 2, 2) has 3 where the geometry has 2; give "
            "one integer for all axes, or 2, one for each"
        ),
    ),
    (
        "dc.ConvTranspose((3,), padding=3).output_size(2)",
        (
            "the output would have a negative size: input 2 gives 4 positions and 3 + 3 are cropped; use an "
            "input of at least 4, or crop (pad) less"
        ),
    ),
    (
        "dc.ConvTranspose((3,), stride=2**40).output_size(2**40)",
        "the output size does not fit in 64 bits: it is 1208925819613529663078403; use smaller sizes",
    ),
    (
        "dc.Conv((5,)).output_size(3)",
        (
            "the kernel is longer than the padded input: input 3 padded to 3, kernel span 5; use a larger input, "
            "more padding, or a smaller kernel or dilation"
        ),
    ),
    (
        "dc.Conv((5,)).transpose(3)",
        (
            "the kernel is longer than the padded input: input 3 padded to 3, kernel span 5; use a larger input, "
            "more padding, or a smaller kernel or dilation"
        ),
    ),
    (
        'G.plan("winograd")',
        "no such view: view='winograd'; use one of scatter, matrix, direct, polyphase, subpixel, gemm",
    ),
    (
        "G.plan(3)",
        "no such view: view=3; use one of scatter, matrix, direct, polyphase, subpixel, gemm",
    ),
    (
        'dc.ConvTranspose((3,), groups=2).plan("gemm").at(4, channels=(2, 3))',
        "channels are not divisible by groups: channels=(2, 3), groups=2; use multiples of 2",
    ),
    (
        'G.plan("gemm").at(4, channels=3)',
        "channels are not a pair: channels=3; give (C_in, C_out)",
    ),
    (
        'G.plan("gemm").at(4, dtype="float33")',
        "dtype cannot be computed with: dtype='float33'; use integers, float16, bfloat16, float32 or float64",
    ),
    (
        'G.plan("gemm").at(4, batch=-1)',
        "batch is too small: batch=-1; use an integer of at least 0",
    ),
    (
        'dc.ConvTranspose((3,)).plan("gemm").at(2**61, channels=(4, 4))',
        "the number of products does not fit in 64 bits: it is 110680464442257309696; use smaller sizes",
    ),
    (
        "dc.ConvTranspose((3, 3)).coverage((10**6, 10**6))",
        (
            "the coverage does not fit in memory: shape (1000002, 1000002): 7.3 TiB needed, 8.0 GiB free; use "
            "smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        "dc.ConvTranspose((3,)).coverage(2**63 - 4)",
        (
            "the coverage does not fit in memory: shape (9223372036854775806,): 65,536.0 PiB needed, 8.0 GiB "
            "free; use smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        'dc.ConvTranspose((3,), stride=2**21).plan("polyphase")',
        "too many phases to list: stride=2097152; use a stride of at most 65536",
    ),
    (
        "dc.Axis(3).contributions(4, 6)",
        "no such output position: position 6 of 6; count from 0",
    ),
    (
        "dc.Axis(3).tile(4, 2, 9)",
        "no such tile: outputs [2, 9) of 6; use 0 <= low <= high <= 6",
    ),
    (
        "G.prepare(np.ones((2, 3, 3, 4)))",
        ("weight does not fit the geometry: weight has shape (2, 3, 3, 4); use the layout (C_in, C_out/groups, 3, 3)"),
    ),
    (
        "G.prepare(W, kernel='fft')",
        "no such kernel: kernel='fft'; use one of phase, union, gemm, toom, or none",
    ),
    (
        "G.prepare(W, kernel='')",
        "no such kernel: kernel=''; use one of phase, union, gemm, toom, or none",
    ),
    (
        "G.prepare(W, activation='gelu')",
        (
            "no such activation: activation='gelu'; use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) "
            "with a number"
        ),
    ),
    (
        "G.prepare(W, activation=1)",
        ("no such activation: activation=1; use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) with a number"),
    ),
    (
        "G.prepare(W, activation=('relu', 0.1))",
        (
            "no such activation: activation=('relu', 0.1); use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) "
            "with a number"
        ),
    ),
    (
        "G.prepare(W, activation=('leaky_relu', 'x'))",
        (
            "no such activation: activation=('leaky_relu', 'x'); use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) "
            "with a number"
        ),
    ),
    (
        "G.prepare(W, activation=['leaky_relu', 0.1])",
        (
            "no such activation: activation=['leaky_relu', 0.1]; use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) "
            "with a number"
        ),
    ),
    (
        "G.prepare(W, activation=('leaky_relu', 0.1, 0.2))",
        (
            "no such activation: activation=('leaky_relu', 0.1, 0.2); use None, 'relu', 'leaky_relu', or ('leaky_relu', slope) "
            "with a number"
        ),
    ),
    (
        "G.prepare(W.astype(int), activation='leaky_relu')(X.astype(int))",
        ("leaky_relu of integers has fractions: slope 0.01; convert x or the weight to a floating-point type"),
    ),
    (
        "dc.conv_transpose(X, np.ones((2, 3)))",
        ("weight has too few axes: weight has shape (2, 3); give it two channel axes and at least one kernel axis"),
    ),
    (
        "dc.conv_transpose(X1, np.ones((1, 1, 0)))",
        "kernel_size[0] is too small: kernel_size[0]=0; use an integer of at least 1",
    ),
    (
        "dc.conv_transpose(X, W, groups=3)",
        (
            "C_in is not divisible by groups: weight has shape (2, 3, 3, 3), groups=3; use a weight whose first "
            "axis is a multiple of 3"
        ),
    ),
    (
        "dc.conv_transpose(X, np.ones((2, 0, 3, 3)))",
        "weight has no channels: weight has shape (2, 0, 3, 3); give it at least one",
    ),
    (
        "dc.conv(X, np.ones((3, 1, 3, 3)), groups=2)",
        (
            "C_out is not divisible by groups: weight has shape (3, 1, 3, 3), groups=2; use a weight whose first "
            "axis is a multiple of 2"
        ),
    ),
    (
        "dc.conv_transpose(X, W, np.ones(2))",
        ("bias does not fit the weight: bias has shape (2,), the weight has 3 output channels; give it shape (3,)"),
    ),
    (
        "dc.conv_transpose(np.ones((4, 4)), W)",
        (
            "x has the wrong number of axes: x has shape (4, 4), the geometry has 2 spatial axes; give it 4 axes "
            "(N, C_in, *spatial), or 3 without the batch"
        ),
    ),
    (
        "dc.conv_transpose(np.ones((1, 3, 4, 4)), W)",
        (
            "x does not have the weight's input channels: x has shape (1, 3, 4, 4) with 3 channels, the weight "
            "takes 2; give x 2 channels on axis 1, or change the weight or groups"
        ),
    ),
    (
        "dc.conv_transpose(np.ones((3, 4, 4)), W)",
        (
            "x does not have the weight's input channels: x has shape (3, 4, 4) with 3 channels, the weight "
            "takes 2; give x 2 channels on axis 0, or change the weight or groups"
        ),
    ),
    (
        "dc.conv_transpose(np.ones((1, 2, 0, 4)), W)",
        "input_size[0] is too small: input_size[0]=0; use an integer of at least 1",
    ),
    (
        "dc.conv_transpose(np.array([[None, 1]]), W1)",
        ("x has a type that cannot be computed with: x is object; use integers, float16, bfloat16, float32 or float64"),
    ),
    (
        "dc.conv_transpose(np.ones((1, 4), bool), W1)",
        ("x has a type that cannot be computed with: x is bool; use integers, float16, bfloat16, float32 or float64"),
    ),
    (
        "dc.conv_transpose(np.ones((1, 4), complex), W1)",
        (
            "x has a type that cannot be computed with: x is complex128; use integers, float16, bfloat16, "
            "float32 or float64"
        ),
    ),
    (
        "dc.conv_transpose(np.ones((1, 4), np.longdouble), W1)",
        (
            "x has a type that cannot be computed with: x is float128; use integers, float16, bfloat16, float32 "
            "or float64"
        ),
    ),
    (
        'dc.conv_transpose("abc", W1)',
        ("x has a type that cannot be computed with: x is <U3; use integers, float16, bfloat16, float32 or float64"),
    ),
    (
        "dc.conv_transpose([[1, 2], [3]], W1)",
        (
            "x is not an array: setting an array element with a sequence. The requested array has an "
            "inhomogeneous shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part; give "
            "every row the same length"
        ),
    ),
    (
        "dc.conv_transpose(None, W1)",
        ("x has a type that cannot be computed with: x is object; use integers, float16, bfloat16, float32 or float64"),
    ),
    (
        "dc.conv_transpose(5, W1)",
        (
            "x has the wrong number of axes: x has shape (), the geometry has 1 spatial axis; give it 3 axes (N, "
            "C_in, *spatial), or 2 without the batch"
        ),
    ),
    (
        "dc.conv_transpose([[2**70]], W1)",
        ("x has a type that cannot be computed with: x is object; use integers, float16, bfloat16, float32 or float64"),
    ),
    (
        "dc.conv_transpose(np.ones((1, 4), np.float16), W1.astype(ml_dtypes.bfloat16))",
        "the arrays have no common type: x is float16, weight is bfloat16; convert them to one type",
    ),
    (
        "dc.conv_transpose([[2**62]], [[[3]]])",
        (
            "the integer result might not fit in 64 bits: |x| up to 4611686018427387904, |weight| summing to at "
            "most 3 in one output: at most 13835058055282163712; use smaller integers, or floating point"
        ),
    ),
    (
        "dc.conv_transpose(X1, W1, out=np.ones((1, 5)))",
        "out does not fit the result: out is float64 of shape (1, 5); give float64 of shape (1, 6)",
    ),
    (
        "dc.conv_transpose(X1, W1, out=np.ones((1, 6), np.float32))",
        "out does not fit the result: out is float32 of shape (1, 6); give float64 of shape (1, 6)",
    ),
    (
        "dc.conv_transpose(X, W, stride=2, out=READ_ONLY)",
        "out cannot be written to: out of shape (1, 3, 9, 9) is read-only; pass a writable array",
    ),
    (
        "dc.conv_transpose([[1.0]], [[[1.0]]], out=[[0.0]])",
        "out is not an array: out is a list; pass an array to be filled",
    ),
    (
        "dc.conv_transpose(X1, W1, threads=0)",
        "threads is too small: threads=0; use an integer of at least 1",
    ),
    (
        "dc.conv_transpose(Gpu(), W1)",
        (
            "x is of a kind that a result cannot be given back in: x is a tests.messages.Gpu, and its library "
            "has no from_dlpack; pass a NumPy array"
        ),
    ),
    (
        "dc.conv_transpose(Odd(), W1)",
        (
            "x is of a kind that a result cannot be given back in: x is a tests.messages.Odd, and its library "
            "has no from_dlpack; pass a NumPy array"
        ),
    ),
    (
        "dc.conv_transpose(torch.ones(1, 4, requires_grad=True), W1)",
        (
            "x cannot be shared with NumPy: Can't export tensors that require gradient, use tensor.detach(); "
            "pass a detached array in a type that NumPy has, such as float32"
        ),
    ),
    (
        "dc.conv_transpose(torch.ones(1, 4, dtype=torch.float8_e5m2), W1)",
        (
            "x cannot be shared with NumPy: Unsupported dtype in DLTensor; pass a detached array in a type that "
            "NumPy has, such as float32"
        ),
    ),
    (
        'dc.ConvTranspose((3,)).plan("gemm").run(np.broadcast_to(np.float64(1), (1, 10**12)), W1)',
        (
            "the gemm view does not fit in memory: its largest step on x of shape (1, 1, 1000000000000): 58.2 "
            "TiB needed, 8.0 GiB free; use smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        "dc.conv(np.broadcast_to(np.float64(1), (10**12, 1, 3)), W1)",
        (
            "the convolution does not fit in memory: output (1000000000000, 1, 1): 50.9 TiB needed, 8.0 GiB "
            "free; use smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        "dc.matrix(G, (10**5, 10**5), np.ones((1, 1, 3, 3)))",
        (
            "the matrix does not fit in memory: shape (40000400001, 10000000000), 90,000,000,000 stored elements: 8.6 TiB needed, 8.0 GiB free; "
            "use smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        'dc.matrix("g", 4, W1)',
        "not a geometry: got str; pass a deconvs.ConvTranspose or deconvs.Conv",
    ),
    (
        "dc.matrix(G, 4, W1)",
        ("weight does not fit the geometry: weight has shape (1, 1, 3); use the layout (C_in, C_out/groups, 3, 3)"),
    ),
    (
        "dc.names(dc.Conv((3,)))",
        ("names are those of a transposed convolution: got Conv(kernel_size=(3,)); pass a deconvs.ConvTranspose"),
    ),
    (
        "dc.explain(dc.Conv((3,)), 4)",
        "explain takes a transposed convolution: got Conv(kernel_size=(3,)); pass a ConvTranspose",
    ),
    (
        "dc.names(dc.ConvTranspose((3,), padding=5), 2)",
        (
            "the output would have a negative size: input 2 gives 4 positions and 5 + 5 are cropped; use an "
            "input of at least 8, or crop (pad) less"
        ),
    ),
    (
        "dc.names(G, weight=np.full((1, 1, 3, 3), np.inf))",
        "the names cannot be measured: weight holds NaN or infinity; use finite weights, or none at all",
    ),
    (
        "dc.names(dc.ConvTranspose((3,), stride=10**8), weight=W1)",
        (
            "too much to measure the names on: 9 products and 200,000,003 positions at input 3; use a smaller "
            "kernel, stride, dilation or input: at most 16,777,216 of each"
        ),
    ),
    (
        "dc.explain(dc.ConvTranspose((3,), stride=10**8), 4)",
        "too many phases to list: stride=100000000; use a stride of at most 65536",
    ),
    (
        "dc.Axis(10**6, 10**4, 9999).coverage_range(10**6)",
        (
            "too many different phases to compare: input 1000000, kernel_size=1000000, stride=10000, "
            "dilation=9999; use sizes that give at most 16777216 of them, for example dilation=1"
        ),
    ),
    (
        "dc.Axis(10**6).links(10**6, 10**6)",
        (
            "the list of products does not fit in memory: shape (500000500000,): 18.2 TiB needed, 8.0 GiB free; "
            "use smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        "dc.Axis(10**11).links(1, 10**11)",
        (
            "the list of taps does not fit in memory: shape (100000000000,): 3.6 TiB needed, 8.0 GiB free; use "
            "smaller sizes, fewer channels or a smaller batch"
        ),
    ),
    (
        "dc.conv_transpose(np.ma.masked_array(X1, X1 > 2), W1)",
        "x is a masked array: a convolution has no meaning for masked elements; fill it: array.filled(0)",
    ),
    (
        "dc.conv_transpose(torch.ones(1, 4, device='meta'), W1)",
        "x is not in CPU memory: Unknown device type meta for Dlpack; copy it to the CPU",
    ),
    (
        "dc.matrix(dc.Conv((1,)), 3, np.full((1, 1, 1), 2**63, dtype=np.uint64))",
        "weight does not fit in 64 bits with a sign: weight holds 9223372036854775808; use smaller integers",
    ),
    (
        "G.plan('gemm').at(4, dtype=None)",
        "dtype cannot be computed with: dtype=None; use integers, float16, bfloat16, float32 or float64",
    ),
    (
        "G.plan('gemm').at(4, dtype=complex)",
        ("dtype cannot be computed with: dtype=<class 'complex'>; use integers, float16, bfloat16, float32 or float64"),
    ),
    ("dc.Axis(-3)", "kernel_size is too small: kernel_size=-3; use an integer of at least 1"),
    ("dc.Axis(3, stride=0)", "stride is too small: stride=0; use an integer of at least 1"),
    ("dc.Axis(3, 1, 1, 5)", "crop is not a pair: crop=5; give (begin, end)"),
    ("dc.Axis(3.5)", "kernel_size is not an integer: kernel_size=3.5; use an integer of at least 1"),
    (
        "dc.ConvTranspose((3,), padding='same')",
        (
            "padding is given in numbers: padding='same'; 'valid' is 0; 'same' is begin + end = "
            "dilation*(kernel_size - 1) + 1 - stride, as ((begin, end), ...)"
        ),
    ),
    (
        "dc.ConvTranspose((3,), stride=10**5000)",
        "stride does not fit in 64 bits: stride=an integer of 16610 bits; stay within 9223372036854775807 (2**63 - 1)",
    ),
    ("dc.solve((), ())", "input_size has no axes: input_size=(); give one size per axis"),
    ("dc.solve(3, 6.0)", "output_size is not an integer: output_size=6.0; use an integer of at least 1"),
    ("dc.solve(3, 6, stride=[])", "stride has no values: stride=[]; allow at least one"),
    ("dc.solve(3, 6, dilation=0)", "dilation is too small: dilation=0; use an integer of at least 1"),
    (
        "dc.solve((3, 3, 3, 3), (6, 30, 61, 95), kernel_size=range(1, 90))",
        (
            "too many solutions: 17,592,532,652,800 combinations of the axes' own; allow fewer kernels, strides or "
            "paddings"
        ),
    ),
    (
        "dc.solve_chain(5, 4, 2)",
        "a chain enlarges: input 5, output 4; ask for a larger output",
    ),
    ("dc.solve_chain(5, 9, 0)", "layers is too small: layers=0; use an integer of at least 1"),
    (
        "dc.solve_chain(1, 4000, 2, kernel_size=range(1, 4000), stride=1)",
        (
            "too many layers to try: more than 131,072 from all sizes on the way; allow fewer kernels, strides or "
            "paddings, or fewer layers"
        ),
    ),
    (
        "dc.check(dc.Conv((3,)), 4)",
        "check takes a layer or a model: got Conv; pass a ConvTranspose, a layer of PyTorch, Keras or Flax, a PyTorch model, or a checkpoint's path",
    ),
]

HUGE = "dc.conv_transpose(np.ones((1, 1, 1)), np.ones((1, 1, 3, 3))[..., 0], stride=1, padding=((-10**13, 0),))"
COLUMNS = (
    "dc.conv_transpose(np.broadcast_to(np.float64(1), (1, 10**7)), np.broadcast_to(np.float64(1), (1, 10**4, 100)))"
)
SMALLER = "8.0 GiB free; use smaller sizes, fewer channels or a smaller batch"

BY_NUMPY = [
    (
        HUGE,
        (
            "the transposed convolution does not fit in memory: output (1, 1, 10000000000003): 145.5 TiB needed, "
            f"{SMALLER}"
        ),
    ),
    (
        COLUMNS,
        f"the transposed convolution does not fit in memory: output (1, 10000, 10000099): 74.2 TiB needed, {SMALLER}",
    ),
    (
        "G.prepare(W, kernel='phase')",
        "a kernel needs the native core: kernel='phase', and disabled by DECONVS_NATIVE=0; leave it out",
    ),
]
"""What is said where NumPy computes, with DECONVS_NATIVE=0."""

BY_THE_CORE = [
    (
        HUGE,
        f"the transposed convolution does not fit in memory: output (1, 1, 10000000000003): 72.8 TiB needed, {SMALLER}",
    ),
    (
        COLUMNS,
        f"the transposed convolution does not fit in memory: output (1, 10000, 10000099): 745.1 GiB needed, {SMALLER}",
    ),
    (
        "dc.ConvTranspose((3, 3), dilation=2).prepare(W, kernel='toom')(X)",
        (
            "the kernel 'toom' cannot compute this geometry: ConvTranspose(kernel_size=(3, 3), dilation=(2, 2)); it "
            "takes 1 to 3 axes, undilated, with 1 to 3 taps a phase, 2 or more on some axis; leave kernel out"
        ),
    ),
    (
        "dc.ConvTranspose((5000,), stride=9).prepare(np.ones((1, 1, 5000)), kernel='gemm')(np.ones((1, 1, 3)))",
        (
            "the kernel 'gemm' cannot compute this geometry: ConvTranspose(kernel_size=(5000,), stride=(9,)); it takes "
            "up to 4,096 taps; leave kernel out"
        ),
    ),
    (
        "dc.ConvTranspose((3, 3), stride=3).prepare(W, kernel='toom')(X)",
        (
            "the kernel 'toom' cannot compute this geometry: ConvTranspose(kernel_size=(3, 3), stride=(3, 3)); it "
            "takes 1 to 3 axes, undilated, with 1 to 3 taps a phase, 2 or more on some axis; leave kernel out"
        ),
    ),
    (
        "G.prepare(W.astype(int)).kernel_call(X.astype(int), np.ones((1, 3, 9, 9), int))",
        "NumPy computes this layer: x of shape (1, 2, 4, 4), int64; there is no native call",
    ),
    (
        "G.prepare(W).choose((1, 3, 4, 4))",
        "x of such a shape does not fit: shape (1, 3, 4, 4); give (N, 2, *spatial) with 2 spatial axes",
    ),
]
"""What is said where the native core computes."""

SETTINGS = [
    (
        {"DECONVS_KERNEL": "fft"},
        "dc.conv_transpose(X, W)",
        "no such kernel: DECONVS_KERNEL='fft'; use one of phase, union, gemm, toom, or none",
    ),
    (
        {"DECONVS_KERNEL": "Phase"},
        "G.prepare(W)",
        "no such kernel: DECONVS_KERNEL='Phase'; use one of phase, union, gemm, toom, or none",
    ),
    (
        {"DECONVS_NATIVE": "yes"},
        "dc.conv_transpose(X, W)",
        "the native core is either used or not: DECONVS_NATIVE=yes; set it to 0 or 1, or not at all",
    ),
]
"""What is said of environment variables, whatever computes; DECONVS_ISA and DECONVS_NUM_THREADS: tests/test_pool.py."""
