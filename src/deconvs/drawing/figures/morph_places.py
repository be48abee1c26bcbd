"""What the morph's moments refer to: places of the three grids, phases and their kernels, numbers of products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ...plan import Plan
from ...steps import Correlate, recipe_of
from ...weights import FlippedKernel
from .phases import Phases
from .places import Line, grid, kept, kept_places, lines
from .request import Index, indices
from .sample import Sample, Term
from .stamps import Stamps, stamped, sums_so_far
from .telling import telling
from .windows import turned_taps, window


@dataclass(frozen=True)
class Places:
    """The scatter view's output, the direct view's input and the polyphase view's kernels of one sample."""

    sample: Sample

    @cached_property
    def direct(self) -> Plan:
        return self.sample.geometry.plan("direct")

    @cached_property
    def phases(self) -> Phases:
        return Phases(self.sample.geometry, self.sample.output_size)

    @cached_property
    def products(self) -> dict[str, int]:
        """Of each view; of the gather those that reach the output, which all views share."""
        shown = self.sample
        found = {}
        for view in ("scatter", "direct", "polyphase"):
            costs = shown.geometry.plan(view).at(shown.input_size, channels=shown.channels or (1, 1))
            found[view] = costs.macs
            found["gather"] = costs.useful_macs
        return {name: found[name] for name in ("scatter", "gather", "direct", "polyphase")}

    @cached_property
    def terms(self) -> dict[Index, tuple[Term, ...]]:
        """Output -> its products."""
        return {o: self.sample.terms(o) for o in self.sample.output}

    # The output of the stamps, before its crop

    @cached_property
    def output_lines(self) -> tuple[Line, ...]:
        return lines(self.sample.geometry.plan("scatter"), self.sample.input_size)

    @cached_property
    def output_places(self) -> dict[Index, tuple[str, Index | None]]:
        return grid(self.output_lines, self.sample.request.lead("output"))

    @cached_property
    def output_of(self) -> dict[Index, Index]:
        """Place -> output; what is cropped is left out."""
        lead = self.sample.request.lead("output")
        return dict(zip(kept_places(self.output_lines, lead), self.sample.output, strict=True))

    @cached_property
    def place_of(self) -> dict[Index, Index]:
        """Output -> place."""
        return {o: at for at, o in self.output_of.items()}

    @cached_property
    def stamps(self) -> dict[Index, dict[Index, Index]]:
        """For each input: place -> the tap that it puts there, on ends that are cropped later, too."""
        stamps = Stamps(self.sample.request, [stamped(line) for line in self.output_lines])
        return {i: stamps.of(i) for i in self.sample.x}

    @cached_property
    def sums(self) -> list[dict[Index, float]]:
        """What lies at each place after so many stamps."""
        return list(sums_so_far(self.sample, self.stamps, [(i,) for i in self.sample.x]))

    @cached_property
    def focus(self) -> Index:
        """The output that is read: of those with the most products the one nearest to the middle."""
        return telling(self.sample)

    # The input with its zeros

    @cached_property
    def input_lines(self) -> tuple[Line, ...]:
        return lines(self.direct, self.sample.input_size)

    @cached_property
    def kept(self) -> list[list[int]]:
        return [kept(line) for line in self.input_lines]

    @cached_property
    def input_places(self) -> dict[Index, tuple[str, Index | None]]:
        return grid(self.input_lines, self.sample.request.lead("input"))

    @cached_property
    def place_of_input(self) -> dict[Index, Index]:
        return {source: at for at, (_, source) in self.input_places.items() if source is not None}

    @property
    def travels(self) -> bool:
        """Whether zeros are inserted."""
        return max(self.sample.geometry.stride) > 1

    @cached_property
    def correlate(self) -> Correlate:
        (step,) = (step for step in self.direct.steps if isinstance(step, Correlate))
        return step

    @cached_property
    def turned(self) -> dict[Index, Index]:
        """Position in the turned kernel -> tap, both after their channels."""
        recipe = self.correlate.weight
        assert isinstance(recipe, FlippedKernel)
        lead = indices(self.sample.request.lead("kernel"))
        return {(*c, *t): (*c, *j) for c in lead for t, j in turned_taps(recipe).items()}

    @cached_property
    def position_of(self) -> dict[Index, Index]:
        """Tap -> position in the turned kernel."""
        return {j: t for t, j in self.turned.items()}

    def window(self, o: Index) -> dict[Index, Index]:
        """The places under the turned kernel when it computes output ``o``, and the tap over each."""
        recipe = self.correlate.weight
        assert isinstance(recipe, FlippedKernel)
        return window(self.sample.request, self.correlate, self.kept, turned_taps(recipe), o)

    # Phases

    @cached_property
    def small_kernels(self) -> list[dict[Index, Index]]:
        """For each phase: position in its small kernel -> tap; none where no tap reaches it."""
        found: list[dict[Index, Index]] = []
        for branch in self.phases.step.branches():
            recipe = recipe_of(branch[-1])
            found.append(turned_taps(recipe) if isinstance(recipe, FlippedKernel) else {})
        return found

    @cached_property
    def small_size(self) -> Index:
        """Of the largest small kernel, axis by axis."""
        return tuple(max(1, *(phase.taps for phase in phases)) for phases in self.phases.step.phases)

    def turn_of_output(self, o: Index) -> int:
        """The phase of an output."""
        return self.phases.of_output[o[self.sample.request.leading :]]

    def turn_of_tap(self, j: Index) -> int:
        """The phase of a tap."""
        return self.phases.of_tap[j[len(j) - self.sample.geometry.ndim :]]

    def of_phase(self, turn: int) -> Index | None:
        """The output of a phase that is made of the most products, of those the one nearest to the focus."""
        own = [o for o in self.sample.output if self.turn_of_output(o) == turn]

        def rank(o: Index) -> tuple[int, int]:
            return len(self.terms[o]), -sum(abs(a - b) for a, b in zip(o, self.focus, strict=True))

        return max(own, key=rank, default=None)
