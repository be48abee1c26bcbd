"""The sub-pixel view's steps carried out on labels: which taps make a channel, where the shuffle takes its elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from ...plan import Plan
from ...steps import Correlate, Crop, PixelShuffle
from ...weights import SubPixelKernel
from .places import Line, grid, kept, lines
from .request import Index, indices
from .sample import Sample
from .telling import off_centre
from .windows import window


def stages(plan: Plan, input_size: Index) -> tuple[Index, Index]:
    """Size of what the convolution reads, and of each channel that it makes."""
    at = next(at for at, step in enumerate(plan.steps) if isinstance(step, Correlate))
    growths = plan.growths()
    before, after = (
        input_size if growth is None else tuple(grow(n) for grow, n in zip(growth, input_size, strict=True))
        for growth in (growths[at - 1] if at else None, growths[at])
    )
    return before, after


@dataclass(frozen=True)
class Channels:
    """What the sub-pixel view makes of a sample.

    A channel is one phase of every output channel; ``turn`` counts them as the stride's residues, in C order. Elements
    ``q`` of a channel have the output channel, where channels are shown, before their position.
    """

    sample: Sample

    @cached_property
    def plan(self) -> Plan:
        return self.sample.geometry.plan("subpixel")

    @cached_property
    def correlate(self) -> Correlate:
        """The one convolution."""
        (step,) = (step for step in self.plan.steps if isinstance(step, Correlate))
        return step

    @cached_property
    def taps(self) -> list[dict[Index, Index]]:
        """For each turn: position in its small kernel -> the tap that it holds; where there is none stands a zero."""
        recipe = self.correlate.weight
        assert isinstance(recipe, SubPixelKernel)
        along = [[found.tolist() for found in axis.subpixel_places()] for axis in recipe.geometry.axes]
        found: dict[Index, dict[Index, Index]] = {residue: {} for residue in self.residues}
        for j in indices(recipe.geometry.kernel_size):
            residue = tuple(channels[tap] for (channels, _), tap in zip(along, j, strict=True))
            # The kernel is stored reversed, as an ordinary convolution reads it.
            at = (taps - 1 - places[tap] for taps, (_, places), tap in zip(recipe.taps, along, j, strict=True))
            found[residue][tuple(at)] = j
        return list(found.values())

    @cached_property
    def residues(self) -> list[Index]:
        """The phase of each turn."""
        return indices(self.sample.geometry.stride)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Each axis of what the convolution slides over."""
        return lines(self.plan, self.sample.input_size)

    @cached_property
    def kept(self) -> list[list[int]]:
        """Of each axis the places that are not cropped."""
        return [kept(line) for line in self.lines]

    @cached_property
    def places(self) -> dict[Index, tuple[str, Index | None]]:
        """Kind and source of every place that the convolution slides over."""
        return grid(self.lines, self.sample.request.lead("input"))

    @cached_property
    def size(self) -> Index:
        """Spatial size of a channel."""
        return stages(self.plan, self.sample.input_size)[1]

    @cached_property
    def shuffled_size(self) -> Index:
        """Spatial size of the channels woven."""
        return tuple(n * s for n, s in zip(self.size, self._steps, strict=True))

    @cached_property
    def elements(self) -> list[Index]:
        """Every ``q``."""
        return [(*c, *q) for c in indices(self.sample.request.lead("output")) for q in indices(self.size)]

    @cached_property
    def sums(self) -> dict[tuple[int, Index], float]:
        """(turn, q) -> the number that the convolution makes there."""
        return {(turn, q): self._sum(turn, q) for turn in range(len(self.residues)) for q in self.elements}

    @cached_property
    def shuffled(self) -> dict[tuple[int, Index], Index]:
        """(turn, q) -> where the pixel shuffle puts it."""
        return {(turn, q): self._shuffle(turn, q) for turn, q in self.sums}

    @cached_property
    def crop(self) -> Crop | None:
        """What is cut off after the shuffle, if anything is."""
        after = self.plan.steps[self.plan.steps.index(self.correlate) :]
        return next((step for step in after if isinstance(step, Crop)), None)

    @cached_property
    def output(self) -> dict[Index, Index]:
        """Place after the shuffle -> the output that it is; what is cropped is left out."""
        amounts: Sequence[tuple[int, int]] = self.crop.amounts if self.crop else ((0, 0),) * len(self.size)
        inside = [range(before, n - after) for n, (before, after) in zip(self.shuffled_size, amounts, strict=True)]
        places = [(*c, *at) for c in indices(self.sample.request.lead("output")) for at in product(*inside)]
        return dict(zip(places, self.sample.output, strict=True))

    @cached_property
    def focus(self) -> Index:
        """The element whose window is shown: its channels, of which few are cropped, have the most products."""

        def rank(q: Index) -> tuple[int, int, int]:
            found = [self.output.get(self.shuffled[turn, q]) for turn in range(len(self.residues))]
            terms = sum(len(self.sample.terms(o)) for o in found if o is not None)
            return terms, sum(o is not None for o in found), -off_centre(q, self.size)

        return max(self.elements, key=rank)

    def window(self, turn: int, q: Index) -> dict[Index, Index]:
        """The places under a channel's taps where it makes ``q``, and the tap over each."""
        return window(self.sample.request, self.correlate, self.kept, self.taps[turn], q)

    def under(self, q: Index) -> set[Index]:
        """The places under the small kernels where they make ``q``: the same for all of them."""
        every = {t: t for t in indices(self.correlate.weight.taps)}
        return set(window(self.sample.request, self.correlate, self.kept, every, q))

    @property
    def _steps(self) -> Index:
        shuffle = next((step for step in self.plan.steps if isinstance(step, PixelShuffle)), None)
        return shuffle.stride if shuffle else (1,) * self.sample.geometry.ndim

    def _sum(self, turn: int, q: Index) -> float:
        shown = self.sample
        pairs = ((self.places[at][1], j) for at, j in self.window(turn, q).items())
        return sum(shown.x[i] * shown.weight[j] for i, j in pairs if i is not None)

    def _shuffle(self, turn: int, q: Index) -> Index:
        lead, spatial = q[: self.sample.request.leading], q[self.sample.request.leading :]
        return (*lead, *(at * s + r for at, s, r in zip(spatial, self._steps, self.residues[turn], strict=True)))
