"""Film -> one HTML file with play, pause and step: no network, no library, nothing beside it."""

from __future__ import annotations

import json
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from . import style, theme
from .parts import parts_of
from .scene import Film
from .svg import Writer, document, number


def to_html(film: Film) -> str:
    """The film as a page that plays it, stops, and steps to and fro; by mouse and by keyboard.

    >>> from deconvs.drawing import Scene
    >>> scene = Scene(40, 20, (), "Nothing", "An empty picture.")
    >>> page = to_html(Film((scene, scene), (500, 800), scene.title, scene.description, scene))
    >>> page.startswith("<!doctype html>"), 'src="' in page
    (True, False)

    It does not begin by itself for who asks for reduced motion, and shows the still where scripts do not run.
    Errors: GeometryError where a text has a character that the font lacks.
    """
    prefix = "h" + sha256(repr(film).encode()).hexdigest()[:6]
    writer = Writer(prefix)
    body = []
    always = tuple(range(len(film.scenes)))
    for part in parts_of(film):
        shapes = "".join(map(writer.shape, part.shapes))
        if part.frames == always and part.still:
            body.append(shapes)
        else:
            seen = "" if part.still else ' display="none"'
            body.append(f'<g data-frames=" {" ".join(map(str, part.frames))} "{seen}>{shapes}</g>')
    page = Template(files(__package__).joinpath("player.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=escape(film.title),
        width=number(film.still.width),
        scheme="light" if film.paper == style.PAPER else "dark",
        paper=film.paper,
        ink=theme.on(film.paper, style.INK),
        focus=theme.on(film.paper, style.FOCUS),
        picture=document(film, film.still, writer, body),
        last=len(film.scenes) - 1,
        # A text that ends the script would end it there, whatever quotes stand around it.
        durations=json.dumps(film.durations_ms),
        said=json.dumps([_shown(scene.description, film.description) for scene in film.scenes]).replace("<", "\\u003c"),
    )


def _shown(description: str, of_film: str) -> str:
    """What a frame's description says beyond the film's."""
    return description.removeprefix(of_film).strip() or description
