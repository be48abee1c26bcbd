"""One axis: every formula of the project.

An axis relates a short side (n positions i, the input of a transposed convolution) to a long side (positions o, its
output). Tap j of the kernel joins i and o exactly when

    i*s + j*d = o + b          0 <= i < n,  0 <= j < k

The transposed convolution reads this from i to o (scatter), the convolution from o to i (gather). Both use this class.

    full position     0 ............ (n-1)s + span - 1        t = i*s + j*d
    crop              b cut here  |  output  |  e cut here    o = t - b     (negative: positions are added)
    phase             t = q*s + r                             r = t mod s chooses the taps, q the position

Pure Python integers, so that nothing overflows; only `coverage` and `links` return arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

from .affine import Affine
from .arguments import checked_size, integer, sequence
from .errors import GeometryError
from .lattice import Lattice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]

MAX_PHASES = 2**16
"""More phases than this are not listed one by one."""


@dataclass(frozen=True, slots=True)
class Direct:
    """The axis as zero insertion, padding and one correlation at stride 1 with the flipped kernel.

    ``inserted`` zeros go between neighbours, then ``pad`` = (before, after) zeros around; a negative one is a crop.
    """

    inserted: int
    pad: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Phase:
    """The outputs o = offset, offset + s, ... : one correlation at stride 1 that skips every inserted zero.

    The phase has ``n + extra`` outputs. It reads the taps first_tap, first_tap + tap_step, ... (``taps`` of them),
    flipped, ``dilation`` apart, on the input padded by ``pad`` (negative: cropped). Without taps: only the bias.
    """

    residue: int
    offset: int
    extra: int
    first_tap: int
    tap_step: int
    taps: int
    dilation: int
    pad: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SubPixel:
    """All phases as channels of one correlation at stride 1, then a shuffle of s channels into the axis, then a crop.

    Tap j goes to channel (j*d) mod s, at position (j*d) // s of ``taps`` positions ``dilation`` apart (see
    `Axis.subpixel_places`); what no tap fills is zero. The correlation has ``n + extra`` positions.
    """

    taps: int
    dilation: int
    extra: int
    pad: tuple[int, int]
    crop: tuple[int, int]


@dataclass(frozen=True)
class Axis:
    """One axis of a geometry: kernel size k, stride s, dilation d, crop (b, e).

    >>> axis = Axis(kernel_size=3, stride=2, crop=(1, 0))
    >>> axis.span, axis.full(4), axis.output(4)
    (3, 9, 8)
    >>> axis.contributions(4, 3)          # output 3 is full position 4: input 1 through tap 2, input 2 through tap 0
    ((1, 2), (2, 0))

    Sizes count elements. Errors: GeometryError where a size is below 1, negative, or beyond 64 bits.
    Source: Dumoulin & Visin 2018, chapters 2 and 4, generalised to dilation, unequal and negative crops.
    """

    kernel_size: int
    stride: int = 1
    dilation: int = 1
    crop: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        for name in ("kernel_size", "stride", "dilation"):
            object.__setattr__(self, name, integer(name, getattr(self, name), minimum=1))
        sides = sequence(self.crop) or ()
        if len(sides) != 2:
            raise GeometryError("crop is not a pair", f"crop={self.crop!r}", "give (begin, end)")
        object.__setattr__(self, "crop", tuple(integer(f"crop[{i}]", side) for i, side in enumerate(sides)))
        checked_size("the span of the kernel, dilation * (kernel_size - 1) + 1,", self.span)

    # Sizes

    @property
    def span(self) -> int:
        """Elements from the first tap to the last: d(k-1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1

    def full(self, n: int) -> int:
        """Everything that ``n`` stamps touch: (n-1)s + span."""
        return (_at_least_one("input size", n) - 1) * self.stride + self.span

    def output(self, n: int) -> int:
        """Size of the transposed convolution's output: full(n) - b - e. Zero is valid, less is an error."""
        begin, end = self.crop
        size = self.full(n) - begin - end
        if size < 0:
            raise GeometryError(
                "the output would have a negative size",
                f"input {n} gives {self.full(n)} positions and {begin} + {end} are cropped",
                f"use an input of at least {n - size // self.stride}, or crop (pad) less",
            )
        return checked_size("the output size", size)

    def conv_output(self, m: int) -> int:
        """Size of the convolution's output, reading ``m`` positions: floor((m + b + e - span)/s) + 1."""
        room = self.room(_at_least_one("input size", m))
        if room < 0:
            raise GeometryError(
                "the kernel is longer than the padded input",
                f"input {m} padded to {room + self.span}, kernel span {self.span}",
                "use a larger input, more padding, or a smaller kernel or dilation",
            )
        return checked_size("the output size", room // self.stride + 1)

    def room(self, m: int) -> int:
        """How far the convolution's window can move over ``m`` positions: m + b + e - span."""
        return m + sum(self.crop) - self.span

    def remainder(self, m: int) -> int:
        """Elements at the end that the convolution never reads: (m + b + e - span) mod s, the guide's a."""
        return self.room(m) % self.stride

    def full_growth(self) -> Affine:
        """full(n) as a function of n, for any size."""
        return Affine(self.stride, self.span - self.stride)

    def output_growth(self) -> Affine:
        """output(n) as a function of n, for any size."""
        return Affine(self.stride, self.span - self.stride - sum(self.crop))

    # Who reaches whom

    def contributions(self, n: int, o: int) -> tuple[tuple[int, int], ...]:
        """The (i, j) pairs that add x[i] * w[j] to output ``o``, by rising i."""
        size = self.output(n)
        if not 0 <= o < size:
            raise GeometryError("no such output position", f"position {o} of {size}", "count from 0")
        t = o + self.crop[0]
        first_tap, tap_step, dilation = self._taps_of(t % self.stride)
        if first_tap is None:
            return ()
        i = (t - first_tap * self.dilation) // self.stride
        # Tap first_tap + m*tap_step meets input i - m*dilation: keep the m that stay inside both.
        m_low = max(0, -(-(i - n + 1) // dilation))
        m_high = min((self.kernel_size - 1 - first_tap) // tap_step, i // dilation)
        return tuple((i - m * dilation, first_tap + m * tap_step) for m in range(m_high, m_low - 1, -1))

    def inputs_of_tap(self, n: int, m: int, j: int) -> tuple[int, int]:
        """The inputs [first, last) that tap ``j`` joins to a long side of ``m`` positions; input i to i*s + j*d - b."""
        shift = j * self.dilation - self.crop[0]
        first = max(0, -(shift // self.stride))
        last = min(n, -((shift - m) // self.stride))
        return first, max(first, last)

    def outputs_of_tap(self, j: int, first: int, last: int) -> slice:
        """Where tap ``j`` puts the inputs [first, last) that it joins: a slice of the long side."""
        start = first * self.stride + j * self.dilation - self.crop[0]
        return slice(start, start + (last - first - 1) * self.stride + 1, self.stride)

    def taps_in_reach(self, n: int, m: int) -> range:
        """The taps that can join ``n`` inputs to ``m`` outputs: those outside are cropped for every input."""
        begin = self.crop[0]
        first = max(0, -(((n - 1) * self.stride - begin) // self.dilation))
        last = min(self.kernel_size - 1, (m - 1 + begin) // self.dilation)
        return range(first, last + 1)

    def products(self, n: int) -> int:
        """How many (i, j) pairs reach the output: the useful products of this axis. Closed form, any size."""
        first, past = self._window(n)
        return self._lattice(n).pairs_below(past) - self._lattice(n).pairs_below(first)

    def coverage(self, n: int, start: int = 0, stop: int | None = None) -> IntArray:
        """Products that reach each of the outputs [start, stop), by default all; uneven is a checkerboard, zero a hole.

        int64, of shape (stop - start,). ``start`` and ``stop`` are cut to the output as in a slice.
        """
        from .memory import require_memory

        start, stop, _ = slice(start, stop).indices(self.output(n))
        require_memory("the coverage", (max(0, stop - start),), 8)
        return self._lattice(n).counts(start + self.crop[0], max(start, stop) + self.crop[0])

    def coverage_range(self, n: int) -> tuple[int, int]:
        """The least and the most products that reach an output, (0, 0) without outputs; any size."""
        return self._lattice(n).count_range(*self._window(n))

    def links(self, n: int, m: int) -> tuple[IntArray, IntArray, IntArray]:
        """All (o, i, j) with i*s + j*d = o + b between ``n`` inputs and ``m`` outputs, as three int64 arrays."""
        import numpy as np

        from .memory import require_memory

        taps = self.taps_in_reach(n, m)
        require_memory("the list of taps", (len(taps),), 5 * 8)
        tap = np.arange(taps.start, taps.stop)
        shift = tap * self.dilation - self.crop[0]
        first = np.maximum(0, -(shift // self.stride))
        count = np.maximum(0, np.minimum(n, -((shift - m) // self.stride)) - first)
        require_memory("the list of products", (int(count.sum()),), 5 * 8)
        j = np.repeat(tap, count)
        # Counting up within each tap's run, from its first input.
        i = np.arange(len(j)) - np.repeat(np.cumsum(count) - count - first, count)
        return i * self.stride + j * self.dilation - self.crop[0], i, j

    # The forms

    def direct(self) -> Direct:
        """s-1 zeros between neighbours, then pads d(k-1)-b and d(k-1)-e (Dumoulin & Visin 2018, relationship 14)."""
        begin, end = self.crop
        return Direct(self.stride - 1, (self.span - 1 - begin, self.span - 1 - end))

    def phases(self) -> tuple[Phase, ...]:
        """The s phases by residue r = (o + b) mod s, ready to run: also under dilation, also those without a tap."""
        if self.stride > MAX_PHASES:
            raise GeometryError(
                "too many phases to list", f"stride={self.stride}", f"use a stride of at most {MAX_PHASES}"
            )
        return tuple(self._phase(r) for r in range(self.stride))

    def taps_per_phase(self) -> tuple[int, ...]:
        """The different numbers of taps that phases have, rising: a single one is even coverage, a zero means holes."""
        g = gcd(self.stride, self.dilation)
        least, longer = divmod(self.kernel_size, self.stride // g)
        found = {least, least + 1} if longer else {least}
        return tuple(sorted(found | {0} if g > 1 else found))

    def subpixel(self) -> SubPixel:
        """One correlation whose channels are the phases (Shi et al. 2016, section 2.2), for any k, s, d and crop."""
        s, d, k = self.stride, self.dilation, self.kernel_size
        begin, end = self.crop
        # The positions (j*d) // s are all multiples of d // s while the remainders j*(d mod s) have not summed up to s.
        dilation = max(1, d // s) if (k - 1) * (d % s) < s else 1
        taps = (k - 1) * d // s // dilation + 1
        first = begin // s
        past = -((end - self.span) // s)  # positions end at n - 1 + past
        return SubPixel(
            taps=taps,
            dilation=dilation,
            extra=past - 1 - first,
            pad=((taps - 1) * dilation - first, past - 1),
            crop=(begin % s, (end - self.span) % s),
        )

    def subpixel_places(self) -> tuple[IntArray, IntArray]:
        """Where each tap sits in the sub-pixel kernel: (channels, positions), positions counted in its dilation."""
        import numpy as np

        positions, channels = np.divmod(np.arange(self.kernel_size) * self.dilation, self.stride)
        return channels, positions // self.subpixel().dilation

    def stamps_apart(self, n: int) -> bool:
        """Whether ``n`` stamps, two or more, stay clear of each other and of the crop: then CCᵀ = c I."""
        g = gcd(self.stride, self.dilation)
        overlap = self.kernel_size > self.stride // g and n > self.dilation // g
        return not overlap and max(self.crop) <= 0

    def evened(self) -> Axis:
        """The same sizes with even coverage: a kernel of whole strides, undilated, that reaches all of the output."""
        missing = [max(0, -side) for side in self.crop]
        reach = self.span + sum(missing)
        kernel_size = -(-reach // self.stride) * self.stride
        spare = kernel_size - reach
        begin, end = (max(0, side) for side in self.crop)
        return Axis(kernel_size, self.stride, 1, (begin + spare // 2, end + spare - spare // 2))

    def trimmed(self, n: int) -> Axis:
        """The same outputs without the first and last taps that no output of ``n`` inputs hears."""
        m = self.output(n)
        taps = self.taps_in_reach(n, m)
        first = next((j for j in taps if range(*self.inputs_of_tap(n, m, j))), None)
        if first is None:
            return self
        last = next(j for j in reversed(taps) if range(*self.inputs_of_tap(n, m, j)))
        before, after = first * self.dilation, (self.kernel_size - 1 - last) * self.dilation
        return Axis(last - first + 1, self.stride, self.dilation, (self.crop[0] - before, self.crop[1] - after))

    def border(self) -> tuple[int, int]:
        """The inputs beyond each end that the outputs there would hear, were they there: (before, after)."""
        begin, end = (max(0, -(-(self.span - self.stride - side) // self.stride)) for side in self.crop)
        return begin, end

    def beyond_border(self) -> Axis:
        """For an input longer by `border`: the same outputs, each with all of its products."""
        before, after = self.border()
        crop = (self.crop[0] + before * self.stride, self.crop[1] + after * self.stride)
        return Axis(self.kernel_size, self.stride, self.dilation, crop)

    def telling_size(self) -> int:
        """A small input size at which stamps that can overlap do, and some stamp lies clear of both borders."""
        # Stamps i and i + d/g share positions where a tap has another one s/g further on.
        g = gcd(self.stride, self.dilation)
        lag = self.dilation // g if self.kernel_size > self.stride // g else 0
        cut = sum(-(-max(0, side) // self.stride) for side in self.crop)
        return max(3, lag + 2, cut + 2)

    def tile(self, n: int, low: int, high: int) -> tuple[int, int]:
        """The inputs [first, last) whose stamps span outputs [low, high); empty where there are none.

        Dilated stamps have gaps, so that not every one of them need hit an output.
        """
        size = self.output(n)
        if not 0 <= low <= high <= size:
            raise GeometryError("no such tile", f"outputs [{low}, {high}) of {size}", f"use 0 <= low <= high <= {size}")
        if low == high:
            return 0, 0
        first = max(0, -((self.span - 1 - low - self.crop[0]) // self.stride))
        last = min(n, (high - 1 + self.crop[0]) // self.stride + 1)
        return (first, last) if first < last else (0, 0)

    # Working parts

    def _taps_of(self, r: int) -> tuple[int | None, int, int]:
        """Residue r: (first tap or None, step between its taps, dilation of its inputs), from j*d = r (mod s)."""
        g = gcd(self.stride, self.dilation)
        tap_step, dilation = self.stride // g, self.dilation // g
        if r % g:
            return None, tap_step, dilation
        first_tap = r // g * pow(dilation, -1, tap_step) % tap_step
        return (first_tap if first_tap < self.kernel_size else None), tap_step, dilation

    def _phase(self, r: int) -> Phase:
        begin, end = self.crop
        first_q = -((r - begin) // self.stride)
        past_q = -((end + r - self.span) // self.stride)  # positions q end at n - 1 + past_q
        offset = (r - begin) % self.stride
        extra = past_q - 1 - first_q
        first_tap, tap_step, dilation = self._taps_of(r)
        if first_tap is None:
            return Phase(r, offset, extra, first_tap=0, tap_step=tap_step, taps=0, dilation=dilation, pad=(0, 0))
        taps = (self.kernel_size - 1 - first_tap) // tap_step + 1
        shift = (r - first_tap * self.dilation) // self.stride  # tap first_tap of position q meets input q + shift
        pad = ((taps - 1) * dilation - shift - first_q, past_q - 1 + shift)
        return Phase(r, offset, extra, first_tap, tap_step, taps, dilation, pad)

    def _lattice(self, n: int) -> Lattice:
        return Lattice(n, self.kernel_size, self.stride, self.dilation)

    def _window(self, n: int) -> tuple[int, int]:
        """The full positions [first, past) that are the output."""
        return self.crop[0], self.crop[0] + self.output(n)


def _at_least_one(name: str, size: int) -> int:
    if size < 1:
        raise GeometryError(f"{name} is too small", f"it is {size}", "use a size of at least 1")
    return size
