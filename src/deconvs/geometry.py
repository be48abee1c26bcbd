"""`Conv` and `ConvTranspose`: axes and groups, frozen and hashable. All arithmetic is in axis.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, cast

from .arguments import MAX_SIZE, integer, per_axis, right_length, sequence
from .axis import Axis
from .errors import GeometryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from .plan import Plan
    from .run.fast import Operator

Sizes = int | Sequence[int]
Padding = int | Sequence[int] | Sequence[Sequence[int]]
Pair = tuple[int, int]
Spelled = tuple[int, ...] | tuple[Pair, ...]

MAX_NDIM = 16
"""Spatial axes of a geometry: batch, channels, kernel and input together must fit in NumPy's 64 axes."""


@dataclass(frozen=True, init=False, repr=False)
class _Geometry:
    """What convolution and transposed convolution share: one Axis per spatial axis, and groups."""

    axes: tuple[Axis, ...]
    groups: int

    def _set(self, axes: tuple[Axis, ...], groups: object) -> None:
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "groups", integer("groups", groups, minimum=1))

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.axes)

    @property
    def kernel_size(self) -> tuple[int, ...]:
        """Taps per axis."""
        return tuple(axis.kernel_size for axis in self.axes)

    @property
    def stride(self) -> tuple[int, ...]:
        """Steps between neighbouring stamps (transposed) or windows, per axis."""
        return tuple(axis.stride for axis in self.axes)

    @property
    def dilation(self) -> tuple[int, ...]:
        """Distance between neighbouring taps, per axis."""
        return tuple(axis.dilation for axis in self.axes)

    def sizes(self, input_size: Sizes) -> tuple[int, ...]:
        """``input_size`` as one checked int per axis (a bare int means every axis)."""
        return per_axis("input_size", input_size, self.ndim, minimum=1)

    def _channels(self, weight_shape: tuple[int, ...]) -> Pair:
        """(first axis, second axis * groups) of a weight of this shape, which must fit the geometry."""
        expected = (*self._weight_axes, *self.kernel_size)
        if len(weight_shape) != self.ndim + 2 or weight_shape[2:] != self.kernel_size:
            raise GeometryError(
                "weight does not fit the geometry",
                f"weight has shape {weight_shape}",
                f"use the layout ({', '.join(map(str, expected))})",
            )
        first, second = weight_shape[:2]
        if first < 1 or second < 1:
            raise GeometryError("weight has no channels", f"weight has shape {weight_shape}", "give it at least one")
        if first % self.groups:
            raise GeometryError(
                f"{self._weight_axes[0]} is not divisible by groups",
                f"weight has shape {weight_shape}, groups={self.groups}",
                f"use a weight whose first axis is a multiple of {self.groups}",
            )
        return first, second * self.groups

    _weight_axes = ("", "")  # names of the weight's two channel axes; not annotated, so not a dataclass field

    @property
    def spelling(self) -> dict[str, Spelled]:
        """The parameters that have a value for each axis, by name, without those that are as usual.

        Padding is one integer an axis wherever PyTorch can say it so, else ((begin, end), ...).
        """
        parts = {"kernel_size": self.kernel_size, "stride": self.stride, **self._paddings, "dilation": self.dilation}
        usual = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
        return {name: value for name, value in parts.items() if value != (usual.get(name),) * self.ndim}

    @property
    def _paddings(self) -> dict[str, Spelled]:
        raise NotImplementedError

    def __repr__(self) -> str:
        words = [f"{name}={value}" for name, value in self.spelling.items()]
        if self.groups != 1:
            words.append(f"groups={self.groups}")
        return f"{type(self).__name__}({', '.join(words)})"


@dataclass(frozen=True, init=False, repr=False)
class ConvTranspose(_Geometry):
    """A transposed convolution (deconvolution, fractionally strided convolution) of any number of axes.

    >>> g = ConvTranspose(kernel_size=(3, 3), stride=2)
    >>> g.output_size((2, 2))
    (5, 5)
    >>> ConvTranspose(4, stride=2, padding=1, ndim=2).output_size((8, 6))
    (16, 12)
    >>> ConvTranspose((3,), stride=2, padding=((0, 1),)).crop          # cut nothing before, one element after
    ((0, 1),)

    Parameters are PyTorch's, each an int or one per axis: kernel_size, stride, dilation, groups at least 1;
    padding cuts from the output and also takes ((begin, end), ...), negative allowed there (positions that hold only
    the bias); output_padding < max(stride, dilation) gives back at the end. A bare int kernel_size needs ``ndim``.

    Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 4; Zeiler et al. 2010.
    """

    _weight_axes = ("C_in", "C_out/groups")

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Padding = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        *,
        ndim: int | None = None,
    ) -> None:
        kernels = _kernel_sizes(kernel_size, ndim)
        strides = per_axis("stride", stride, len(kernels), minimum=1)
        dilations = per_axis("dilation", dilation, len(kernels), minimum=1)
        pairs = _padding_pairs(padding, len(kernels))
        extras = per_axis("output_padding", output_padding, len(kernels), minimum=0)
        for axis, (extra, s, d) in enumerate(zip(extras, strides, dilations, strict=True)):
            if extra and extra >= max(s, d):
                begin, end = pairs[axis]
                raise GeometryError(
                    "output_padding must be smaller than stride or dilation",
                    f"axis {axis} has output_padding={extra}, stride={s}, dilation={d}",
                    f"use at most {max(s, d) - 1}, or say it as a crop: padding ({begin}, {end - extra}) on this axis",
                )
        self._set(
            tuple(
                Axis(k, s, d, (begin, end - extra))
                for k, s, d, (begin, end), extra in zip(kernels, strides, dilations, pairs, extras, strict=True)
            ),
            groups,
        )

    @property
    def crop(self) -> tuple[Pair, ...]:
        """Elements cut from the full output, ((begin, end), ...); negative ones are added and hold only the bias."""
        return tuple(axis.crop for axis in self.axes)

    def output_size(self, input_size: Sizes) -> tuple[int, ...]:
        """Size of the output per axis: (n-1)*stride + dilation*(kernel_size-1) + 1 - begin - end."""
        return tuple(axis.output(n) for axis, n in zip(self.axes, self.sizes(input_size), strict=True))

    def coverage(self, input_size: Sizes) -> NDArray[np.int64]:
        """How many products reach each output of one channel pair, as an int64 array of the output's size.

        >>> ConvTranspose((3,), stride=2, padding=1, output_padding=1).coverage((5,))
        array([1, 2, 1, 2, 1, 2, 1, 2, 1, 1])

        Uneven values are the checkerboard, zeros are holes that only the bias reaches (Odena et al. 2016).
        """
        import numpy as np

        from .memory import require_memory

        sizes = self.sizes(input_size)
        require_memory("the coverage", self.output_size(sizes), 8)
        along = [axis.coverage(n) for axis, n in zip(self.axes, sizes, strict=True)]
        if prod(int(counts.max(initial=0)) for counts in along) > MAX_SIZE:
            raise GeometryError("the coverage does not fit in 64 bits", f"input size {sizes}", "use smaller sizes")
        total = np.ones((), dtype=np.int64)
        for counts in along:
            total = total[..., None] * counts
        return total

    def channels(self, weight_shape: tuple[int, ...]) -> Pair:
        """(C_in, C_out) of a weight (C_in, C_out/groups, *kernel_size)."""
        return self._channels(weight_shape)

    @classmethod
    def of_axes(cls, axes: Sequence[Axis], groups: int = 1) -> ConvTranspose:
        """From axes that are there already.

        >>> ConvTranspose.of_axes([Axis(3, stride=2, crop=(0, 1))])
        ConvTranspose(kernel_size=(3,), stride=(2,), padding=((0, 1),))
        """
        kernels, strides, dilations, crops = zip(
            *((axis.kernel_size, axis.stride, axis.dilation, axis.crop) for axis in axes), strict=True
        )
        return cls(kernels, strides, crops, 0, dilations, groups)

    def adjoint(self) -> Conv:
        """The convolution whose matrix is transposed here: the same weights lead back from output to input size.

        >>> ConvTranspose((3,), stride=2, padding=1, output_padding=1).adjoint()
        Conv(kernel_size=(3,), stride=(2,), padding=((1, 0),))
        """
        return Conv(self.kernel_size, self.stride, self.crop, self.dilation, self.groups)

    def plan(self, view: str) -> Plan:
        """One of the six exactly equal ways to compute it (`deconvs.VIEWS`), as a size-free Plan.

        >>> [type(step).__name__ for step in ConvTranspose((3,), stride=2).plan("direct").steps]
        ['InsertZeros', 'Pad', 'Correlate', 'AddBias']
        """
        from .views import build

        return build(self, view)

    def prepare(
        self,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        activation: str | tuple[str, float] | None = None,
        kernel: str | None = None,
    ) -> Operator:
        """The operator with its weights packed once, to be called on many inputs.

        >>> import numpy as np
        >>> op = ConvTranspose((3,), stride=2).prepare(np.array([[[1, 2, 3]]]))
        >>> op(np.array([[1, 10]]))
        array([[ 1,  2, 13, 20, 30]])

        weight: (C_in, C_out/groups, *kernel_size); bias: (C_out,). activation, done while the output is stored: None,
        "relu", "leaky_relu" or ("leaky_relu", slope). kernel: one of the native core's by name ("phase", "union",
        "gemm", "toom"), by default DECONVS_KERNEL or the one that is expected to be fastest at each input size; all but
        "toom" make the products of the definition, and round as it does. Errors: GeometryError.
        """
        from .run.fast import Operator

        return Operator(self, weight, bias, activation=activation, kernel=kernel)

    @property
    def _paddings(self) -> dict[str, Spelled]:
        if all(
            b >= 0 and 0 <= b - e < max(a.stride, a.dilation) for a, (b, e) in zip(self.axes, self.crop, strict=True)
        ):
            return {"padding": tuple(b for b, _ in self.crop), "output_padding": tuple(b - e for b, e in self.crop)}
        return {"padding": self.crop}


@dataclass(frozen=True, init=False, repr=False)
class Conv(_Geometry):
    """A convolution (cross-correlation, as in every deep learning framework): the operator C that is transposed.

    >>> Conv(3, ndim=2).output_size((4, 4))
    (2, 2)
    >>> Conv(3, stride=2, padding=1, ndim=2).transpose(input_size=(6, 6))
    ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))

    Parameters are PyTorch's; padding also takes ((begin, end), ...), negative (cropping the input) allowed there.
    Weights are (C_out, C_in/groups, *kernel_size). Errors: GeometryError. Source: Dumoulin & Visin 2018, chapter 2.
    """

    _weight_axes = ("C_out", "C_in/groups")

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Padding = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        *,
        ndim: int | None = None,
    ) -> None:
        kernels = _kernel_sizes(kernel_size, ndim)
        strides = per_axis("stride", stride, len(kernels), minimum=1)
        dilations = per_axis("dilation", dilation, len(kernels), minimum=1)
        pairs = _padding_pairs(padding, len(kernels))
        self._set(tuple(Axis(*fields) for fields in zip(kernels, strides, dilations, pairs, strict=True)), groups)

    @property
    def padding(self) -> tuple[Pair, ...]:
        """Zeros around the input, ((begin, end), ...); negative ones are cut from it."""
        return tuple(axis.crop for axis in self.axes)

    def output_size(self, input_size: Sizes) -> tuple[int, ...]:
        """Size of the output per axis: floor((m + begin + end - dilation*(kernel_size-1) - 1) / stride) + 1."""
        return tuple(axis.conv_output(m) for axis, m in zip(self.axes, self.sizes(input_size), strict=True))

    def channels(self, weight_shape: tuple[int, ...]) -> Pair:
        """(C_in, C_out) of a weight (C_out, C_in/groups, *kernel_size)."""
        c_out, c_in = self._channels(weight_shape)
        return c_in, c_out

    def transpose(self, input_size: Sizes) -> ConvTranspose:
        """The ConvTranspose that returns to ``input_size``: relationship 14, for any dilation and padding.

        The a elements that the last window never reached come back as output_padding.
        """
        sizes = self.sizes(input_size)
        self.output_size(sizes)
        crop = tuple((axis.crop[0], axis.crop[1] - axis.remainder(m)) for axis, m in zip(self.axes, sizes, strict=True))
        return ConvTranspose(self.kernel_size, self.stride, crop, 0, self.dilation, self.groups)

    @property
    def _paddings(self) -> dict[str, Spelled]:
        if all(begin == end >= 0 for begin, end in self.padding):
            return {"padding": tuple(begin for begin, _ in self.padding)}
        return {"padding": self.padding}


Geometry = Conv | ConvTranspose


def _kernel_sizes(kernel_size: object, ndim: object) -> tuple[int, ...]:
    """Kernel sizes per axis; they fix the number of axes."""
    found = sequence(kernel_size)
    if found is None and ndim is None:
        size = integer("kernel_size", kernel_size, minimum=1)
        raise GeometryError(
            "the number of axes is not known",
            f"kernel_size={size} and no ndim",
            f"write kernel_size=({size}, {size}) or add ndim=2",
        )
    if ndim is None:
        ndim = len(cast(tuple[object, ...], found))
        if ndim == 0:
            raise GeometryError("the geometry has no axes", "kernel_size=()", "give one kernel size per axis")
    axes = integer("ndim", ndim, minimum=1)
    if axes > MAX_NDIM:
        raise GeometryError("too many axes", f"{axes} spatial axes", f"use at most {MAX_NDIM}")
    # Not kernel_size again: an iterator is used up by now.
    return per_axis("kernel_size", kernel_size if found is None else found, axes, minimum=1)


def _padding_pairs(padding: object, ndim: int) -> tuple[Pair, ...]:
    """Padding in any of its spellings as ((begin, end), ...)."""
    form = "one integer for all axes, one for each, or a pair for each: ((begin, end), ...)"
    if isinstance(padding, str):
        raise GeometryError(
            "padding is given in numbers",
            f"padding={padding!r}",
            "'valid' is 0; 'same' is begin + end = dilation*(kernel_size - 1) + 1 - stride, as ((begin, end), ...)",
        )
    found = sequence(padding)
    names = [f"padding[{axis}]" for axis in range(ndim)] if found is not None else ["padding"] * ndim
    if found is None:
        found = (padding,) * ndim
    pairs = []
    for name, item in zip(names, right_length("padding", found, ndim, form), strict=True):
        pair = sequence(item)
        if pair is None:
            amount = integer(name, item)
            if amount < 0:
                raise GeometryError(
                    "a negative padding needs its two sides",
                    f"{name}={amount}",
                    f"write the pair ({amount}, {amount}) for this axis",
                )
            pairs.append((amount, amount))
        elif len(pair) == 2:
            pairs.append((integer(f"{name}[0]", pair[0]), integer(f"{name}[1]", pair[1])))
        else:
            raise GeometryError("padding is not a (begin, end) pair", f"{name}={item!r}", f"give {form}")
    return tuple(pairs)


def geometry_of(value: Any) -> Geometry:
    """``value`` itself if it is a geometry."""
    if not isinstance(value, Conv | ConvTranspose):
        raise GeometryError(
            "not a geometry", f"got {type(value).__name__}", "pass a deconvs.ConvTranspose or deconvs.Conv"
        )
    return value
