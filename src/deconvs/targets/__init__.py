"""What each deployment target takes of a transposed convolution, as data; and what is exact instead.

>>> from deconvs import ConvTranspose
>>> from deconvs.targets import obstacles
>>> (obstacle,) = obstacles("coreml", ConvTranspose((5, 5), stride=2, padding=2, output_padding=1), (8, 8))
>>> obstacle.parameter, obstacle.reason
('output_padding', 'output_padding is 1, only 0')
>>> print(obstacle.layer, obstacle.crop)
ConvTranspose(kernel_size=(5, 5), stride=(2, 2), padding=(1, 1)) ((1, 0), (1, 0))

The data is in known.py, with the evidence of each target; one mechanism (fit.py) finds what is taken instead.
"""

from __future__ import annotations

from ..arguments import integer, sequence
from ..errors import GeometryError
from ..geometry import ConvTranspose, Pair, Sizes
from .known import KNOWN
from .obstacle import Instead, Obstacle, obstacles_of
from .target import Shape, Target, refused

__all__ = ["TARGETS", "Instead", "Obstacle", "Target", "obstacles", "takes", "target"]

_KNOWN = {known.name: known for known in KNOWN}

TARGETS = tuple(_KNOWN)
"""The deployment targets whose limits are known."""


def target(name: object) -> Target:
    """What is known of one target.

    >>> target("tidl").kernels
    ((2, 2), (3, 3), (4, 4))

    Errors: GeometryError for an unknown name.
    """
    if not isinstance(name, str) or name not in _KNOWN:
        raise GeometryError("no such target", f"{name!r}", f"use one of {', '.join(TARGETS)}")
    return _KNOWN[name]


def obstacles(
    name: str, geometry: ConvTranspose, input_size: Sizes, *, channels: Pair | None = None
) -> tuple[Obstacle, ...]:
    """What keeps a layer from a target, one obstacle for each limit; nothing where the target takes it.

    >>> len(obstacles("tflite", ConvTranspose((4, 4), stride=2, padding=1), (8, 8)))
    0
    >>> obstacles("tflite", ConvTranspose((3, 3), dilation=2, groups=2), (8, 8))[1].fix  # doctest: +ELLIPSIS
    'run each of the 2 groups as a layer of its own, fill the dilated kernel up with zeros, and use ConvTranspose(...'

    input_size: one int, or one per axis; channels: (C_in, C_out), by default one per group, which makes grouped layers
    depthwise. Errors: GeometryError for unknown names and for sizes and channels that do not fit the layer.
    """
    return obstacles_of(target(name), *_checked(geometry, input_size, channels))


def takes(name: str, geometry: ConvTranspose, input_size: Sizes, *, channels: Pair | None = None) -> bool:
    """Whether a target takes a layer: no obstacles, without looking for what it takes instead.

    >>> takes("coreml", ConvTranspose((4, 4), stride=2, padding=1), (8, 8))
    True

    Arguments and errors are those of `obstacles`.
    """
    return not refused(target(name), *_checked(geometry, input_size, channels))


def _checked(geometry: ConvTranspose, input_size: Sizes, channels: Pair | None) -> tuple[ConvTranspose, Shape, Pair]:
    if not isinstance(geometry, ConvTranspose):
        raise GeometryError("not a transposed convolution", f"got {geometry!r}", "pass a deconvs.ConvTranspose")
    sizes = geometry.sizes(input_size)
    if 0 in geometry.output_size(sizes):
        raise GeometryError("the output is empty", f"input {sizes}", "crop less, or use a larger input")
    return geometry, sizes, _pair(geometry, channels)


def _pair(geometry: ConvTranspose, channels: Pair | None) -> Pair:
    groups = geometry.groups
    if channels is None:
        return groups, groups
    found = sequence(channels)
    if found is None or len(found) != 2:
        raise GeometryError("channels are not a pair", f"channels={channels!r}", "give (C_in, C_out)")
    c_in, c_out = (integer(f"channels[{place}]", count, minimum=1) for place, count in enumerate(found))
    if c_in % groups or c_out % groups:
        raise GeometryError(
            "channels are not divisible by groups",
            f"channels=({c_in}, {c_out}), groups={groups}",
            f"use multiples of {groups}",
        )
    return c_in, c_out
