"""What this release of a framework is known to get wrong: pinned in tests/test_conventions_*.py, left out elsewhere."""

from __future__ import annotations

import deconvs as dc


def xla_misreads(geometry: dc.ConvTranspose) -> bool:
    """Pads of the input with a negative low below a positive high, on CPUs: openxla/xla issue 48713."""
    pads = [(a.span - 1 - begin, a.span - 1 - end) for a in geometry.axes for begin, end in [a.crop]]
    return any(low < 0 < high <= -low for low, high in pads)


def xla_may_abort(geometry: dc.ConvTranspose) -> bool:
    """Three axes, one of them with kernel 2, stride 2 and no pads: XLA ends the process on some of these."""
    return geometry.ndim == 3 and any(a.span == a.stride == 2 and a.crop == (1, 1) for a in geometry.axes)


def jax_goes_wrong(geometry: dc.ConvTranspose) -> bool:
    """Either."""
    return xla_misreads(geometry) or xla_may_abort(geometry)
