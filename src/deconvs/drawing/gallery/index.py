"""The index of a gallery as one page: no network, no script; pictures lie beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from ..scene import Scene
from .entry import Entry
from .table import SECTIONS

Item = tuple[Entry, Scene, str, tuple[str, ...]]
"""An entry, its still, its alternative text, and the formats it was written in."""

SHOWN = ("svg", "gif", "webp", "apng", "png")
"""What the page shows, the first of these that there is."""


def index_page(items: Sequence[Item]) -> str:
    """The pictures in their sections, each with its sizes, its figure in the guide, and what was corrected."""
    by_name = {item[0].name: item for item in items}
    sections = []
    for title, entries in SECTIONS.items():
        there = [by_name[entry.name] for entry in entries if entry.name in by_name]
        if there:
            figures = "\n".join(map(_figure, there))
            sections.append(f'<section>\n<h2>{escape(title)}</h2>\n<div class="grid">\n{figures}\n</div>\n</section>')
    page = Template(files(__package__).joinpath("index.html").read_text(encoding="utf-8"))
    return page.substitute(
        count=len(items), paper=items[0][1].paper, contents="".join(map(_link, items)), sections="\n".join(sections)
    )


def _link(item: Item) -> str:
    return f'<li><a href="#{escape(item[0].name)}">{escape(item[0].name)}</a></li>'


def _figure(item: Item) -> str:
    entry, still, description, formats = item
    name = escape(entry.name)
    where = "not in the guide"
    if entry.figure:
        where = entry.figure if " " in entry.figure else f"figure {entry.figure}"
    shown = next((suffix for suffix in SHOWN if suffix in formats), None)
    size = f'width="{still.width:g}" height="{still.height:g}"'
    picture = (
        f'<a href="{name}.{shown}"><img src="{name}.{shown}" {size} loading="lazy" alt="{escape(description)}"></a>'
        if shown
        else f"<p>{escape(description)}</p>"
    )
    correction = f'\n<p class="note">{escape(entry.correction)}</p>' if entry.correction else ""
    links = " ".join(f'<a href="{name}.{suffix}">{suffix}</a>' for suffix in formats)
    return (
        f'<figure id="{name}">\n{picture}\n<figcaption>\n<h3>{escape(entry.title)}</h3>\n'
        f'<p class="name"><code>{name}</code> <span>{where}</span></p>\n'
        f'<p class="sum">{escape(entry.arithmetic)}</p>\n'
        f'<p class="layer"><code>{escape(str(entry.geometry))}</code></p>'
        f'{correction}\n<p class="files">{links}</p>\n</figcaption>\n</figure>'
    )
