"""Sizes and per-axis integers as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def joined(parts: Iterable[object], last: str = " and ") -> str:
    """Several things one after the other, ``last`` before the last of them.

    >>> joined(("a", "b", "c")), joined((1, 2, 3), " or "), joined(("pad it", "run it"), ", and "), joined(("a",))
    ('a, b and c', '1, 2 or 3', 'pad it, and run it', 'a')
    """
    *first, end = map(str, parts)
    return f"{', '.join(first)}{last}{end}" if first else end


def counted(count: int, noun: str) -> str:
    """So many of something.

    >>> counted(1, "product"), counted(36, "product")
    ('1 product', '36 products')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def per_axis_text(values: Sequence[int] | Sequence[str]) -> str:
    """One number where all axes agree, else one each.

    >>> per_axis_text((2, 2)), per_axis_text((1, 2))
    ('2', '(1, 2)')
    """
    return str(values[0]) if len(set(values)) == 1 else "(" + ", ".join(map(str, values)) + ")"


def sides_text(amounts: Sequence[tuple[int, int]]) -> str:
    """Pads or crops in words."""
    if len(set(amounts)) == 1:
        before, after = amounts[0]
        return f"{before} on each side" if before == after else f"{before} before, {after} after"
    return ", ".join(f"{before} before and {after} after on axis {a}" for a, (before, after) in enumerate(amounts))


def size_text(size: Sequence[int]) -> str:
    """A size as people write it.

    >>> size_text((4, 4)), size_text((3,))
    ('4x4', '3')
    """
    return "x".join(map(str, size))


def zeros_text(counts: Sequence[int]) -> str:
    """So many zeros, in words.

    >>> zeros_text((1, 1)), zeros_text((0, 2))
    ('1 zero', '(0, 2) zeros')
    """
    return f"{per_axis_text(counts)} {'zero' if set(counts) == {1} else 'zeros'}"
