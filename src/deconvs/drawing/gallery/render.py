"""Writing the gallery: every picture in every format, a contact sheet, an index."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from ...arguments import integer, sequence
from ...errors import GeometryError
from ...files import folder_for_work, write_all, write_whole
from ..files import SUFFIXES, encoded
from ..scene import Film, Scene
from ..theme import THEMES, dark
from .index import index_page
from .sheet import contact_sheet
from .table import GALLERY

FORMATS = tuple(suffix[1:] for suffix in SUFFIXES)
STILL = ("svg", "png")
"""What a picture that does not move is written in."""
USUAL = ("gif", "svg", "png")
INDEX, SHEET = "index.html", "contact-sheet.png"

Report = Callable[[tuple[Path, ...], int, int], None]
"""Called with the files just written, how many pictures are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One picture as files by their format, its still, and its alternative text."""

    name: str
    files: dict[str, bytes]
    still: Scene
    description: str


def render_gallery(
    directory: str | os.PathLike[str],
    *,
    only: Sequence[str] | None = None,
    formats: Sequence[str] = USUAL,
    theme: str = "light",
    workers: int = 1,
    report: Report | None = None,
) -> tuple[Path, ...]:
    """Draw the gallery into a folder, which is made if it is missing; returns the files written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = render_gallery(folder, only=["counting_positions"], formats=["png"])
    ...     [path.name for path in written]
    ['counting_positions.png', 'contact-sheet.png', 'index.html']

    ``only``: names of `GALLERY`, by default all; sheet and index are of these. ``formats``: of `FORMATS`; what does not
    move has only svg and png. ``theme``: "light" or "dark". ``workers``: processes that draw; for more than one, a
    script needs the usual guard, ``if __name__ == "__main__"``. Every file appears whole or not at all.
    Errors: GeometryError for unknown names, formats or themes, fewer workers than one, and where files cannot be
    written.
    """
    names = _chosen("picture in the gallery", only, tuple(GALLERY))
    wanted = _chosen("format of the gallery", formats, FORMATS)
    (paper,) = _chosen("theme", (theme,), THEMES)
    workers = integer("workers", workers, minimum=1)
    written: list[Path] = []
    done: dict[str, Rendered] = {}
    with folder_for_work(directory) as folder:
        for rendered in _rendered(names, wanted, paper, workers):
            files = {folder / f"{rendered.name}.{suffix}": data for suffix, data in rendered.files.items()}
            write_all(files)
            written += files
            done[rendered.name] = replace(rendered, files=dict.fromkeys(rendered.files, b""))
            if report is not None:
                report(tuple(files), len(done), len(names))
        pictures = [done[name] for name in names]
        sheet = contact_sheet([(picture.name, picture.still) for picture in pictures])
        write_whole(sheet, folder / SHEET)
        page = index_page([(GALLERY[p.name], p.still, p.description, tuple(p.files)) for p in pictures])
        write_whole(page.encode(), folder / INDEX)
    order = {name: at for at, name in enumerate(names)}
    written.sort(key=lambda path: order[path.stem])
    return (*written, folder / SHEET, folder / INDEX)


def rendered(name: str, formats: Sequence[str], theme: str) -> Rendered:
    """One picture of the gallery in the formats that it can have."""
    drawn = GALLERY[name].draw()
    if theme == "dark":
        drawn = dark(drawn)
    moves = isinstance(drawn, Film)
    files = {each: encoded(drawn, f".{each}") for each in formats if moves or each in STILL}
    return Rendered(name, files, drawn.still if isinstance(drawn, Film) else drawn, drawn.description)


def _rendered(names: Sequence[str], formats: Sequence[str], theme: str, workers: int) -> Iterator[Rendered]:
    if min(workers, len(names)) <= 1:
        yield from (rendered(name, formats, theme) for name in names)
        return
    # Not forked: whoever calls may have threads of their own, and a fork inherits only their locks.
    with ProcessPoolExecutor(min(workers, len(names)), get_context("spawn"), _begin_work) as pool:
        try:
            # Those with many frames first, or one of them is waited for in the end.
            first = sorted(names, key=lambda name: not GALLERY[name].moves)
            for future in as_completed([pool.submit(rendered, name, formats, theme) for name in first]):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin_work() -> None:
    """An interruption is for the process that was started, which ends the others; and they end where it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _chosen(what: str, asked: object, known: Sequence[str]) -> tuple[str, ...]:
    if asked is None:
        return tuple(known)
    several = sequence(asked)
    chosen = (asked,) if several is None else several
    if not chosen:
        raise GeometryError(f"no {what} is chosen", "an empty list", f"use one of {', '.join(known)}")
    found: dict[str, None] = {}
    for one in chosen:
        if not isinstance(one, str) or one not in known:
            raise GeometryError(f"no such {what}", repr(one)[:80], f"use one of {', '.join(known)}")
        found[one] = None
    return tuple(found)
