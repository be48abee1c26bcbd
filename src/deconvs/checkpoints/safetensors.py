"""Checkpoints as .safetensors files, by their documented form: https://huggingface.co/docs/safetensors

Eight bytes say how long the header is; the header is JSON: {"name": {"dtype", "shape", "data_offsets"}, ...,
"__metadata__": {"word": "text"}}; the tensors follow without gaps. It is read and written here instead of by the
package of that name, whose arrays NumPy must have types for: so bfloat16, float8 and the rest pass byte for byte.
tests/test_checkpoints.py holds both against each other.
"""

from __future__ import annotations

import json
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

from ..errors import GeometryError
from ..memory import require_bytes
from .npz import refuse_names
from .tensors import BITS, NUMPY, Checkpoint, Tensor, broken, listed

_MOST = 100_000_000
"""The longest header that the package reads."""

_METADATA = "__metadata__"


def read(path: Path) -> Checkpoint:
    """The tensors of a .safetensors file, in the order of their bytes, and its metadata.

    Errors: GeometryError for whatever the format does not allow, and for more than fits in memory.
    """
    require_bytes(f"the checkpoint '{path}'", "as a file", 3 * path.stat().st_size)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(len(data) - 8, _MOST):
        raise broken(path, "the length of its header is wrong")
    header = _header(data[8 : 8 + length], path)
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise broken(path, "its metadata is not words with texts")
    start, reached = 8 + length, 0
    tensors: dict[str, tuple[str, tuple[int, ...], int]] = {}
    for name, entry in sorted(header.items(), key=lambda item: _place(item[1])):
        kind, shape, begin, end = _entry(name, entry, path)
        if begin != reached or end - begin != -(-prod(shape) * BITS[kind] // 8) or prod(shape) * BITS[kind] % 8:
            raise broken(path, f"the bytes of {listed([name])} are not those of shape {shape} and {kind}")
        tensors[name] = (kind, shape, start + begin)
        reached = end
    if start + reached != len(data):
        raise broken(path, f"its tensors end at byte {start + reached}, the file at {len(data)}")
    try:
        return Checkpoint({name: _tensor(data, *entry) for name, entry in tensors.items()}, metadata)
    except (ValueError, OverflowError) as error:  # more axes, or longer ones, than NumPy has
        raise broken(path, f"{error}") from None


def write(checkpoint: Checkpoint) -> bytes:
    """A .safetensors file, tensors in the order of the package: so that a file of its own comes back as it was.

    Errors: GeometryError for types and names that such a file cannot hold.
    """
    lost = [name for name, tensor in checkpoint.tensors.items() if tensor.type not in BITS]
    if lost:
        types = sorted({checkpoint.tensors[name].type for name in lost})
        raise GeometryError(
            "safetensors has no such types", f"{', '.join(types)} of {listed(lost)}", "write a .npz file"
        )
    refuse_names([name for name in checkpoint.tensors if name == _METADATA], ".safetensors")
    order = list(BITS)
    tensors = sorted(checkpoint.tensors.items(), key=lambda item: (-order.index(item[1].type), item[0].encode()))
    header: dict[str, Any] = {_METADATA: checkpoint.metadata} if checkpoint.metadata else {}
    reached = 0
    for name, tensor in tensors:
        size = tensor.array.nbytes
        offsets = [reached, reached + size]
        header[name] = {"dtype": tensor.type, "shape": list(tensor.shape), "data_offsets": offsets}
        reached += size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of eight bytes
    out = BytesIO()
    out.write(len(text).to_bytes(8, "little") + text)
    for _, tensor in tensors:
        own = NUMPY.get(tensor.type, tensor.array.dtype)
        out.write(tensor.array.astype(own, copy=False).tobytes())
    return out.getvalue()


def _header(text: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(text.decode(), object_pairs_hook=_once)
        json.dumps(header, ensure_ascii=False).encode()  # half of a character, as JSON can spell it, is no text
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise broken(path, f"its header is not JSON ({why})") from None
    if not isinstance(header, dict):
        raise broken(path, "its header is not a JSON object")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice")
    return found


def _place(entry: object) -> tuple[int, int]:
    """Where a tensor's bytes are; what is not said properly comes first, and is refused there."""
    offsets: Any = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not _naturals(offsets) or len(offsets) != 2:
        return (-1, -1)
    return offsets[0], offsets[1]


def _entry(name: str, entry: Any, path: Path) -> tuple[str, tuple[int, ...], int, int]:
    known = isinstance(entry, dict) and set(entry) == {"dtype", "shape", "data_offsets"}
    if not known or not _naturals(entry["shape"]) or _place(entry) == (-1, -1):
        raise broken(path, f"its header does not tell dtype, shape and data_offsets of {listed([name])}")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in BITS:
        raise broken(path, f"the type {str(entry['dtype'])[:20]!r} of {listed([name])} is not known")
    return entry["dtype"], tuple(entry["shape"]), *entry["data_offsets"]


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _tensor(data: bytes, kind: str, shape: tuple[int, ...], start: int) -> Tensor:
    import numpy as np

    whole = BITS[kind] % 8 == 0
    dtype = NUMPY.get(kind, f"<u{BITS[kind] // 8}" if whole else "|u1")
    array = np.ndarray(shape if whole else (prod(shape) * BITS[kind] // 8,), dtype, data, start)
    return Tensor(kind, shape, array)
