"""direct: insert zeros, pad, convolve. "Fractionally strided" for s > 1, "padded convolution" for s = 1."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..kinds import DirectKind, direct_kind
from ..plan import Plan
from ..steps import AddBias, Correlate, Crop, InsertZeros, Pad, Step, pad_then_crop
from ..weights import FlippedKernel


def build(geometry: ConvTranspose) -> Plan:
    """Dumoulin & Visin 2018, relationships 8 to 14, with the flipped kernel, dilation and any crop."""
    forms = [axis.direct() for axis in geometry.axes]
    steps: list[Step] = []
    reasons = []
    if max(geometry.stride) > 1:
        steps.append(InsertZeros(tuple(form.inserted for form in forms)))
        reasons.append("stamps lie s apart: with zeros between, every position of the output has an input of its own")
    for step in pad_then_crop(tuple(form.pad for form in forms)):
        steps.append(step)
        reasons.append(
            "the outermost stamps reach d(k-1) beyond their input; the crop (b, e) takes its part away again"
            if isinstance(step, Pad)
            else "the crop is larger than d(k-1), so it cuts into the input itself"
        )
    taps = geometry.kernel_size
    everything = FlippedKernel((0,) * geometry.ndim, (1,) * geometry.ndim, taps, geometry.groups)
    steps += [Correlate(geometry.dilation, geometry.groups, everything), AddBias()]
    reasons += ["output o hears from input i through tap j = (o + b - i*s)/d: as i rises, j falls", ""]
    kind = direct_kind(geometry)
    if kind is not DirectKind.FRACTIONALLY_STRIDED:
        done = " and ".join(str(step).partition(" ")[0] for step in steps if isinstance(step, Pad | Crop))
        prepare = f"{done} the input, then convolve" if done else "nothing is padded: convolve the input as it is"
        claim = f"{kind.value.capitalize()}: with stride 1, {prepare} with the flipped kernel."
    else:
        steps_of = " and ".join(f"1/{s}" for s in dict.fromkeys(geometry.stride))
        claim = (
            f"Fractionally strided convolution: the kernel moves by {steps_of} of an input element, "
            "which is a step of 1 once zeros are inserted."
        )
    return Plan(geometry, "direct", tuple(steps), claim, tuple(reasons))
