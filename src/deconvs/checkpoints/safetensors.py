"""Checkpoints as .safetensors files, by their documented form: https://huggingface.co/docs/safetensors

Eight bytes say how long the header is; the header is JSON: {"name": {"dtype", "shape", "data_offsets"}, ...,
"__metadata__": {"word": "text"}}; the tensors follow without gaps. It is read and written here instead of by the
package of that name, whose arrays NumPy must have types for: so bfloat16, float8 and the rest pass byte for byte.
tests/test_checkpoints.py holds both against each other.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from io import BytesIO
from math import prod
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..errors import GeometryError
from ..memory import require_bytes
from .npz import refuse_names
from .tensors import BITS, NUMPY, Checkpoint, Tensor, broken, listed, misshapen, quoted

_MOST = 100_000_000
"""The longest header that the package reads."""

_OF_HEADER = 48
"""Bytes of memory for each byte of the header: as Python's objects it is many times longer than as text."""

_METADATA = "__metadata__"
_KEYS = {"dtype", "shape", "data_offsets"}


def read(path: Path) -> Checkpoint:
    """The tensors of a .safetensors file, in the order of their bytes, and its metadata.

    Errors: GeometryError for whatever the format does not allow, and for more than fits in memory.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        needed = 3 * size + _OF_HEADER * min(length, size, _MOST)
        require_bytes(f"the checkpoint '{path}'", "as a file", needed)
        if len(first) < 8 or not 2 <= length <= min(size - 8, _MOST):
            raise broken(path, "the length of its header is wrong")
        header, data = _header(file.read(length), path), file.read()
    metadata = header.pop(_METADATA, None)
    metadata = {} if metadata is None else metadata  # the package, too, reads null as none
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise broken(path, "its metadata is not words with texts")
    reached, start = 0, 8 + length
    entries = [(name, *_entry(name, entry, path)) for name, entry in header.items()]
    entries.sort(key=itemgetter(3, 4))
    for name, kind, shape, begin, end in entries:
        if begin != reached or 8 * (end - begin) != prod(shape) * BITS[kind]:
            raise broken(path, f"the bytes of {listed([name])} are not those of shape {shape} and {kind}")
        reached = end
    if reached != len(data):
        raise broken(path, f"its tensors end at byte {start + reached}, the file at {start + len(data)}")
    try:
        tensors = {name: _tensor(data, kind, shape, begin) for name, kind, shape, begin, _ in entries}
    except (ValueError, OverflowError) as error:  # no elements, but axes whose product NumPy cannot count
        raise broken(path, f"{error}") from None
    return Checkpoint(tensors, metadata)


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
    order = {kind: -place for place, kind in enumerate(BITS)}
    tensors = sorted(checkpoint.tensors.items(), key=lambda item: (order[item[1].type], item[0].encode()))
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
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
            raise broken(path, f"its header has {listed(twice)} twice")
        return found

    try:
        header = json.loads(text.decode(), object_pairs_hook=once, parse_int=_integer)
        if re.search(rb"\\u[dD][89a-fA-F]", text):  # half of a character, as JSON can spell it, is no text
            json.dumps(header, ensure_ascii=False).encode()
    except GeometryError:
        raise
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise broken(path, f"its header is not JSON ({why})") from None
    if not isinstance(header, dict):
        raise broken(path, "its header is not a JSON object")
    return header


def _integer(text: str) -> int | float:
    """A number without a point; -0 is none of the integers that sizes are made of, as in the package."""
    return -0.0 if text == "-0" else int(text)


def _entry(name: str, entry: Any, path: Path) -> tuple[str, tuple[int, ...], int, int]:
    known = isinstance(entry, dict) and entry.keys() >= _KEYS
    if not known or not _naturals(entry["shape"]) or not _naturals(offsets := entry["data_offsets"], 2):
        raise broken(path, f"its header does not tell dtype, shape and data_offsets of {listed([name])}")
    kind, shape = entry["dtype"], tuple(entry["shape"])
    if not isinstance(kind, str) or kind not in BITS:
        raise broken(path, f"the type {str(kind)[:20]!r} of {listed([name])} is not known")
    if len(entry) > len(_KEYS):
        others = listed([key for key in entry if key not in _KEYS])
        raise GeometryError(
            "the file says more of a tensor than is understood here",
            f"{quoted(path)}: {listed([name])} has {others} beside dtype, shape and data_offsets",
            "load it with the package safetensors, which passes over these, and save it again",
        )
    if (why := misshapen(shape)) is not None:
        raise broken(path, f"{listed([name])} has {why}")
    return kind, shape, offsets[0], offsets[1]


def _naturals(value: Any, count: int | None = None) -> bool:
    """Whether this is a list of integers of at least 0, so many of them."""
    if not isinstance(value, list) or (count is not None and len(value) != count):
        return False
    return all(type(item) is int and item >= 0 for item in value)


def _tensor(data: bytes, kind: str, shape: tuple[int, ...], start: int) -> Tensor:
    import numpy as np

    whole = BITS[kind] % 8 == 0
    dtype = NUMPY.get(kind, f"<u{BITS[kind] // 8}" if whole else "|u1")
    array = np.ndarray(shape if whole else (prod(shape) * BITS[kind] // 8,), dtype, data, start)
    return Tensor(kind, shape, array)
