"""What several views end with."""

from __future__ import annotations

from ..geometry import ConvTranspose
from ..steps import Crop, Step, pad_then_crop


def cropped(geometry: ConvTranspose) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """From the full output to the output: the steps that crop (b, e), and a reason for each."""
    steps = pad_then_crop(tuple((-begin, -end) for begin, end in geometry.crop))
    return steps, tuple(
        "padding of the convolution is a crop here"
        if isinstance(step, Crop)
        else "a negative crop adds positions that hold only the bias"
        for step in steps
    )
