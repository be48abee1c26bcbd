"""A conversion, or why there is none, as text and as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conventions import layout
from .conversion import Conversion, layout_change
from .errors import Refusal
from .programs import Line
from .words import sides_text, size_text


def conversion_text(made: Conversion, params: Mapping[str, object]) -> str:
    """What the layer is, the target's parameters, what happens to the weight, what is still to be cut, the program.

    ``params``: the source's, on which the layout of its weight may depend.
    """
    sizes = f"{size_text(made.input_size)} -> {size_text(made.geometry.output_size(made.input_size))}"
    change = _change(made, params)
    return "\n\n".join(
        (
            f"{made.source} -> {made.target}, {sizes}\n  {made.geometry}",
            _params_text(made.target, made.params),
            f"weight: ({', '.join(change['source'])}) -> ({', '.join(change['target'])})\n  {change['numpy']}",
            _cut_text(made),
            _indented(f"program, from x, weight{'' if made.bias is None else ' and bias'}", made.code),
        )
    )


def conversion_data(made: Conversion, params: Mapping[str, object]) -> dict[str, Any]:
    """The same, for JSON."""
    return {
        "source": made.source,
        "target": made.target,
        "geometry": repr(made.geometry),
        "input_size": list(made.input_size),
        "output_size": list(made.geometry.output_size(made.input_size)),
        "params": dict(made.params),
        "weight": _change(made, params),
        "crop": made.crop,
        "code": made.code,
    }


def refusal_text(refused: Refusal, source: str, target: str, near: Line | None) -> str:
    """The reason; and, as far as there is one, what is nearest with its program."""
    parts = [f"{source} -> {target}: no exact spelling\n  {refused.reason}"]
    if refused.nearest is not None:
        parts.append(_params_text(f"the nearest in {target}", refused.nearest.params))
        if near is not None and near.then:
            parts.append("\n  ".join(("what makes it equal", *near.then)))
        name = "weights, one for each group," if refused.nearest.groups > 1 else "weight"
        parts.append(_indented(f"program, from x and {name} (and bias)", refused.nearest.code))
    return "\n\n".join(parts)


def refusal_data(refused: Refusal, source: str, target: str, near: Line | None) -> dict[str, Any]:
    """The same, for JSON."""
    nearest = refused.nearest
    return {
        "source": source,
        "target": target,
        "reason": refused.reason,
        "nearest": None
        if nearest is None
        else {
            "params": dict(nearest.params),
            "crop": nearest.crop,
            "dilation": nearest.dilation,
            "groups": nearest.groups,
            "then": [] if near is None else list(near.then),
            "code": nearest.code,
        },
    }


def _change(made: Conversion, params: Mapping[str, object]) -> dict[str, Any]:
    g = made.geometry
    stored, wanted = layout(made.source, g.ndim, g.groups, params), layout(made.target, g.ndim, g.groups, made.params)
    return {
        "source": list(stored.axes),
        "target": list(wanted.axes),
        "flipped": stored.flipped != wanted.flipped,
        "numpy": layout_change(stored, wanted),
    }


def _cut_text(made: Conversion) -> str:
    if made.crop is None:
        return "nothing is left to cut from its output"
    return f"still to be cut from its output: {sides_text(made.crop)}"


def _params_text(title: str, params: Mapping[str, object]) -> str:
    width = max(map(len, params))
    return "\n".join((title, *(f"  {name:<{width}}  {value!r}" for name, value in params.items())))


def _indented(title: str, code: str) -> str:
    return "\n".join((title, *(f"  {text}".rstrip() for text in code.splitlines())))
