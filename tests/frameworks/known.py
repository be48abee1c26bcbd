"""What this release of a framework is known to get wrong: pinned in tests/test_conventions_*.py, left out elsewhere."""

from __future__ import annotations

import deconvs as dc


def xla_misreads(geometry: dc.ConvTranspose) -> bool:
    """Pads of the input with a negative low below a positive high, on CPUs: openxla/xla issue 48713."""
    pads = [(a.span - 1 - begin, a.span - 1 - end) for a in geometry.axes for begin, end in [a.crop]]
    return any(low < 0 < high <= -low for low, high in pads)


def xla_may_abort(geometry: dc.ConvTranspose) -> bool:
    """Three axes, one of them with kernel = stride and no pads: XLA's simplifier fails a check of its own on some.

    It ends the process. Of 2,900 random convolutions of three axes all that did had such an axis.
    """
    bare = any(a.stride > 1 and a.span == a.stride and a.crop == (a.span - 1,) * 2 for a in geometry.axes)
    return geometry.ndim == 3 and bare


def jax_goes_wrong(geometry: dc.ConvTranspose) -> bool:
    """Either."""
    return xla_misreads(geometry) or xla_may_abort(geometry)
