"""What is measured: a transposed convolution with its batch, channels and input size, and its data."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ..errors import GeometryError
from ..geometry import ConvTranspose
from ..memory import require_bytes
from ..words import per_axis_text, size_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES = {"float32": 4, "float64": 8}
"""What is timed, with the bytes of an element."""


@dataclass(frozen=True)
class Layer:
    """A transposed convolution in a network.

    >>> layer = Layer("up", "an example", 1, 2, 3, (4,), ConvTranspose((3,), stride=2))
    >>> layer.shapes
    ((1, 2, 4), (2, 3, 3), (1, 3, 9))
    >>> layer.useful_flops, layer.bytes, layer.what
    (144, 212, '1, 2->3, 4, k3 s2')

    Errors: GeometryError for channels that the groups do not divide, or an unknown dtype.
    """

    name: str
    source: str
    batch: int
    c_in: int
    c_out: int
    size: tuple[int, ...]
    geometry: ConvTranspose
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise GeometryError("dtype is not timed", f"dtype={self.dtype!r}", f"use {' or '.join(DTYPES)}")
        # The plan checks channels, batch and sizes, and says what is wrong.
        self.geometry.plan("scatter").at(self.size, channels=(self.c_in, self.c_out), batch=self.batch)

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Of x, w and y."""
        g = self.geometry
        return (
            (self.batch, self.c_in, *self.size),
            (self.c_in, self.c_out // g.groups, *g.kernel_size),
            (self.batch, self.c_out, *g.output_size(self.size)),
        )

    @property
    def useful_flops(self) -> int:
        """Two for each product that reaches the output."""
        costs = self.geometry.plan("scatter").at(self.size, channels=(self.c_in, self.c_out), batch=self.batch)
        return 2 * costs.useful_macs

    @property
    def bytes(self) -> int:
        """Of x, w and y, once each."""
        return DTYPES[self.dtype] * sum(map(prod, self.shapes))

    @property
    def terms(self) -> int:
        """The most products that one output can be the sum of."""
        taps = [min(n, max(axis.taps_per_phase())) for axis, n in zip(self.geometry.axes, self.size, strict=True)]
        return self.c_in // self.geometry.groups * prod(taps)

    @property
    def what(self) -> str:
        """Batch, channels, input and parameters in a few words."""
        g = self.geometry
        words = [f"k{_short(g.kernel_size)}", f"s{_short(g.stride)}", *_padding(g)]
        if set(g.dilation) != {1}:
            words.append(f"d{_short(g.dilation)}")
        if g.groups > 1:
            words.append(f"g{g.groups}")
        if self.dtype != "float32":
            words.append(self.dtype)
        return f"{self.batch}, {self.c_in}->{self.c_out}, {size_text(self.size)}, {' '.join(words)}"

    def data(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """x, w and bias, evenly spread over (-1, 1); the same at every call."""
        import numpy as np

        x_shape, w_shape, y_shape = self.shapes
        # A dozen runtimes may each hold a copy of their own, the exact result is twice as wide.
        require_bytes(f"the layer {self.name}", f"x {x_shape}, y {y_shape}", 12 * self.bytes)
        rng = np.random.default_rng(crc32(self.name.encode()))
        x, w, bias = (rng.uniform(-1, 1, shape).astype(self.dtype) for shape in (x_shape, w_shape, (self.c_out,)))
        return x, w, bias

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        g = self.geometry
        return {
            "name": self.name,
            "source": self.source,
            "batch": self.batch,
            "channels": [self.c_in, self.c_out],
            "input_size": list(self.size),
            "output_size": list(self.shapes[2][2:]),
            "kernel_size": list(g.kernel_size),
            "stride": list(g.stride),
            "dilation": list(g.dilation),
            "crop": [list(pair) for pair in g.crop],
            "groups": g.groups,
            "dtype": self.dtype,
            "useful_flops": self.useful_flops,
            "bytes": self.bytes,
        }


def _padding(g: ConvTranspose) -> list[str]:
    """As PyTorch says it where it can; nothing where nothing is cut."""
    extra = tuple(b - e for b, e in g.crop)
    if any(
        b < 0 or not 0 <= op < max(a.stride, a.dilation) for (b, _), op, a in zip(g.crop, extra, g.axes, strict=True)
    ):
        return ["crop " + "x".join(f"{b}:{e}" for b, e in g.crop)]
    padding = tuple(b for b, _ in g.crop)
    return [f"{name}{_short(values)}" for name, values in (("p", padding), ("op", extra)) if any(values)]


def _short(values: tuple[int, ...]) -> str:
    """2 where all axes agree, else 1x2."""
    return per_axis_text(values) if len(set(values)) == 1 else size_text(values)
