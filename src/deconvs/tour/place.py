"""Where the tour writes: the names of its files, and the refusal to write over anything that is not its own."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from ..drawing import NAMED
from ..errors import GeometryError
from .photos import KERNELS

MARK = '<meta name="generator" content="deconvs tour">'
PAGE = "index.html"
ELSEWHERE = "choose another folder with --out"

_HEAD = 4096
"""Bytes of a page in which MARK is looked for: the page may be anything, and as long as it likes."""


def figure(name: str, kind: str) -> str:
    """The file of a named figure as gif, png or svg."""
    return f"{name}.{kind}"


def upsampled(kernel: str) -> str:
    """The file of the picture upsampled by a kernel."""
    return f"upsampled-{kernel}.png"


def names() -> tuple[str, ...]:
    """Every file that a tour writes, known before any work.

    The page comes first. It needs none of the other files, and its mark is what tells the tour's folder from anyone
    else's: so a tour that was stopped between two files leaves nothing that a later one would take for the user's.
    """
    figures = [figure(name, kind) for name in NAMED for kind in ("gif", "png", "svg")]
    return (PAGE, *figures, *(upsampled(kernel.name) for kernel in KERNELS))


def check(out: Path, image: Path | None) -> None:
    """An error, before any work, where the tour would write over the picture given, or anything but an earlier tour."""
    try:
        _check(out, image)
    except OSError as error:
        raise GeometryError("the folder cannot be used", f"'{out}': {error.strerror}", ELSEWHERE) from None


def _check(out: Path, image: Path | None) -> None:
    paths = [out / name for name in names()]
    there = {path: regular for path in paths if (regular := _is_regular(path)) is not None}
    if image is not None and any(path.exists() and path.samefile(image) for path in there):
        raise GeometryError("the picture would be overwritten", f"'{image}'", ELSEWHERE)
    for path, regular in there.items():
        if not regular:  # nor is it opened: a pipe would be waited for
            raise GeometryError("something is in the way", f"'{path}' is not a regular file", ELSEWHERE)
    page = out / PAGE
    own = page in there and _has_mark(page)
    if page in there and not own:
        raise GeometryError("the folder holds another page", f"'{page}' was not made by deconvs tour", ELSEWHERE)
    if there and not own:
        raise GeometryError("a file would be overwritten", f"'{next(iter(there))}' is not from a tour", ELSEWHERE)
    # An empty --out, as of a variable that is not set, reads as the current folder too.
    if out == Path() and not own and any(out.iterdir()):
        raise GeometryError("the current folder holds other files", f"'{out.absolute()}'", "name a folder with --out")


def _is_regular(path: Path) -> bool | None:
    """Whether it is a regular file, and no link to one; None where there is nothing."""
    try:
        return S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _has_mark(page: Path) -> bool:
    with page.open("rb") as file:
        return MARK.encode() in file.read(_HEAD)
