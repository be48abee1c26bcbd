"""What the morph says: at each moment the equality that is shown, and what happens."""

from __future__ import annotations

from dataclasses import dataclass

from ...steps import Crop, InsertZeros, Pad
from ...words import counted, joined, per_axis_text, zeros_text
from .. import style
from ..text import Run, Runs, words, wrapped
from .captions import sum_of_products
from .morph_places import Places
from .request import Index
from .sample import Sample
from .stamps import stamp_in_words
from .words import position, sides, size_of
from .words import turned as turn_of_kernel


@dataclass(frozen=True)
class Said:
    """An equality as a headline, pieces of text that follow it, and an output whose sum is written out."""

    head: str
    pieces: tuple[Runs, ...]
    sum_at: Index | None = None

    def lines(self, shown: Sample, width: float) -> list[Runs]:
        """As lines of a caption."""
        head = wrapped(words(self.head, style.INK, "semibold"), style.CAPTION, width)
        below = wrapped(self.pieces, style.CAPTION, width) if self.pieces else []
        return [*head, *below, *(sum_of_products(shown, self.sum_at, width) if self.sum_at is not None else [])]


def _said(head: str, text: str, sum_at: Index | None = None) -> Said:
    return Said(head, tuple(words(text)), sum_at)


def opening() -> Said:
    """Before the first stamp."""
    return _said("Scatter, the definition", "Every input stamps the kernel times its value. What overlaps adds up.")


def stamp(shown: Sample, i: Index) -> Said:
    """An input stamps."""
    pieces = ((Run(f"Input {position(i)} ", style.BLUE, "semibold"),), *stamp_in_words(shown.x_text(i)))
    return Said("Scatter, the definition", pieces)


def stamped(places: Places) -> Said:
    """All stamps lie."""
    crop = len(places.output_of) < len(places.output_places)
    ends = " The crossed-out ends are cropped." if crop else ""
    return _said(
        "Scatter, the definition", f"All stamps added up: {counted(places.products['scatter'], 'product')}.{ends}"
    )


def touched(shown: Sample, o: Index) -> Said:
    """Which stamps an output has."""
    count = len(shown.terms(o))
    many = "No stamp" if not count else counted(count, "stamp")
    text = f"{many} touched output {position(o)}."
    return _said("Scatter read at one output", text + (" Which input, with which tap?" if count else ""))


def term(shown: Sample, o: Index, count: int) -> Said:
    """One of the products of an output: the input that reached it, and the tap."""
    i, j = shown.terms(o)[count - 1]
    pieces = [
        (Run(f"Input {position(i)} ", style.BLUE, "semibold"),),
        *words("reached it with"),
        (Run(f"tap {position(j)}", style.AMBER_TEXT, "semibold"),),
    ]
    if shown.values == "hidden":
        return Said("Scatter read at one output = gather", (*pieces, (Run(".", style.INK),)))
    times = "×" if shown.values == "numbers" else "·"
    pieces.append((Run(": ", style.MUTED), Run(shown.x_text(i) or "?", style.BLUE, "semibold")))
    pieces[-1] = (*pieces[-1], Run(times, style.MUTED), Run(shown.w_text(j) or "?", style.AMBER_TEXT, "semibold"))
    return Said("Scatter read at one output = gather", tuple(pieces))


def turned(shown: Sample, o: Index) -> Said:
    """The taps are met in turned order."""
    how = turn_of_kernel(shown.geometry)
    return _said(
        f"Scatter read at one output = gather with the kernel {how}",
        "Inputs forwards met taps backwards. Turned, both run forwards.",
        o,
    )


def apart(shown: Sample) -> Said:
    """The inputs move apart."""
    if max(shown.geometry.stride) == 1:
        return _said(_DIRECT, "Stride 1: there is nothing to insert.")
    stride = per_axis_text(shown.geometry.stride)
    return _said(_DIRECT, f"Stamps lie {stride} apart. Move the inputs {stride} apart: each lies where its stamp does.")


def inserted(places: Places) -> Said:
    """Zeros come between the inputs."""
    zeros = next(step.inserted for step in places.direct.steps if isinstance(step, InsertZeros))
    return _said(_DIRECT, f"Insert {zeros_text(zeros)} between neighbours. Zeros add nothing to a sum.")


def padded(places: Places) -> Said:
    """Zeros come around the inputs, or ends are cut off."""
    done = [f"pad {sides(step.amounts)}" for step in places.direct.steps if isinstance(step, Pad)]
    done += [f"crop {sides(step.amounts)}" for step in places.direct.steps if isinstance(step, Crop)]
    text = " and ".join(done) or "Nothing to pad"
    return _said(_DIRECT, f"{text[0].upper()}{text[1:]}: every output is one position of the window.")


_DIRECT = "Gather = an ordinary convolution = direct"


def window(shown: Sample, o: Index) -> Said:
    """The window makes an output."""
    kernel = "reversed kernel" if shown.geometry.ndim == 1 else "turned kernel"
    return Said(f"Gather = direct: the {kernel} slides at step 1", (), o)


def slid(places: Places) -> Said:
    """The window has made all outputs."""
    made, useful = places.products["direct"], places.products["gather"]
    zeros = f", of which {made - useful} with zeros" if made > useful else ""
    return _said("Scatter = gather = direct", f"The same outputs, now from {counted(made, 'product')}{zeros}.")


def colours(shown: Sample) -> Said:
    """Outputs and taps have phases."""
    if max(shown.geometry.stride) == 1:
        return _said(_PHASES, "Stride 1: no zero was inserted, so that there is one phase.")
    stride = per_axis_text(shown.geometry.stride)
    return _said(_PHASES, f"Outputs {stride} apart meet inputs with the same taps: one phase, one colour and pattern.")


_PHASES = "Direct, sorted by what its taps meet"


def dealt(shown: Sample, places: Places, turn: int) -> Said:
    """The taps of a phase become its small kernel."""
    taps, every = len(places.small_kernels[turn]), _count(places)
    name = _phase(places, turn)
    if not taps:
        return Said(_PHASES, (name, *words("every tap meets a zero. Its outputs hold only the bias.")))
    if taps == every:
        return Said(_PHASES, (name, *words("every tap meets inputs.")))
    head: Runs = (Run(f"{taps} of {every} taps ", style.AMBER_TEXT, "semibold"),)
    others = f"the other{'s' if every - taps > 1 else ''} only zeros."
    return Said(_PHASES, (name, head, *words(f"{'meets' if taps == 1 else 'meet'} inputs, {others}")))


def dropped(shown: Sample) -> Said:
    """The zeros go."""
    if max(shown.geometry.stride) == 1:
        return _said(_POLYPHASE, "Nothing closes up: the one phase is the whole kernel.")
    return _said(_POLYPHASE, "The inserted zeros go, the inputs close up.")


_POLYPHASE = "Direct without its inserted zeros = polyphase"


def phase(shown: Sample, places: Places, turn: int) -> Said:
    """A phase makes its outputs."""
    name, phases = _phase(places, turn), places.phases.each[turn]
    if not places.small_kernels[turn]:
        return Said(_POLYPHASE, (name, *words("no tap, nothing to multiply.")))
    size = (Run(f"{size_of(tuple(phase.taps for phase in phases))} ", style.AMBER_TEXT, "semibold"),)
    where = "" if max(shown.geometry.stride) == 1 else f", {per_axis_text(shown.geometry.stride)} apart"
    return Said(
        _POLYPHASE, (name, *words("its kernel of"), size, *words(f"makes the framed outputs{where}, at step 1."))
    )


def ending(places: Places) -> Said:
    """All four are the same."""
    useful = places.products["gather"]
    more = {view: count - useful for view, count in places.products.items()}
    besides = [f"scatter crops {more['scatter']}"] if more["scatter"] else []
    if more["direct"]:
        besides.append(f"direct multiplies {counted(more['direct'], 'zero')}")
    if more["polyphase"]:
        besides.append(f"polyphase {more['polyphase']}")
    also = f" Besides, {joined(besides, ', ')}." if besides else ""
    return _said(
        "Scatter = gather = direct = polyphase", f"The same {counted(useful, 'product')} of inputs and taps.{also}"
    )


def _phase(places: Places, turn: int) -> Runs:
    name = places.phases.name(turn)
    return (Run(name[0].upper() + name[1:], style.INK, "semibold"), Run(": ", style.MUTED))


def _count(places: Places) -> int:
    return sum(map(len, places.small_kernels))
