"""`deconvs gallery`: the figures of the guide, and what it lacks, as files in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import cli_values

if TYPE_CHECKING:
    from .drawing.gallery.render import Report


def gallery(
    out: Annotated[Path, typer.Option(help="Folder for the pictures; made if it is missing.", readable=False)],
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Only this picture, by name; repeatable.")
    ] = None,
    formats: Annotated[
        str, typer.Option(help="gif, svg and png, and if you like apng, webp, mp4 and html; with commas between.")
    ] = "gif,svg,png",
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
) -> None:
    """Draw the figures of Dumoulin and Visin's guide but for pooling, corrected, and what it lacks; with an index.

    Examples: deconvs gallery --out gallery; deconvs gallery --out one --only padding_strides_transposed --formats svg
    """
    from .benchmark.contenders.contender import usable_cpus
    from .drawing.gallery import render_gallery

    chosen = [cli_values.shortened(name) for name in only] if only else None
    suffixes = [part.strip() for part in formats.split(",") if part.strip()]
    with _told() as report:
        written = render_gallery(out, only=chosen, formats=suffixes, theme=theme, workers=usable_cpus(), report=report)
    print(f"{out}: {len(written)} files; open {written[-1]}")


@contextmanager
def _told() -> Iterator[Report]:
    """A bar on a terminal, elsewhere a line for each file."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console()
    if not (console.is_interactive and console.file.isatty()):
        # What does not move has no file in a format that does.
        yield lambda files, done, total: print("".join(f"{file}\n" for file in files), end="")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("drawing", total=None)
        yield lambda files, done, total: progress.update(
            task, description=files[0].stem if files else "drawing", completed=done, total=total
        )
