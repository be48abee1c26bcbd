"""TensorFlow's crop where the output's size is given: what a convolution over that output would pad."""

from __future__ import annotations

from ..axis import Axis
from ..errors import GeometryError
from ..geometry import Pair


def crop_for_output(axis: Axis, n: int, output: int, padding: str | Pair) -> Pair:
    """The crop (b, e) that makes ``output`` positions out of ``n``, under SAME, VALID or explicit padding.

    >>> crop_for_output(Axis(3, stride=2), 4, 8, "SAME"), crop_for_output(Axis(3, stride=2), 4, 9, "VALID")
    ((0, 1), (0, 0))

    SAME: half of what is too much before, the rest after; VALID: all of it after; a pair: its first before.
    A convolution of the output must give back ``n``: every other output is refused.
    """
    full = axis.full(n)
    if padding == "SAME":
        least, most = (n - 1) * axis.stride + 1, n * axis.stride
        begin = max(full - output, 0) // 2
    else:
        before, after = (0, 0) if isinstance(padding, str) else padding
        least, most = full - before - after, full - before - after + axis.stride - 1
        begin = before
    if not least <= output <= most:
        raise GeometryError(
            "output_shape does not fit",
            f"input {n} with padding={padding!r} gives {max(least, 1)} to {most}, not {output}",
            "use one of these",
        )
    return begin, full - output - begin
