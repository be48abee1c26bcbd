"""Tables as plain text, by Rich, for everything that prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 118
"""Columns that tables may take when they are turned into text."""


def table_text(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str | None = None,
    right: Sequence[int] = (),
) -> str:
    """A table between a title and a caption; ``right`` lists the columns that are aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        # Text, not str: brackets in shapes must not be read as markup.
        table.add_row(*map(Text, row))
    # Title and caption stay out of the table, which would fold them to its own width.
    lines = [title, rendered(table), *([] if caption is None else [caption])]
    return "\n".join(lines)


def rendered(thing: RenderableType, width: int = WIDTH) -> str:
    """Anything that Rich can print, as text without colours or trailing spaces."""
    from rich.console import Console

    out = StringIO()
    Console(file=out, width=width, force_terminal=False, color_system=None, legacy_windows=False).print(thing)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip("\n")
