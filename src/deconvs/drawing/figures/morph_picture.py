"""One picture for all moments of the morph: what is lit, laid, coloured or moving in it is the moment's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .. import style
from ..boards import Board, Extent, drawn
from ..page import Page
from ..panels import Legend
from ..scene import Cell, Scene, Shape
from .captions import plain
from .morph_layout import CHAIN_HEIGHT, arranged, chain, output_labels, stage_labels
from .morph_places import Places
from .morph_words import Said
from .phases import framed, in_phase
from .request import Index, indices
from .sample import Sample, Term
from .words import kinds_in_words, layer


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame of the film.

    ``stamped`` inputs have stamped, ``stamp`` is the last of them if it is shown. ``focus``: the output that is looked
    at, ``read``: the products of it that are lit. ``outputs``: "sums" so far, "whole", "again" (all known, the first
    ``gathered`` of them made once more), "phases" (of which ``woven`` are made once more). ``turned``: positions of the
    turned kernel that are laid. ``apart``: how far the inputs have moved, ``zeros``: 1 the inserted ones, 2 those
    around, too. ``coloured``: by phases, of which ``dealt`` have their small kernels; ``phase`` is looked at.
    """

    chapter: str
    said: Said
    ms: int
    stamped: int = 0
    stamp: Index | None = None
    focus: Index | None = None
    read: tuple[Term, ...] = ()
    outputs: str = "sums"
    gathered: int = 0
    woven: int = 0
    turned: frozenset[Index] = frozenset()
    apart: float = 0.0
    zeros: int = 0
    window: bool = False
    coloured: bool = False
    dealt: int = 0
    phase: int | None = None


class Picture:
    """What all frames share, and the frames."""

    def __init__(self, title: str, subtitle: str, shown: Sample, places: Places, moments: Sequence[Moment]) -> None:
        self.sample, self.places = shown, places
        kinds = kinds_in_words({kind for kind, _ in places.input_places.values()})
        self._kinds: Legend = [(name, style.look(kind)) for kind, name in kinds]
        self._phases: Legend = places.phases.legend
        self._layout = arranged(shown, places, (self._kinds, self._phases))
        page = Page(title, layer(shown.request), subtitle, self._layout.width, self._layout.height)
        self._captions = {moment.said: moment.said.lines(shown, page.text_room) for moment in moments}
        self._page = replace(page, caption_lines=max(map(len, self._captions.values())))
        self._boards = self._layout.boards(page.left, page.top)
        stage = self._boards["stage"]
        around = list(places.place_of_input.values())
        self._close = self._layout.close(stage, (min(around), max(around)))
        taps = [shown.w_text(j) for j in shown.weight]
        values = [
            *(shown.other_text(v) for sums in places.sums for v in sums.values()),
            *map(shown.y_text, shown.output),
        ]
        written = {"stage": map(shown.x_text, shown.x), "output": values}
        self._sizes = {part: board.number_size(written.get(part, taps)) for part, board in self._boards.items()}
        # Subscripts leave no room for a second name below them.
        self._weight_size = None if shown.values == "symbols" else stage.corner_number_size(taps)

    @property
    def description(self) -> str:
        """The film in words."""
        shown, products = self.sample, self.places.products
        return (
            f"Transposed convolution of the {shown.input_in_words} with the {shown.kernel_in_words}, four ways that "
            f"turn into each other: scatter, where inputs stamp the kernel ({products['scatter']} products); gather, "
            f"where an output collects them; direct, an ordinary convolution after zeros are inserted "
            f"({products['direct']} products); polyphase, the same without those zeros ({products['polyphase']} "
            f"products). The {shown.output_in_words}."
        )

    def scene(self, moment: Moment) -> Scene:
        """One frame."""
        caption = self._captions[moment.said]
        page = self._page
        shapes = [
            *chain(self.places.products, moment.chapter, page.left, page.top),
            *self._labels(moment),
            *self._kernels(moment),
            *self._stage(moment),
            *self._outputs(moment),
            *self._below(moment),
        ]
        moving = f" Inputs moved {moment.apart:.0%} of their way." if 0 < moment.apart < 1 else ""
        return page.scene(shapes, caption, f"{self.description} Shown: {plain(caption)}{moving}")

    def _below(self, moment: Moment) -> Iterator[Shape]:
        """Arrows, and what looks mean."""
        legend: Legend = self._phases if moment.coloured else self._kinds if moment.zeros else ()
        flow = replace(self._layout.flow, panels={}, at={})
        yield from flow.furniture(legend, self._page.left, self._page.top + CHAIN_HEIGHT)

    def _labels(self, moment: Moment) -> Iterator[Shape]:
        """The labels of the parts that are there."""
        flow = self._layout.flow
        left, top = self._page.left, self._page.top + CHAIN_HEIGHT
        labels = {
            "stage": stage_labels(self.sample, self.places)[moment.zeros],
            "output": output_labels(self.sample, self.places)[moment.outputs != "sums"],
        }
        there = {"kernel", "stage", "output"}
        there |= {"turned"} if moment.turned else set()
        there |= {"small"} if moment.coloured else set()
        for part in sorted(there):
            x, y = flow.at[part]
            panel = flow.panels[part]
            if part in labels:
                name, detail = labels[part]
                panel = replace(panel, name=name, detail=detail)
            if part == "stage":
                # Its planes are named where they are.
                panel = replace(panel, extent=Extent((1,)))
            yield from panel.label(round(left + x), round(top + y))
        if moment.apart in (0.0, 1.0):
            yield from (self._boards["stage"] if moment.apart else self._close).heads()

    def _kernels(self, moment: Moment) -> Iterator[Shape]:
        """The kernel, as much of the turned one as is laid, and the small ones that are dealt."""
        shown, places = self.sample, self.places
        leading = shown.request.leading
        taps = {j for _, j in moment.read}
        if moment.stamp is not None:
            taps = {j for j in shown.weight if j[:leading] == moment.stamp[:leading]}
        of_phase = [] if moment.phase is None else [j for j in shown.weight if places.turn_of_tap(j) == moment.phase]
        for j in shown.weight:
            yield from self._tap(moment, "kernel", j, j, moment.chapter != "direct" and j in taps)
        # Under the window the taps are seen where they are: lit here, too, they would draw the eye away.
        seen = moment.window and self._weight_size is not None
        for t, j in places.turned.items():
            if t in moment.turned:
                yield from self._tap(moment, "turned", t, j, j in taps and not seen)
        if moment.coloured and moment.chapter == "polyphase":
            yield from framed(self._boards["turned"], (places.position_of[j] for j in of_phase))
        small = self._boards["small"]
        for turn, kernel in enumerate(places.small_kernels if moment.coloured else ()):
            residue, around = places.phases.residues[turn], []
            for c in indices(shown.request.lead("kernel")):
                for t, j in kernel.items():
                    around.append(self._layout.small.index(residue, (*c, *t)))
                    if turn >= moment.dealt:
                        yield from drawn(small, Cell("small", around[-1], "unknown"), "", None)
                        continue
                    yield from self._in_phase("small", around[-1], turn, turn == moment.phase, shown.w_text((*c, *j)))
            if turn == moment.phase:
                yield from small.frames(around)

    def _tap(self, moment: Moment, part: str, at: Index, j: Index, lit: bool) -> Iterator[Shape]:
        text = self.sample.w_text(j)
        if moment.coloured:
            turn = self.places.turn_of_tap(j)
            yield from self._in_phase(part, at, turn, turn == moment.phase, text)
        else:
            yield from drawn(
                self._boards[part], Cell(part, at, "kernel", "lit" if lit else ""), text, self._sizes[part]
            )

    def _stage(self, moment: Moment) -> Iterator[Shape]:
        """The input on its way between close and apart, and the zeros between and around it."""
        shown, places, board = self.sample, self.places, self._boards["stage"]
        size = self._sizes["stage"]
        window = places.window(moment.focus) if moment.window and moment.focus is not None else {}
        shown_kinds = (set(), {"inserted"}, {"inserted", "padding", "cropped"})[moment.zeros]
        for at, (kind, source) in places.input_places.items():
            if source is None and kind in shown_kinds:
                cell = Cell("zeros", at, kind, "covered" if at in window else "")
                yield from drawn(board, cell, shown.zero, size, at)
        lit = {i for i, _ in moment.read} | ({moment.stamp} if moment.stamp is not None else set())
        if moment.chapter == "polyphase" and moment.phase is not None and not moment.zeros:
            lit = {i for o in shown.output if places.turn_of_output(o) == moment.phase for i, _ in places.terms[o]}
        for i in shown.x:
            at = places.place_of_input[i]
            kind = places.input_places[at][0] if moment.zeros == 2 else "input"
            cell = Cell("input", i, kind, "lit" if i in lit else "")
            yield from drawn(self._between(i, at, moment.apart), cell, shown.x_text(i), size, (0,))
        for at, j in window.items():
            text = shown.w_text(j)
            if self._weight_size is not None and text:
                meets = places.input_places[at][1] is not None
                cell = Cell("window", at, "kernel", "lit" if meets else "")
                colour = style.AMBER_ON_BLUE if meets else style.AMBER_TEXT
                yield board.low_number(cell, text, self._weight_size, colour)
        yield from board.frames(window)

    def _between(self, i: Index, at: Index, apart: float) -> Board:
        """A board of one cell, where input ``i`` is."""
        (x1, y1), (x2, y2) = self._close.corner(i), self._boards["stage"].corner(at)
        left, top = round(x1 + (x2 - x1) * apart, 1), round(y1 + (y2 - y1) * apart, 1)
        return Board(left, top, Extent((1,)), self._close.pitch)

    def _outputs(self, moment: Moment) -> Iterator[Shape]:
        """The output and its ends that are cropped."""
        shown, places, board = self.sample, self.places, self._boards["output"]
        stamp = places.stamps[moment.stamp] if moment.stamp is not None else {}
        made = set(list(shown.output)[: moment.gathered])
        moved: list[Index] = []
        for at in places.output_places:
            o = places.output_of.get(at)
            if moment.outputs == "sums":
                yield from self._sum(moment, at, o, at in stamp)
            elif o is None:
                yield from drawn(board, Cell("cropped", at, "cropped"), "", None, at)
            elif moment.outputs == "phases" and (turn := places.turn_of_output(o)) < moment.woven:
                current = turn == moment.phase and not moment.zeros
                text = shown.y_text(o) if places.terms[o] else shown.zero
                yield from self._in_phase("output", o, turn, current or o == moment.focus, text, at)
                moved += [at] * current
            else:
                kind = (
                    "unknown"
                    if moment.outputs != "whole" and o not in made
                    else "output"
                    if places.terms[o]
                    else "hole"
                )
                state = "lit" if o == moment.focus and kind == "output" else ""
                text = shown.y_text(o) if places.terms[o] else shown.zero
                yield from drawn(board, Cell("output", o, kind, state), text, self._sizes["output"], at)
        yield from board.frames(stamp)
        yield from framed(board, moved)
        if moment.focus is not None:
            yield from board.frames([places.place_of[moment.focus]])

    def _sum(self, moment: Moment, at: Index, o: Index | None, lit: bool) -> Iterator[Shape]:
        """What has been stamped on a place so far."""
        sums = self.places.sums[moment.stamped]
        kind = "unknown" if at not in sums else "output" if o is not None else "cropped"
        cell = Cell("output", o, kind, "lit" if lit else "") if o is not None else Cell("cropped", at, kind)
        text = self.sample.other_text(sums[at]) if at in sums else ""
        yield from drawn(self._boards["output"], cell, text, self._sizes["output"], at)

    def _in_phase(
        self, part: str, index: Index, turn: int, lit: bool, content: str, at: Index | None = None
    ) -> Iterator[Shape]:
        """A cell in the look of its phase."""
        return in_phase(self._boards[part], part, index, turn, content, self._sizes[part], lit=lit, at=at)
