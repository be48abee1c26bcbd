"""Which files are read and written as checkpoints: .npz and .safetensors, never pickle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import GeometryError
from ..memory import require_bytes
from . import npy, npz, safetensors
from .tensors import Checkpoint, quoted, shortened

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS: dict[str, ModuleType] = {".npz": npz, ".safetensors": safetensors}

_HOW = {
    ".pt": "safetensors.torch.save_file(model.state_dict(), 'x.safetensors')",
    ".h5": "np.savez('x.npz', **{v.path: v.numpy() for v in model.weights})",
}
_HOW |= dict.fromkeys((".pth", ".ckpt", ".bin", ".pkl", ".pickle"), _HOW[".pt"])
_HOW |= dict.fromkeys((".hdf5", ".keras"), _HOW[".h5"])


def readable(file: object) -> Path:
    """The path of a checkpoint to be read."""
    path = as_path("source_file", file)
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        save = _HOW.get(suffix, "one of these")
        raise GeometryError(
            "checkpoints are read from .npz and .safetensors files, never from pickles",
            quoted(path),
            f"save it as {save}",
        )
    _is_there("checkpoint", path)
    return path


def read_npy(file: object) -> NDArray[Any]:
    """The array of a .npy file, which is not a checkpoint: one tensor without a name."""
    path = as_path("array", file)
    if path.suffix.lower() != ".npy":
        raise GeometryError("arrays are read from .npy files, never from pickles", quoted(path), "numpy.save it as one")
    _is_there("array", path)
    with _telling(path):
        require_bytes(f"the array '{path}'", "as a file", 3 * path.stat().st_size)
        return npy.read_array(path.read_bytes(), str(path))


def read(path: Path) -> Checkpoint:
    """The checkpoint that a file holds."""
    with _telling(path):
        return KINDS[path.suffix.lower()].read(path)  # type: ignore[no-any-return]


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Errors of reading, with a way out of them."""
    try:
        yield
    except GeometryError as error:
        if "does not fit in memory" not in error.what:
            raise
        # Making it smaller, which helps elsewhere, is no way out here.
        raise GeometryError(error.what, error.values, "convert it where there is more memory") from None
    except OSError as error:
        raise GeometryError(
            "the file cannot be read", f"{quoted(path)}: {error.strerror}", "give a file that can be read"
        ) from None


def written(checkpoint: Checkpoint, path: Path) -> bytes:
    """The checkpoint as the contents of a file of this name."""
    return KINDS[path.suffix.lower()].write(checkpoint)  # type: ignore[no-any-return]


def writable(name: str, file: object, suffixes: tuple[str, ...], overwrite: bool, inputs: tuple[Path, ...]) -> Path:
    """The path of a file that may be written: of a known kind, in a folder, and in nothing's way."""
    path = as_path(name, file)
    if path.suffix.lower() not in suffixes:
        raise GeometryError(
            f"{name} has no known suffix", quoted(path), f"name it {' or '.join(f'*{suffix}' for suffix in suffixes)}"
        )
    if not path.parent.is_dir():
        raise GeometryError("the folder does not exist", f"'{path.parent}'", "create it, or save somewhere else")
    if path.is_dir():
        raise GeometryError(f"{name} is a folder", quoted(path), "name a file")
    if os.path.lexists(path):
        if any(given.exists() and path.exists() and path.samefile(given) for given in inputs):
            raise GeometryError(f"{name} is one of the files to be read", quoted(path), "write somewhere else")
        if not overwrite:
            raise GeometryError(
                f"{name} exists already", quoted(path), "name another file, or allow it: overwrite=True (--overwrite)"
            )
    return path


def as_path(name: str, file: object) -> Path:
    """What a caller names as a file."""
    text = os.fspath(file) if isinstance(file, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise GeometryError(f"{name} is not a path", f"{name}={shortened(repr(file), 60)}", "give the path of a file")
    path = Path(text)
    try:
        path.is_dir()
    except OSError as error:  # a name too long to exist
        raise GeometryError(f"{name} is no path here", f"{quoted(path)}: {error.strerror}", "use another") from None
    return path


def _is_there(what: str, path: Path) -> None:
    if not path.is_file():
        why = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no regular file"
        raise GeometryError(f"there is no such {what}", f"{quoted(path)} {why}", "give the path of a file")
