"""A checkpoint in memory: tensors by name, of any type, in their own bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import GeometryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}
"""Bits of an element of each type of safetensors, in the order in which its writer sorts tensors, from the last on."""

NUMPY = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "I16": "<i2",
    "U16": "<u2",
    "F16": "<f2",
    "I32": "<i4",
    "U32": "<u4",
    "F32": "<f4",
    "C64": "<c8",
    "F64": "<f8",
    "I64": "<i8",
    "U64": "<u8",
}
"""The types of safetensors that NumPy has too."""

MOST_AXES = 64
"""Of an array of NumPy."""

SAFETENSORS = {name: own for own, name in NUMPY.items()}


@dataclass(frozen=True)
class Tensor:
    """One tensor.

    ``type``: safetensors' name of it where it has one, else NumPy's. ``array``: the values; the bare bits, as unsigned
    integers, of a type that NumPy lacks; flat bytes of a type whose elements are not whole bytes. Copying and moving
    elements needs no more, so that every type goes through as it is.
    """

    type: str
    shape: tuple[int, ...]
    array: NDArray[Any] = field(repr=False)

    def bits(self) -> NDArray[Any] | None:
        """The elements as unsigned integers that can be moved about; None where they are not numbers of whole bytes."""
        array = self.array
        if array.shape != self.shape or array.dtype.kind not in "biufcV" or array.dtype.names is not None:
            return None
        if array.dtype.itemsize not in (1, 2, 4, 8) or array.dtype.subdtype is not None:
            return None
        # Views of other sizes than the element's are for contiguous arrays only; this one is of the same size.
        return array.view(f"u{array.dtype.itemsize}")

    def moved(self, bits: NDArray[Any]) -> Tensor:
        """This tensor with its elements in other places."""
        return Tensor(self.type, bits.shape, bits.view(self.array.dtype))


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, in the file's order, and what the file says about itself in words."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)


def from_array(array: NDArray[Any]) -> Tensor:
    """A NumPy array as a tensor."""
    name = array.dtype.newbyteorder("<").str
    return Tensor(SAFETENSORS.get(name, array.dtype.str), array.shape, array)


def misshapen(shape: tuple[int, ...]) -> str | None:
    """What no array of NumPy has, in words: said before a product of the sizes is computed, which might never end.

    >>> misshapen((2, -1)), misshapen((1,) * 65), misshapen((2, 3))
    ('an axis of a negative size', '65 axes, of up to 64', None)
    """
    if len(shape) > MOST_AXES:
        return f"{len(shape):,} axes, of up to {MOST_AXES}"
    if min(shape, default=0) < 0:
        return "an axis of a negative size"
    return "an axis of 2**63 elements or more" if max(shape, default=0) >= 2**63 else None


def listed(names: Sequence[str], most: int = 4, length: int = 60) -> str:
    """Some of many names, for one line.

    >>> listed(["a", "b", "c", "d", "e", "f"])
    "'a', 'b', 'c', 'd' and 2 more"
    """
    shown = ", ".join(quoted(name, length) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def quoted(name: object, length: int = 60) -> str:
    """A name in quotes, cut in its middle where it is too long to be shown: the ends tell layers apart.

    >>> quoted("encoder.block.weight", 11)
    "'encod…eight'"
    """
    text = repr(str(name))
    half = (length - 1) // 2
    return text if len(text) <= length + 2 else f"{text[: half + 1]}…{text[-half - 1 :]}"


def shortened(text: str, length: int = 200) -> str:
    """``text`` on one line, cut where it is too long to be shown.

    >>> shortened("a  b", 3), shortened("abcd", 3)
    ('a b', 'ab…')
    """
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def broken(path: object, why: str) -> GeometryError:
    """The error for a file whose contents are not what its name says."""
    said = f"{quoted(path)}: {shortened(why)}"
    return GeometryError("the file is damaged, or is not what its name says", said, "save it again")
