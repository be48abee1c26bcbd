"""Writing files: they appear whole or not at all, and what was there before survives a failure."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from .errors import GeometryError


def write_whole(data: bytes, path: str | os.PathLike[str]) -> None:
    """Write ``data`` beside ``path`` and put it in place in one move.

    Errors: GeometryError where the folder is missing or cannot be written; what was at ``path`` is still there then.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise GeometryError("the folder does not exist", f"'{target.parent}'", "create it, or save somewhere else")
    temporary = target.with_name(f".{target.name[:100]}.{token_hex(4)}")
    try:
        try:
            # Not tempfile: its files are private, and this one gets the rights that any new file would have.
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise GeometryError(
            "the file cannot be written", f"'{target}': {error.strerror}", "save somewhere that can be written"
        ) from None


def make_folder(path: str | os.PathLike[str]) -> None:
    """Create a folder, with those above it, unless it is there; and make sure that files can be put into it."""
    folder = Path(path)
    fix = "choose a folder that can be written"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise GeometryError("not a folder", f"'{folder}' is a file", fix) from None
    except OSError as error:
        raise GeometryError("the folder cannot be made", f"'{folder}': {error.strerror}", fix) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise GeometryError("the folder cannot be written", f"'{folder}'", fix)
