"""The tour as one self-contained page: an article around what was computed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from math import prod
from string import Template
from typing import Any

from numpy.typing import NDArray

from .. import __version__
from ..costs import Costs
from ..drawing.figures.words import sides, size_of
from ..geometry import ConvTranspose
from ..relationships import Relationship
from ..verdicts import Verdict
from ..words import per_axis_text, size_text, zeros_text
from .numbers import Demonstrations, Peer


@dataclass(frozen=True)
class Figure:
    """A picture for the page: moving where the reader does not mind motion, still where they do."""

    moving: bytes
    still: bytes
    description: str
    caption: str
    width: int


@dataclass(frozen=True)
class Photo:
    """One upsampled picture: the whole, its detail, its coverage map as SVG and in words."""

    title: str
    whole: bytes
    detail: bytes
    coverage: str
    coverage_in_words: str
    remark: str


def write(
    *,
    figures: Mapping[str, Figure],
    demo: Demonstrations,
    names: Iterable[tuple[int, int, int, Verdict]],
    equal: Mapping[str, bool],
    relationships: Sequence[tuple[Relationship, int, int]],
    photos: Sequence[Photo],
    peer: Peer,
) -> str:
    """The page as HTML that needs no other file."""
    template = Template(files("deconvs.tour").joinpath("page.html").read_text(encoding="utf-8"))
    costs = [demo.strided.plan(view).at(demo.size) for view in equal]
    return template.substitute(
        matrix_figure=_figure(figures["deconvs-as-matrix"]),
        padded_figure=_figure(figures["padded-convs"]),
        strided_figure=_figure(figures["fractionally-strided-convs"]),
        ones=_row(demo.ones()),
        counting=_row([demo.x[0], demo.output(demo.unit)]),
        **_in_words(demo),
        names_table=_names(list(names)),
        views_table=_views(costs, equal),
        views_verdict="All six give the same numbers." if all(equal.values()) else "They do not all agree!",
        relationships_table=_relationships(relationships),
        photos=f'<div class="wide grid">{"".join(map(_photo, photos))}</div>',
        peer_verdict=escape(peer.sentence),
        version=__version__,
    )


def _in_words(demo: Demonstrations) -> dict[str, object]:
    """Every size and number of the demonstrations that the text mentions."""
    unit, strided = demo.unit, demo.strided
    rows, columns = demo.c().shape
    inserted, *_ = strided.plan("direct").at(demo.size).shapes
    stretched = demo.direct(strided)[0].shape
    return {
        "kernel": size_of(unit.kernel_size),
        "taps": prod(unit.kernel_size),
        "image": size_of(demo.image),
        "small": size_of(demo.size),
        "small_pair": demo.size,
        "rows": rows,
        "columns": columns,
        "x": demo.x[0].tolist(),
        "weights": f"{demo.weight.min()} to {demo.weight.max()}",
        "sides": _pads(unit),
        "padded": size_of(demo.direct(unit)[0].shape),
        "stride": per_axis_text(strided.stride),
        "part": per_axis_text([f"1/{s}" for s in strided.stride]),
        "zeros": zeros_text([axis.direct().inserted for axis in strided.axes]),
        "inserted": size_of(inserted[2:]),
        "strided_sides": _pads(strided),
        "stretched": size_of(stretched),
        "stretched_pair": stretched,
        "output": size_of(strided.output_size(demo.size)),
        "explain": f"deconvs explain {size_text(demo.size)} -k {_option(strided.kernel_size)} "
        f"-s {_option(strided.stride)}",
    }


def _option(values: tuple[int, ...]) -> str:
    """As the command line takes it: one number where the axes agree."""
    return size_text(values[:1] if len(set(values)) == 1 else values)


def _pads(g: ConvTranspose) -> str:
    return sides(tuple(axis.direct().pad for axis in g.axes))


def _figure(figure: Figure) -> str:
    return (
        '<figure class="wide"><div class="frame"><picture>'
        f'<source media="(prefers-reduced-motion: reduce)" srcset="{_data(figure.still, "png")}">'
        f'<img src="{_data(figure.moving, "gif")}" alt="{escape(figure.description)}" width="{figure.width}">'
        f"</picture></div><figcaption>{escape(figure.caption)}</figcaption></figure>"
    )


def _numbers(array: NDArray[Any]) -> str:
    rows = "".join(
        "<tr>" + "".join(f"<td{' class=zero' if value == 0 else ''}>{value}</td>" for value in row) + "</tr>"
        for row in array.tolist()
    )
    return f'<table class="numbers">{rows}</table>'


def _row(arrays: Iterable[NDArray[Any]]) -> str:
    return f'<div class="row wide">{"<span class=arrow>→</span>".join(map(_numbers, arrays))}</div>'


def _table(head: Sequence[tuple[str, str]], rows: Iterable[str]) -> str:
    cells = "".join(f'<th class="{kind}">{escape(text)}</th>' for text, kind in head)
    return (
        f'<div class="wide scroll"><table class="data"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _names(cells: list[tuple[int, int, int, Verdict]]) -> str:
    strides = sorted({s for _, s, _, _ in cells})
    found = {(k, s, p): verdict for k, s, p, verdict in cells}
    rows = []
    for k, p in sorted({(k, p) for k, _, p, _ in cells}, key=lambda kp: (kp[1], kp[0])):
        shown = "".join(f"<td>{_verdict(found[k, s, p])}</td>" for s in strides)
        rows.append(f"<tr><td>k = {k}, p = {p}</td>{shown}</tr>")
    return _table([("", ""), *((f"stride {s}", "") for s in strides)], rows)


def _verdict(verdict: Verdict) -> str:
    inverse = ' <span class="inverse">and inverse</span>' if verdict.inverts else ""
    how = escape(verdict.how.replace("->", "→"))
    return f"{escape(verdict.name)}{inverse}<small>{how}<br>{escape(verdict.coverage)}</small>"


def _views(views: Sequence[Costs], equal: Mapping[str, bool]) -> str:
    rows = []
    for costs in views:
        steps = ", ".join(str(cost.step) for cost in costs.steps[:-1])
        same = '<span class="yes">equal</span>' if equal[costs.view] else "different"
        rows.append(
            f"<tr><td><strong>{costs.view}</strong></td><td>{escape(steps)}</td><td class=n>{costs.macs:,}</td>"
            f"<td class=n>{costs.wasted_macs:,}</td><td>{same}</td></tr>"
        )
    return _table([("view", ""), ("what it does", ""), ("products", "n"), ("wasted", "n"), ("result", "")], rows)


def _relationships(found: Sequence[tuple[Relationship, int, int]]) -> str:
    rows = [
        f"<tr><td class=n>{r.number if r.number <= 15 else '+'}</td>"
        f"<td>{escape(r.name)}<small>{escape(r.condition)}</small></td>"
        f"<td><code>{escape(r.statement)}</code></td>"
        f"<td class=n>{f'{tried:,}' if not failed else f'fails on {failed:,}'}</td></tr>"
        for r, tried, failed in found
    ]
    return _table([("", "n"), ("relationship", ""), ("what it says", ""), ("checked on", "n")], rows)


def _photo(photo: Photo) -> str:
    coverage = _data(photo.coverage.encode(), "svg+xml")
    return (
        f'<section class="card"><h3>{escape(photo.title)}</h3><div class="pair">'
        f'<img src="{_data(photo.whole, "png")}" alt="The picture, upsampled">'
        f'<img class="pixels" src="{_data(photo.detail, "png")}" alt="A detail of it, enlarged"></div>'
        f"<p>{escape(photo.remark)}</p>"
        f'<img class="map" src="{coverage}" alt="{escape(photo.coverage_in_words)}"></section>'
    )


def _data(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(content).decode()}"
