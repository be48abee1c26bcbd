"""The numbers of the tour: the three demonstrations, and everything that is checked on the way."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..geometry import ConvTranspose
from ..operator import matrix
from ..run.fast import conv, conv_transpose
from ..run.interpret import Run, apply
from ..steps import Correlate
from ..views import VIEWS

IntArray = NDArray[np.int64]

PEER_CASES = 120


@dataclass(frozen=True)
class Demonstrations:
    """Two layers of one channel, one input and one kernel: with ones, padded, and with zeros inserted."""

    unit: ConvTranspose
    strided: ConvTranspose
    x: IntArray
    weight: IntArray

    @property
    def size(self) -> tuple[int, ...]:
        """Size of the input, which is what the first demonstration's convolution makes of its image."""
        return self.x.shape[1:]

    @property
    def image(self) -> tuple[int, ...]:
        """Size of the first demonstration's image."""
        return self.unit.output_size(self.size)

    def c(self) -> IntArray:
        """C, a row for each element of the input and a column for each of the image."""
        return matrix(self.unit.adjoint(), self.image, self.weight).toarray()

    def ones(self) -> tuple[IntArray, IntArray]:
        """An image of ones convolved with ones, and that transposed back."""
        image, w = np.ones((1, *self.image), dtype=np.int64), np.ones_like(self.weight)
        small = conv(image, w, **_options(self.unit))
        return small[0], conv_transpose(small, w, **_options(self.unit))[0]

    def direct(self, g: ConvTranspose) -> tuple[IntArray, IntArray]:
        """What the direct view puts in, and what an ordinary convolution with the turned kernel makes of it."""
        run = Run(self.size, c_out=1, bias=None)
        padded = self.x[None]
        for step in takewhile(lambda step: not isinstance(step, Correlate), g.plan("direct").steps):
            padded = apply(step, padded, None, run)
        turned = np.flip(self.weight, axis=tuple(range(2, self.weight.ndim)))
        return padded[0, 0], conv(padded[0], turned, dilation=g.dilation)[0]

    def convolves(self, g: ConvTranspose) -> bool:
        """Whether that convolution gives the deconvolution, number for number."""
        return np.array_equal(self.direct(g)[1], self.output(g))

    def output(self, g: ConvTranspose) -> IntArray:
        """The deconvolution itself."""
        y: IntArray = conv_transpose(self.x, self.weight, **_options(g))[0]
        return y

    def views(self, g: ConvTranspose) -> dict[str, bool]:
        """For each view, whether it equals the deconvolution, number for number."""
        expected = self.output(g)
        return {view: np.array_equal(g.plan(view).run(self.x, self.weight)[0], expected) for view in VIEWS}


def _options(g: ConvTranspose) -> dict[str, Any]:
    return {"stride": g.stride, "padding": g.crop, "dilation": g.dilation}


DEMONSTRATIONS = Demonstrations(
    unit=ConvTranspose((3, 3)),
    strided=ConvTranspose((3, 3), stride=2),
    x=np.array([[[1, 2], [3, 4]]]),
    weight=np.arange(1, 10).reshape(1, 1, 3, 3),
)


@dataclass(frozen=True)
class Peer:
    """What PyTorch said: how many layers were compared, and on how many it differs."""

    version: str | None
    compared: int = 0
    different: int = 0

    @property
    def right(self) -> bool:
        """Nothing differs; true also where there is nothing to compare with."""
        return self.different == 0

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        if self.version is None:
            return "PyTorch is not installed here; where it is, the tour compares with it, number for number."
        layers = f"{self.compared} random layers of 1 to 3 axes, with groups, dilation and output_padding"
        if self.different:
            return f"PyTorch {self.version}: DIFFERENT on {self.different} of {layers}"
        return f"PyTorch {self.version}: equal, number for number, on {layers}"


def compare_with_peer(progress: Callable[[int, int], None]) -> Peer:
    """Random layers in PyTorch itself, if it is installed: small integers in float64, where both are exact."""
    if find_spec("torch") is None:
        return Peer(None)
    import torch

    functions = {1: torch.conv_transpose1d, 2: torch.conv_transpose2d, 3: torch.conv_transpose3d}
    rng = random.Random(0)
    different = 0
    for done in range(PEER_CASES):
        progress(done, PEER_CASES)
        options, x, weight, bias = _random_layer(rng)
        layer: Callable[..., torch.Tensor] = functions[x.ndim - 2]
        theirs = layer(*map(torch.from_numpy, (x, weight, bias)), **options).numpy()
        different += not np.array_equal(theirs, conv_transpose(x, weight, bias, **options))
    return Peer(torch.__version__, PEER_CASES, different)


def _random_layer(rng: random.Random) -> tuple[dict[str, Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    ndim, groups = rng.randint(1, 3), rng.randint(1, 2)
    while True:
        stride, dilation = ([rng.randint(1, 3) for _ in range(ndim)] for _ in range(2))
        options: dict[str, Any] = {
            "stride": stride,
            "dilation": dilation,
            "padding": [rng.randint(0, 2) for _ in range(ndim)],
            "output_padding": [rng.randrange(max(s, d)) for s, d in zip(stride, dilation, strict=True)],
            "groups": groups,
        }
        kernel = [rng.randint(1, 4) for _ in range(ndim)]
        size = [rng.randint(1, 5) for _ in range(ndim)]
        try:
            if min(ConvTranspose(kernel, **options).output_size(size)) > 0:
                break
        except GeometryError:  # nothing would be left of so small an input: draw again
            continue
    c_in, c_out = groups * rng.randint(1, 2), groups * rng.randint(1, 3)
    numbers = np.random.default_rng(rng.randrange(2**32))
    x, weight, bias = (
        numbers.integers(-9, 10, shape).astype(np.float64)
        for shape in ((2, c_in, *size), (c_in, c_out // groups, *kernel), (c_out,))
    )
    return options, x, weight, bias
