"""The frame around every figure: title and subtitle above, the content in the middle, a caption below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import style
from .glyphs import text_width
from .room import room
from .scene import Scene, Shape, Text
from .text import Runs, set_runs, words, wrapped


@dataclass(frozen=True, slots=True)
class Page:
    """A page for content of a known size; ``caption_lines`` are kept free below it, so that frames do not jump.

    ``note`` stands right of the title, or begins the subtitle where it does not fit there.
    """

    title: str
    note: str
    subtitle: str
    content_width: float
    content_height: float
    caption_lines: int = 1

    @property
    def text_room(self) -> float:
        """What titles and captions may take."""
        return max(self.content_width, room().text)

    @property
    def width(self) -> float:
        return float(round(self.text_room + 2 * style.MARGIN))

    @property
    def height(self) -> float:
        return float(round(self._caption_top + self.caption_lines * style.CAPTION * style.LINE + style.MARGIN * 0.75))

    @property
    def left(self) -> float:
        """Where the content begins: everything is aligned with the title."""
        return style.MARGIN

    @property
    def top(self) -> float:
        return float(round(style.MARGIN * 0.9 + style.TITLE + len(self._subtitles) * style.SUBTITLE * style.LINE + 26))

    @property
    def _caption_top(self) -> float:
        return self.top + self.content_height + 30

    @property
    def _title_size(self) -> float:
        return min(style.TITLE, style.TITLE * self.text_room / text_width(self.title, style.TITLE, "semibold"))

    @property
    def _subtitles(self) -> list[Runs]:
        text = self.subtitle if self._note_fits else f"{self.note[0].upper()}{self.note[1:]}. {self.subtitle}"
        return wrapped(words(text, style.MUTED), style.SUBTITLE, self.text_room)

    @property
    def _note_fits(self) -> bool:
        title = text_width(self.title, style.TITLE, "semibold")
        return title + 40 + text_width(self.note, style.SUBTITLE) <= self.text_room

    def scene(self, content: Sequence[Shape], caption: Sequence[Runs], description: str) -> Scene:
        """The page with content and caption."""
        y = style.MARGIN * 0.9 + style.TITLE * 0.75
        shapes: list[Shape] = [Text(style.MARGIN, y, self.title, self._title_size, style.INK, "semibold")]
        if self._note_fits and self.note:
            shapes.append(Text(self.width - style.MARGIN, y, self.note, style.SUBTITLE, style.MUTED, "regular", "end"))
        for line in self._subtitles:
            y += style.SUBTITLE * style.LINE + 2
            shapes += set_runs(line, style.MARGIN, y, style.SUBTITLE)
        shapes += content
        y = self._caption_top + style.CAPTION
        for line in caption:
            shapes += set_runs(line, style.MARGIN, y, style.CAPTION)
            y += style.CAPTION * style.LINE
        return Scene(self.width, self.height, tuple(shapes), self.title, description)
