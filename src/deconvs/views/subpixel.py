"""subpixel: one convolution to C_out * prod(s) channels, then a pixel shuffle."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..plan import Plan
from ..steps import AddBias, Correlate, Crop, PixelShuffle, Step, pad_then_crop
from ..weights import SubPixelKernel


def build(geometry: ConvTranspose) -> Plan:
    """Shi et al. 2016 (real-time super-resolution), for any kernel, dilation and crop."""
    forms = [axis.subpixel() for axis in geometry.axes]
    steps: list[Step] = [*pad_then_crop(tuple(form.pad for form in forms))]
    reasons = ["every position must see the same window of the input" for _ in steps]
    kernel = SubPixelKernel(geometry, tuple(form.taps for form in forms))
    steps += [Correlate(tuple(form.dilation for form in forms), geometry.groups, kernel)]
    reasons += ["all phases see one window, so they are channels of one convolution"]
    if max(geometry.stride) > 1:
        steps.append(PixelShuffle(geometry.stride))
        reasons.append("position q and phase r are output q*s + r")
    if any(map(any, crops := tuple(form.crop for form in forms))):
        steps.append(Crop(crops))
        reasons.append("whole blocks of s were computed; the output begins and ends inside a block")
    steps.append(AddBias())
    reasons.append("")
    return Plan(
        geometry,
        "subpixel",
        tuple(steps),
        "Sub-pixel convolution: compute all phases as channels of the small image, then shuffle them into space.",
        tuple(reasons),
    )
