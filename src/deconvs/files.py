"""Writing files: they appear whole or not at all, and what was there before survives a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from .errors import GeometryError


def write_whole(data: bytes, path: str | os.PathLike[str]) -> None:
    """Write ``data`` beside ``path`` and put it in place in one move.

    Errors: GeometryError where the folder is missing or cannot be written; what was at ``path`` is still there then.
    """
    write_all({Path(path): data})


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Write every file beside its place first, then move them all there, in the order given.

    So a disk that is full, or an interruption while writing, changes nothing: only the moves are left by then.
    Errors: GeometryError where a folder is missing or cannot be written.
    """
    temporaries: dict[Path, Path] = {}
    target = Path()
    try:
        try:
            for target, data in contents.items():
                if not target.parent.is_dir():
                    raise GeometryError(
                        "the folder does not exist", f"'{target.parent}'", "create it, or save somewhere else"
                    )
                temporaries[target] = temporary = target.with_name(f".{target.name[:100]}.{token_hex(4)}")
                # Not tempfile: its files are private, and this one gets the rights that any new file would have.
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            for target, temporary in temporaries.items():
                temporary.replace(target)
        finally:
            for temporary in temporaries.values():
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise GeometryError(
            "the file cannot be written", f"'{target}': {error.strerror}", "save somewhere that can be written"
        ) from None


@contextmanager
def folder_for_work(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder as `make_folder` does; where the work in it fails, what was made and is still empty goes again."""
    folder = Path(path)
    made = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    try:
        make_folder(folder)
        yield folder
    except BaseException:  # an interruption as well
        for each in made:
            with suppress(OSError):
                each.rmdir()
        raise


def make_folder(path: str | os.PathLike[str]) -> None:
    """Create a folder, with those above it, unless it is there; and make sure that files can be put into it."""
    folder = Path(path)
    fix = "choose a folder that can be written"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        # What is in the way may be a folder above this one.
        found = Path(error.filename or folder)
        kind = "is a file" if found.exists() else "is a link that leads nowhere"
        raise GeometryError("not a folder", f"'{found}' {kind}", fix) from None
    except OSError as error:
        raise GeometryError("the folder cannot be made", f"'{folder}': {error.strerror}", fix) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise GeometryError("the folder cannot be written", f"'{folder}'", fix)
