"""What may go wrong with a layer: findings, each with a reason and a fix that keeps the output size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod

from . import portability
from .axis import MAX_PHASES, Axis
from .errors import GeometryError
from .finding import ERROR, NOTE, WARNING, Finding
from .geometry import ConvTranspose, Pair, Sizes
from .memory import readable_bytes
from .words import size_text

LONG_KERNEL = 64
"""Taps from which a one-axis layer with few channels on one side is a filter bank, as an inverse STFT is."""
FEW_CHANNELS = 2
MUCH_CROPPED = 0.25
"""Share of the definition's products that are told of where their sums are cropped away."""
MANY_COLUMNS = 4
LARGE_COLUMNS = 16 * 2**20
"""Columns are told of from so many times the input and output together, and from so many bytes in float32."""


def findings(
    geometry: ConvTranspose, input_size: Sizes, channels: Pair | None, targets: Iterable[str] | str | None
) -> list[Finding]:
    """What may go wrong with a geometry, the worst first; the arguments are those of `deconvs.check`.

    >>> [finding.code for finding in findings(ConvTranspose((1,), stride=2, padding=((0, -1),)), 4, None, None)]
    ['holes', 'bias-only', 'zero-insertion', 'subpixel-padding', 'portability']
    """
    sizes = geometry.sizes(input_size)
    wanted = None if targets is None else portability.names(targets)
    # Refuses what does not fit: sizes that would be negative, channels that the groups do not divide.
    costs = geometry.plan("direct").at(sizes, channels=channels)
    if 0 in costs.output_size:
        return [Finding("empty-output", WARNING, "the output has no elements", "crop less, or use a larger input")]
    found = [
        *(() if wanted is None else portability.named(wanted, geometry, sizes, costs.channels)),
        *_holes(geometry),
        *_uneven(geometry),
        *_bias_only(geometry),
        *_dead_taps(geometry, sizes),
        *_border(geometry, sizes),
        *_cropped_products(geometry, sizes),
        *_zero_insertion(geometry, costs.macs, costs.useful_macs),
        *_subpixel_padding(geometry),
        *_filter_bank(geometry, costs.channels),
        *_column_buffer(geometry, sizes, costs.channels),
        *(portability.note(geometry, sizes, costs.channels) if wanted is None else ()),
    ]
    return sorted(found, key=lambda finding: (ERROR, WARNING, NOTE).index(finding.severity))


def _holes(g: ConvTranspose) -> Iterator[Finding]:
    bad = [0 in axis.taps_per_phase() for axis in g.axes]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        reason = "some outputs get no product at all, only the bias: the taps of neighbouring stamps leave gaps"
        yield Finding("holes", ERROR, reason, f"use {fixed}", fixed)


def _uneven(g: ConvTranspose) -> Iterator[Finding]:
    counts = [axis.taps_per_phase() for axis in g.axes]
    bad = [len(taps) > 1 and 0 not in taps for taps in counts]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        seen = {count for along, uneven in zip(counts, bad, strict=True) if uneven for count in along}
        taps = " or ".join(map(str, sorted(seen)))
        where = "" if g.ndim == 1 else " along an axis"
        reason = f"outputs sum {taps} products in turn{where}, which shows as a checkerboard"
        yield Finding("uneven-coverage", WARNING, reason, f"use {fixed}", fixed)


def _bias_only(g: ConvTranspose) -> Iterator[Finding]:
    bad = [min(axis.crop) < 0 for axis in g.axes]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        ends = ", ".join(f"{max(0, -b)} before and {max(0, -e)} after" for b, e in dict.fromkeys(g.crop))
        reason = f"positions at the ends lie beyond every stamp and hold only the bias ({ends})"
        yield Finding("bias-only", WARNING, reason, f"use {fixed}", fixed)


def _dead_taps(g: ConvTranspose, sizes: tuple[int, ...]) -> Iterator[Finding]:
    trimmed = [axis.trimmed(n) for axis, n in zip(g.axes, sizes, strict=True)]
    if any(axis.kernel_size < old.kernel_size for axis, old in zip(trimmed, g.axes, strict=True)):
        fixed = ConvTranspose.of_axes(trimmed, g.groups)
        dead = size_text([old.kernel_size - axis.kernel_size for axis, old in zip(trimmed, g.axes, strict=True)])
        reason = f"{dead} outer taps are cropped for every one of these inputs: their weights do nothing"
        yield Finding("dead-taps", WARNING, reason, f"use {fixed}", fixed)


def _border(g: ConvTranspose, sizes: tuple[int, ...]) -> Iterator[Finding]:
    pads = tuple(axis.border() for axis in g.axes)
    if any(map(any, pads)):
        fixed = ConvTranspose.of_axes([axis.beyond_border() for axis in g.axes], g.groups)
        least, most = (prod(counts) for counts in zip(*_ranges(g, sizes), strict=True))
        reason = f"outputs at the border sum fewer products than those inside ({least} to {most})"
        amounts = ", ".join(f"{before} before and {after} after" for before, after in dict.fromkeys(pads))
        fix = f"pad the input by {amounts}, repeating its edge, and use {fixed}"
        yield Finding("border-attenuation", NOTE, reason, fix, fixed, pads)


def _zero_insertion(g: ConvTranspose, macs: int, useful: int) -> Iterator[Finding]:
    if max(g.stride) > 1:
        reason = f"run with inserted zeros, {1 - useful / macs:.0%} of its products would be wasted"
        yield Finding("zero-insertion", NOTE, reason, "run its polyphase, subpixel or gemm form")


def _cropped_products(g: ConvTranspose, sizes: tuple[int, ...]) -> Iterator[Finding]:
    cropped = _cropped_share(g.axes, sizes)
    if cropped < MUCH_CROPPED or max(g.stride) > MAX_PHASES:
        return
    reason = f"of the products of the definition and of the gemm form {cropped:.0%} are cropped away"
    trimmed = [axis.trimmed(n) for axis, n in zip(g.axes, sizes, strict=True)]
    if trimmed != list(g.axes) and _cropped_share(trimmed, sizes) < MUCH_CROPPED:
        fixed = ConvTranspose.of_axes(trimmed, g.groups)
        yield Finding("cropped-products", NOTE, reason, f"use {fixed}", fixed)
        return
    try:
        saved = g.plan("polyphase").at(sizes).macs < g.plan("gemm").at(sizes).macs
    except GeometryError:  # products beyond 64 bits
        return
    if saved:
        form = "direct" if max(g.stride) == 1 else "polyphase"
        yield Finding("cropped-products", NOTE, reason, f"run its {form} form, which does not compute them")


def _subpixel_padding(g: ConvTranspose) -> Iterator[Finding]:
    stored = [axis.subpixel().taps * axis.stride for axis in g.axes]
    bad = [many > axis.kernel_size and axis.stride > 1 for many, axis in zip(stored, g.axes, strict=True)]
    if any(bad):
        fixed = _replaced(g, bad, Axis.evened)
        factor = prod(m / axis.kernel_size for m, axis, b in zip(stored, g.axes, bad, strict=True) if b)
        reason = (
            f"one sub-pixel convolution would hold zeros besides its {size_text(g.kernel_size)} taps: "
            f"{factor:.2f} times their products"
        )
        yield Finding("subpixel-padding", NOTE, reason, f"run its polyphase form, or use {fixed}", fixed)


def _filter_bank(g: ConvTranspose, channels: tuple[int, int]) -> Iterator[Finding]:
    if g.ndim == 1 and g.kernel_size[0] >= LONG_KERNEL and min(channels) <= FEW_CHANNELS:
        reason = (
            f"{g.kernel_size[0]} taps with {channels[0]} -> {channels[1]} channels are a filter bank, as in an inverse "
            "STFT: many libraries are slow at it"
        )
        yield Finding("filter-bank", NOTE, reason, "run it as a matrix product with overlap-add (the gemm form)")


def _column_buffer(g: ConvTranspose, sizes: tuple[int, ...], channels: Pair) -> Iterator[Finding]:
    """Columns of one image and group, as ONNX Runtime's kernel for the CPU holds them, in float32."""
    columns = 4 * channels[1] // g.groups * prod(g.kernel_size) * prod(sizes)
    data = 4 * (channels[0] * prod(sizes) + channels[1] * prod(g.output_size(sizes)))
    if columns >= max(LARGE_COLUMNS, MANY_COLUMNS * data):
        reason = (
            f"the gemm form's columns take {readable_bytes(columns)} for each image and group in float32, "
            f"{columns / data:.1f} times input and output; runtimes such as ONNX Runtime on the CPU hold them at once"
        )
        yield Finding("column-buffer", NOTE, reason, "run its polyphase form, which needs none")


def _cropped_share(axes: Iterable[Axis], sizes: tuple[int, ...]) -> float:
    pairs = [(axis.products(n), axis.kernel_size * n) for axis, n in zip(axes, sizes, strict=True)]
    return 1 - prod(useful for useful, _ in pairs) / prod(made for _, made in pairs)


def _replaced(g: ConvTranspose, bad: list[bool], better: Callable[[Axis], Axis]) -> ConvTranspose:
    return ConvTranspose.of_axes([better(a) if b else a for a, b in zip(g.axes, bad, strict=True)], g.groups)


def _ranges(g: ConvTranspose, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    return [axis.coverage_range(n) for axis, n in zip(g.axes, sizes, strict=True)]
