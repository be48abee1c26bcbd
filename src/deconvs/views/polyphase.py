"""polyphase: one stride-1 convolution per output phase, then interleave. No product with an inserted zero."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..plan import Plan
from ..steps import AddBias, CorrelatePhases, Interleave
from ..weights import PhaseKernels


def build(geometry: ConvTranspose) -> Plan:
    """Split the kernel by residues (also called kernel segregation), for any dilation and crop."""
    phases = tuple(axis.phases() for axis in geometry.axes)
    return Plan(
        geometry,
        "polyphase",
        (
            CorrelatePhases(phases, PhaseKernels(geometry.kernel_size, geometry.groups)),
            Interleave(
                tuple(tuple(phase.offset for phase in along) for along in phases),
                geometry.stride,
                tuple(axis.output_growth() for axis in geometry.axes),
            ),
            AddBias(),
        ),
        "Split convolution: outputs a stride apart use the same taps, so each phase is a small convolution by itself.",
        (
            "output o needs the taps with j*d = o + b (mod s): its residue decides, and no tap meets an inserted zero",
            "the phase of residue r owns the outputs with (o + b) mod s = r",
            "",
        ),
    )
