"""How much room a picture has: wide, for a page of its own, or narrow, to be read where it is 300 pixels wide.

Every part of a figure is laid out by it. It belongs to a whole drawing, so it is set around one instead of being handed
from part to part; what is drawn is frozen shapes, which no longer ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """Sizes in picture units: cells shrink until the content fits.

    ``stack``: the largest height where channels stand below each other; ``text``: the least width of lines of text;
    ``legend``: one that is wider than this, and than the content, takes several lines; ``number``: what would be
    smaller is left out; ``columns``: stages of two axes stand beside each other.
    """

    width: float
    height: float
    stack: float
    text: float
    legend: float
    number: float
    columns: bool

    def tallest(self, down: int) -> float:
        """The largest height where so many axes are planes below each other."""
        return self.stack if down else self.height


ROOMS = {
    "wide": Room(860.0, 600.0, 820.0, 480.0, 620.0, 8.5, True),
    "narrow": Room(376.0, 1100.0, 1600.0, 376.0, 376.0, 12.0, False),
}

_ROOM: ContextVar[Room] = ContextVar("room", default=ROOMS["wide"])


def room() -> Room:
    """What the picture that is being drawn has."""
    return _ROOM.get()


@contextmanager
def drawn_in(name: str) -> Iterator[None]:
    """What is drawn meanwhile has this room.

    >>> with drawn_in("narrow"):
    ...     room().columns
    False
    """
    token = _ROOM.set(ROOMS[name])
    try:
        yield
    finally:
        _ROOM.reset(token)
