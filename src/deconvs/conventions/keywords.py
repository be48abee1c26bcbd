"""Reading parameters in a framework's own words: what is known, what is missing, lists of one value per axis."""

from __future__ import annotations

from collections.abc import Mapping

from ..arguments import per_axis, sequence
from ..axis import Axis
from ..errors import GeometryError

Params = Mapping[str, object]
Sizes = tuple[int, ...]


def read_keywords(
    framework: str, params: object, required: tuple[str, ...], optional: Params, unread: tuple[str, ...] = ()
) -> dict[str, object]:
    """``params`` with the defaults of ``optional``; the ``unread`` are known, and do not touch the geometry."""
    known = ", ".join((*required, *optional, *unread))
    if not isinstance(params, Mapping):
        raise GeometryError(
            f"parameters of {framework} are keywords", f"got {type(params).__name__}", f"give a dict with: {known}"
        )
    for name in params:
        if name not in (*required, *optional, *unread):
            raise GeometryError(f"{framework} has no such parameter", f"{name!r}", f"known are: {known}")
    for name in required:
        if name not in params:
            raise GeometryError(f"{framework} needs {name}", f"got {sorted(params)}", f"add {name}; known are: {known}")
    return {**optional, **{name: params[name] for name in params if name not in unread}}


def bare_axes(kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Axis, ...]:
    """Axes that are not cropped yet."""
    return tuple(Axis(*fields) for fields in zip(kernel, stride, dilation, strict=True))


def one_of(name: str, value: object, choices: tuple[str, ...]) -> str:
    """``value`` itself if it is one of the words that are known."""
    if not isinstance(value, str) or value not in choices:
        raise GeometryError(f"{name} is not known", f"{name}={value!r}", f"use one of {', '.join(choices)}")
    return value


def truth(name: str, value: object) -> bool:
    """``value`` itself if it is True or False."""
    if not isinstance(value, bool):
        raise GeometryError(f"{name} is not True or False", f"{name}={value!r}", "use True or False")
    return value


def within_batch_and_channels(name: str, value: object, ndim: int, channels_last: bool, *, minimum: int) -> Sizes:
    """The spatial part of a list that may also have an entry for the batch and one for the channels."""
    found = sequence(value)
    if found is not None and len(found) == ndim + 2:
        value = found[1:-1] if channels_last else found[2:]
    return per_axis(name, value, ndim, minimum=minimum)


def listed(name: str, value: object, count: int) -> tuple[object, ...]:
    """The ``count`` elements of a list: where a framework takes no bare integer."""
    found = sequence(value)
    if found is None:
        raise GeometryError(f"{name} is not a list", f"{name}={value!r}", f"give a list of {count}")
    if len(found) != count:
        raise GeometryError(
            f"{name} has the wrong length", f"{name}={list(found)} has {len(found)}", f"give a list of {count}"
        )
    return found
