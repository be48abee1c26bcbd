"""explain: a geometry at a size, in words and tables."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from .costs import Costs
from .errors import GeometryError
from .geometry import Conv, ConvTranspose, Sizes
from .heatmap import coverage_text
from .kinds import Cover, cover
from .memory import readable_bytes
from .naming import Names, names_at
from .programs import LANGUAGES, Line, line
from .tables import table_text
from .views import VIEWS
from .words import size_text


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about a ConvTranspose at one input size; print it, or take ``as_dict()``."""

    geometry: ConvTranspose
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    names: Names
    paired: Conv
    costs: tuple[Costs, ...]
    least_coverage: int
    most_coverage: int
    code: tuple[Line, ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "geometry": repr(self.geometry),
            "input_size": list(self.input_size),
            "output_size": list(self.output_size),
            **self.names.as_dict(),
            "paired_convolution": repr(self.paired),
            "views": [cost.as_dict() for cost in self.costs],
            "coverage": {
                "least": self.least_coverage,
                "most": self.most_coverage,
                "phases": [[phase.taps for phase in axis.phases()] for axis in self.geometry.axes],
            },
            "code": [each.as_dict() for each in self.code],
        }

    def __str__(self) -> str:
        return self.text()

    def text(self, *, colour: bool = False) -> str:
        """What print shows; ``colour`` paints the coverage map in a terminal's colours."""
        parts = [
            f"{self.geometry}\n{size_text(self.input_size)} -> {size_text(self.output_size)}",
            _sizes(self),
            str(self.names),
            _paired(self),
            _views(self),
            _code(self),
            _coverage(self, colour),
        ]
        return "\n\n".join(parts)


def explain(
    geometry: ConvTranspose, input_size: Sizes, *, channels: tuple[int, int] | None = None, batch: int = 1
) -> Explanation:
    """A geometry at an input size: sizes, names, the paired convolution, what each view costs, coverage, code.

    >>> from deconvs import ConvTranspose, explain
    >>> told = explain(ConvTranspose((4, 4), stride=2, padding=1), (8, 8))
    >>> told.output_size, told.least_coverage, told.most_coverage
    ((16, 16), 1, 4)

    channels: (C_in, C_out) for the costs, by default one per group. Errors: GeometryError.
    """
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError("explain takes a transposed convolution", f"got {geometry!r}", "pass a ConvTranspose")
    sizes = geometry.sizes(input_size)
    ranges = [axis.coverage_range(n) for axis, n in zip(geometry.axes, sizes, strict=True)]
    return Explanation(
        geometry,
        sizes,
        geometry.output_size(sizes),
        names_at(geometry, sizes, tuple(axis.telling_size() for axis in geometry.axes)),
        geometry.adjoint(),
        tuple(geometry.plan(view).at(sizes, channels=channels, batch=batch) for view in VIEWS),
        prod(least for least, _ in ranges),
        prod(most for _, most in ranges),
        tuple(said for name in LANGUAGES if isinstance(said := line(name, geometry, sizes), Line)),
    )


def _sizes(told: Explanation) -> str:
    rows = []
    for number, (axis, n, m) in enumerate(zip(told.geometry.axes, told.input_size, told.output_size, strict=True)):
        begin, end = axis.crop
        terms = f"({n} - 1)*{axis.stride} + {axis.dilation}*({axis.kernel_size} - 1) + 1"
        crop = "".join(f" {'+' if side < 0 else '-'} {abs(side)}" for side in (begin, end))
        words = f"{n} stamps, {axis.stride} apart, each {axis.span} long: {axis.full(n)}; crop {begin} and {end}"
        rows.append((str(number), f"{terms}{crop} = {m}", words))
    return table_text("sizes: (n-1)*s + d*(k-1) + 1 - b - e", ("axis", "sum", "in words"), rows)


def _paired(told: Explanation) -> str:
    back = size_text(told.output_size), size_text(told.input_size)
    return (
        f"paired convolution\n {told.paired}\n"
        f" leads {back[0]} back to {back[1]} with the same weights: its matrix is C, this one's is Cᵀ"
    )


def _views(told: Explanation) -> str:
    rows = [
        (
            cost.view,
            f"{cost.macs:,}",
            f"{cost.wasted_macs:,}",
            "-" if not cost.macs else f"{cost.useful_macs / cost.macs:.0%}",
            readable_bytes(cost.peak_bytes),
            readable_bytes(cost.weight_bytes),
        )
        for cost in told.costs
    ]
    first = told.costs[0]
    return table_text(
        f"six equal views at channels {first.channels}, batch {first.batch}, {first.dtype}:"
        f" {first.useful_macs:,} useful products each",
        ("view", "products", "wasted", "useful", "largest data", "weights"),
        rows,
        right=(1, 2, 3, 4, 5),
    )


def _coverage(told: Explanation, colour: bool) -> str:
    if 0 in told.output_size:
        return "coverage: no output"
    verdict = {
        Cover.HOLES: "holes: some phases get no product at all, only the bias",
        Cover.UNEVEN: "uneven: neighbouring outputs sum different numbers of products, which shows as a checkerboard",
        Cover.EVEN: "even inside; only the border differs" if told.least_coverage != told.most_coverage else "even",
    }[cover(told.geometry)]
    return (
        f"coverage: {told.least_coverage} to {told.most_coverage} products per output; {verdict}\n"
        f"{coverage_text(told.geometry, told.input_size, colour=colour)}"
    )


def _code(told: Explanation) -> str:
    rows = [(each.framework, str(each)) for each in told.code]
    return table_text("the same layer as code", ("framework", "code"), rows)
