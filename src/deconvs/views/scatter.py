"""scatter, the definition: every input stamps its kernel."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..plan import Plan
from ..steps import AddBias, Scatter
from ..weights import StoredWeight
from .common import cropped


def build(geometry: ConvTranspose) -> Plan:
    """Stamp, crop, add the bias."""
    stamp = Scatter(
        geometry.stride,
        geometry.dilation,
        tuple(axis.full_growth() for axis in geometry.axes),
        StoredWeight(geometry.kernel_size, geometry.groups),
    )
    crop, crop_reasons = cropped(geometry)
    return Plan(
        geometry,
        "scatter",
        (stamp, *crop, AddBias()),
        "The definition: full[i*s + j*d] += x[i] * w[j]. Every input stamps its kernel and overlapping stamps sum up.",
        ("this is what Cᵀ does: its column i is the kernel, shifted by i strides", *crop_reasons, ""),
    )
