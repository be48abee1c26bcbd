"""Which frameworks cannot say a layer, and which targets cannot run it: one note, or a finding for each one named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .arguments import sequence
from .conventions import FRAMEWORKS, Refusal, read, write
from .errors import GeometryError
from .finding import ERROR, NOTE, Finding
from .geometry import ConvTranspose, Pair
from .targets import TARGETS, obstacles, takes, target
from .words import joined, per_axis_text, sides_text

Size = tuple[int, ...]

LANGUAGES = tuple(name for name in FRAMEWORKS if name not in TARGETS)
"""Frameworks that are no deployment target as well."""

NAMES = (*LANGUAGES, *TARGETS)
"""Everything that can be asked for by name."""


def names(targets: object) -> tuple[str, ...]:
    """The frameworks and targets asked for, each once: one name or a sequence of them."""
    given = (targets,) if isinstance(targets, str) else sequence(targets)
    if given is None:
        raise GeometryError("targets are not names", f"targets={targets!r}", "give a sequence of names")
    for name in given:
        if name not in NAMES:
            raise GeometryError("no such framework or target", f"{name!r}", f"use one of {', '.join(NAMES)}")
    return tuple(dict.fromkeys(str(name) for name in given))


def note(g: ConvTranspose, sizes: Size, channels: Pair) -> Iterator[Finding]:
    """One note on all that do not take this layer, though they take an ordinary one of as many axes and one group.

    What has no transposed convolution at all, or not for so many axes, says nothing about this layer; nor does what is
    not confirmed.
    """
    ordinary, small = ConvTranspose(4, 2, 1, ndim=g.ndim), (8,) * g.ndim
    silent = [
        name for name in LANGUAGES if _refusal(name, g, sizes) is not None and _refusal(name, ordinary, small) is None
    ]
    unable = [
        name
        for name in TARGETS
        if target(name).confirmed and not takes(name, g, sizes, channels=channels) and takes(name, ordinary, small)
    ]
    told = [f"{joined(silent)} cannot say it"] if silent else []
    told += [f"{joined(unable)} cannot run it"] if unable else []
    if told:
        fix = "ask for one of them with --target (targets= in Python): it says why, and what is exact instead"
        yield Finding("portability", NOTE, ", ".join(told), fix)


def named(wanted: Sequence[str], g: ConvTranspose, sizes: Size, channels: Pair) -> Iterator[Finding]:
    """An error for each framework or target that cannot take the layer, with the reason and what is exact instead."""
    for name in wanted:
        if name in TARGETS:
            yield from _of_target(name, g, sizes, channels)
        else:
            refusal = _refusal(name, g, sizes)
            if refusal is not None:
                yield _of_framework(name, refusal, sizes)


def _of_target(name: str, g: ConvTranspose, sizes: Size, channels: Pair) -> Iterator[Finding]:
    known = target(name)
    found = obstacles(name, g, sizes, channels=channels)
    if found:
        instead = found[0].instead
        reasons = joined(obstacle.reason for obstacle in found)
        yield Finding(
            "unsupported",
            ERROR,
            f"{known.title} ({name}) cannot run it{'' if known.confirmed else ', as far as is known'}: {reasons}",
            instead.fix,
            instead.layer,
            instead.pads,
            instead.crop,
            inserted=instead.inserted,
            groups=instead.groups,
            lifted=instead.lifted,
            dilation=instead.dilation,
            taps=instead.taps,
            form=instead.form,
        )
    per_group = [count // g.groups for count in channels]
    multiple = known.int8_group_multiple
    if g.groups > 1 and any(count % multiple for count in per_group):
        reason = f"{known.title} ({name}) wants multiples of {multiple} channels per group in int8, not {per_group}"
        yield Finding("int8-groups", NOTE, reason, "fill the channels of each group up with zeros, or do not quantise")


def _of_framework(name: str, refusal: Refusal, sizes: Size) -> Finding:
    message = f"{name} cannot say it: {refusal.reason}"
    nearest = refusal.nearest
    if nearest is None:
        fix = "run its gemm form: matrix products, then overlap-add, for any number of axes"
        return Finding("unsupported", ERROR, message, fix, form="gemm")
    steps = []
    if nearest.groups > 1:
        steps.append(f"run each of the {nearest.groups} groups as a layer of its own")
    if nearest.dilation is not None:
        steps.append(f"dilate the weight by {per_axis_text(nearest.dilation)}, filling it up with zeros")
    steps.append(f"write {', '.join(f'{word}={value!r}' for word, value in nearest.params.items())}")
    # In this order: what is cut may be longer than what there was before.
    if any(map(any, nearest.added)):
        steps.append(f"add positions that hold only the bias, {sides_text(nearest.added)}")
    if any(map(any, nearest.cut)):
        steps.append(f"cut from its output {sides_text(nearest.cut)}")
    crop = nearest.crop if any(map(any, nearest.crop)) else None
    layer = read(name, nearest.params, sizes)
    fix = joined(steps)
    return Finding(
        "unsupported", ERROR, message, fix, layer, crop=crop, groups=nearest.groups, dilation=nearest.dilation
    )


def _refusal(name: str, g: ConvTranspose, sizes: Size) -> Refusal | None:
    said = write(name, g, sizes)
    return said if isinstance(said, Refusal) else None
