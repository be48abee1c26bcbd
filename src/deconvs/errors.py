"""What is said where there is no exact answer: `GeometryError` is raised, `Refusal` is returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GeometryError(ValueError):
    """A request that has no exact answer, said before anything is computed.

    >>> print(GeometryError("stride is too small", "stride=0", "use an integer of at least 1"))
    stride is too small: stride=0; use an integer of at least 1

    The three parts are kept as ``what``, ``values`` and ``fix``, for programs that show them apart.
    """

    def __init__(self, what: str, values: str, fix: str) -> None:
        # All three go to Exception.args, so that the error survives pickling (process pools, xdist).
        super().__init__(what, values, fix)
        self.what = what
        self.values = values
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}: {self.values}; {self.fix}"


@dataclass(frozen=True)
class Nearest:
    """What a framework can say instead, and what is then still to be done around it.

    >>> Nearest({"kernel_size": (3,), "stride": (2,)}, crop=((0, 1),))
    Nearest(params={'kernel_size': (3,), 'stride': (2,)}, crop=((0, 1),), dilation=None, groups=1)

    params: the framework's own keywords. crop: ((begin, end), ...) to cut from its output; negative: positions to add,
    which hold only the bias. dilation: by how much to dilate the weight first, filling it up with zeros, or None.
    groups: how many layers of these parameters to run, one for each group of channels, and to concatenate.
    Where a weight was converted: weights, one for each group, in the framework's layout and dilated already; and code,
    the program that does all of this.
    """

    params: Mapping[str, object]
    crop: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...] | None = None
    groups: int = 1
    weights: tuple[NDArray[Any], ...] = field(default=(), compare=False, repr=False)
    code: str = field(default="", compare=False, repr=False)

    @property
    def cut(self) -> tuple[tuple[int, int], ...]:
        """The part of the crop that is cut, after what is added."""
        return tuple((max(begin, 0), max(end, 0)) for begin, end in self.crop)

    @property
    def added(self) -> tuple[tuple[int, int], ...]:
        """The part of the crop that is added: positions that hold only the bias."""
        return tuple((max(-begin, 0), max(-end, 0)) for begin, end in self.crop)


@dataclass(frozen=True)
class Refusal:
    """A request that is understood and has no exact spelling: a value, not an exception.

    >>> refusal = Refusal("padding cannot differ between the two sides: the crop is (0, 1)")
    >>> bool(refusal), str(refusal)
    (False, 'padding cannot differ between the two sides: the crop is (0, 1)')

    It is falsy, while parameters never are: ``if params := write(...)`` reads as it should. ``reason`` is one sentence
    that names the parameter; ``nearest`` is what can be said instead, or None.
    """

    reason: str
    nearest: Nearest | None = None

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.reason
