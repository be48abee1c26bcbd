"""Checkpoints as .npz files: zip archives of .npy files, one a tensor."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ..errors import GeometryError
from ..memory import require_bytes
from .npy import read_array, write_array
from .tensors import NUMPY, Checkpoint, Tensor, broken, from_array, listed

_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")
"""Of archives, and of empty ones."""
_AS_NUMPY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How `numpy.savez` and `numpy.savez_compressed` pack."""
_OF_MEMBER = 2048
"""Bytes of memory for each member beside its contents."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,  # of zip's later versions
    RuntimeError,  # encrypted
    ValueError,
    OverflowError,
)
"""What zipfile raises on damaged archives."""


def read(path: Path) -> Checkpoint:
    """The tensors of a .npz file, in its order.

    Errors: GeometryError for damaged archives, for members that are not arrays, and for more than fits in memory.
    """
    with path.open("rb") as file:
        try:
            return _read(file, path)
        except GeometryError:
            raise
        except _BROKEN as error:
            raise broken(path, str(error).rstrip(".") or type(error).__name__) from None


def _read(file: BinaryIO, path: Path) -> Checkpoint:
    with zipfile.ZipFile(file) as archive:
        # zipfile looks for an archive from the end on, behind whatever else may be there; NumPy does not.
        file.seek(0)
        if file.read(4) not in _BEGINNINGS:
            raise broken(path, "it does not begin as a zip archive")
        members = archive.infolist()
        _refuse_members(members, path)
        # What the archive says that it unpacks to, which is all that is read of it: a small file may hold much.
        needed = 3 * sum(m.file_size for m in members) + _OF_MEMBER * len(members)
        require_bytes(f"the checkpoint '{path}'", f"{len(members)} tensors", needed)
        tensors = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as packed:
                # No more than that: without a size, whatever is there would be unpacked first and then cut.
                data = packed.read(member.file_size)
            tensors[name] = from_array(read_array(data, name))
        return Checkpoint(tensors)


def write(checkpoint: Checkpoint) -> bytes:
    """A .npz file, as `numpy.savez` writes it.

    Errors: GeometryError for types and names that such a file cannot hold.
    """
    lost = [name for name, tensor in checkpoint.tensors.items() if not _has_type(tensor)]
    if lost:
        types = sorted({checkpoint.tensors[name].type for name in lost})
        raise GeometryError(
            "NumPy has no such types", f"{', '.join(types)} of {listed(lost)}", "write a .safetensors file"
        )
    refuse_names([name for name in checkpoint.tensors if "\0" in name], ".npz")
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, tensor in checkpoint.tensors.items():
            # Sizes of beyond 4 GiB are allowed for, as numpy.savez does, because none is known before it is written.
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                write_array(tensor.array, file)
    return out.getvalue()


def refuse_names(names: Sequence[str], suffix: str) -> None:
    """An error where there are names that a kind of file cannot hold."""
    if names:
        raise GeometryError(f"names that {suffix} files cannot hold", listed(names), "rename these")


def _has_type(tensor: Tensor) -> bool:
    return tensor.type in NUMPY or tensor.array.dtype.str == tensor.type


def _refuse_members(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    names = [member.filename for member in members]
    others = [name for name in names if not name.endswith(".npy")]
    if others:
        raise broken(path, f"it holds other things than arrays: {listed(others)}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise broken(path, f"it holds two of {listed(twice)}")
    # The other ways of zip archives unpack a few bytes to gigabytes at once, whatever size was said.
    packed = [member.filename for member in members if member.compress_type not in _AS_NUMPY]
    if packed:
        raise broken(path, f"it is packed in a way that NumPy does not use: {listed(packed)}")
