"""A Plan printed as an argument: what it claims, why each step, and that the sizes come out as they must."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from .affine import Affine

if TYPE_CHECKING:
    from .plan import Plan

_WIDTH = 110
_SIZES_AT = 84


def tell(plan: Plan) -> str:
    """The text of ``print(plan)``."""
    g = plan.geometry
    lines = [f"{plan.view} view of {g}", _indented(plan.claim, "  ")]
    recipes = [recipe for recipe in plan.recipes() if recipe is not None]
    lines += ["", "weights, once"]
    lines += [_indented(f"{recipe}", "  - ", "    ") for recipe in recipes]
    lines += ["", "data, every time".ljust(_SIZES_AT) + "size n"]
    for number, (step, reason, growth) in enumerate(
        zip(plan.steps, plan.reasons, plan.growths(), strict=True), start=1
    ):
        told = _indented(f"{step}", f"  {number}. ", "     ").splitlines()
        size = "" if growth is None else _sizes(growth)
        lines += [*told[:-1], f"{told[-1]:<{_SIZES_AT - 1}} {size}".rstrip()]
        if reason:
            lines.append(_indented(f"because {reason}", "     ", "     "))
    lines += ["", _conclusion(plan)]
    return "\n".join(lines)


def _conclusion(plan: Plan) -> str:
    """Compares the sizes the steps led to with the definition's; a Plan that does not add up would say so."""
    expected = tuple(axis.output_growth() for axis in plan.geometry.axes)
    reached = plan.growths()[-1]
    if reached != expected:
        return f"this does not add up: the definition gives {_sizes(expected)}"
    return f"so the output has size {_sizes(expected)}, which is the definition's (n-1)*s + d(k-1) + 1 - b - e."


def _sizes(growths: tuple[Affine, ...]) -> str:
    if len(set(growths)) == 1:
        return str(growths[0])
    return "(" + ", ".join(str(growth) for growth in growths) + ")"


def _indented(text: str, first: str, rest: str | None = None) -> str:
    return fill(text, _WIDTH, initial_indent=first, subsequent_indent=first if rest is None else rest)
