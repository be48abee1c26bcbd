"""Progress of the tour's longer steps: a bar on a terminal, nothing where the output is a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

T = TypeVar("T")

Report = Callable[[int, int], None]
"""Called with how much is done, of how much."""


class Steps:
    """A bar that says which step runs and how far it is; it goes away when all is done."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        # Rich ends its bar with an empty line wherever it cannot move the cursor, and FORCE_COLOR makes it take a file
        # for a terminal: so ask the stream itself as well.
        shown = console.is_interactive and console.file.isatty()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), console=console, transient=True, disable=not shown
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def start(self, what: str) -> Report:
        """A step that reports by itself."""
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        task = self._progress.add_task(what, total=None)
        return lambda done, total: self._progress.update(task, completed=done, total=total)

    def each(self, what: str, things: Collection[T]) -> Iterator[T]:
        """A step over things."""
        report = self.start(what)
        for done, thing in enumerate(things):
            report(done, len(things))
            yield thing
