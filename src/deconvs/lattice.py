"""Counting the pairs (i, j) of a grid, 0 <= i < n and 0 <= j < k, on the lines i*s + j*d = t.

Every tap of a transposed convolution is such a pair and every position t such a line, so these counts are coverage and
products. Only arithmetic is done here; axis.py gives it its meaning.

With g = gcd(s, d), the lines with pairs on them fall into classes, one for each (i mod d/g, j mod s/g). Inside a class
the count rises by one, stays, and falls by one: a trapezoid. That is why nothing below counts pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

from .errors import GeometryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_CLASSES = 2**24
"""More classes than this are not looked at one by one."""

_AT_ONCE = 2**18
"""Elements a turn: temporaries stay in cache and cost no memory to speak of."""


@dataclass(frozen=True, slots=True)
class Lattice:
    """Pairs (i, j) of n x k with steps s and d.

    >>> grid = Lattice(n=3, k=3, s=2, d=1)
    >>> grid.counts(0, 7).tolist(), grid.count_range(0, 7), grid.pairs_below(7)
    ([1, 1, 2, 1, 2, 1, 1], (1, 2), 9)
    """

    n: int
    k: int
    s: int
    d: int

    def counts(self, first: int, past: int) -> NDArray[np.int64]:
        """How many pairs lie on each line t of [first, past)."""
        import numpy as np

        found = np.empty(past - first, dtype=np.int64)
        integer = self._integer(first, past)
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            part[:] = self._counts_of(np.arange(len(part)).astype(integer) + (first + start))
        return found

    def count_range(self, first: int, past: int) -> tuple[int, int]:
        """The least and the most pairs on a line t of [first, past); (0, 0) without lines."""
        import numpy as np

        g = gcd(self.s, self.d)
        i_classes, j_classes = min(self.d // g, self.n), min(self.s // g, self.k)
        if i_classes * j_classes > MAX_CLASSES:
            raise GeometryError(
                "too many different phases to compare",
                f"input {self.n}, kernel_size={self.k}, stride={self.s}, dilation={self.d}",
                f"use sizes that give at most {MAX_CLASSES} of them, for example dilation=1",
            )
        least, most, seen = None, 0, 0
        integer = self._integer(first, past)
        for start in range(0, i_classes * j_classes, _AT_ONCE):
            stop = min(start + _AT_ONCE, i_classes * j_classes)
            i, j = np.divmod(np.arange(start, stop), j_classes)
            low, high, lines = self._extremes(i.astype(integer), j.astype(integer), first, past)
            if lines:
                least = low if least is None else min(least, low)
                most = max(most, high)
                seen += lines
        # Lines of no class have no pair.
        return (least if least is not None and seen == past - first else 0), most

    def pairs_below(self, limit: int) -> int:
        """How many pairs have i*s + j*d < limit."""
        # Every i is below the limit with the j before `all_in`, none with those from `none_in` on.
        all_in = min(self.k, max(0, (limit - 1 - (self.n - 1) * self.s) // self.d + 1))
        none_in = min(self.k, max(0, (limit - 1) // self.d + 1))
        between = none_in - all_in
        # A j in between has floor((limit - 1 - j*d)/s) + 1 of them; summed from the last one backwards.
        return all_in * self.n + between + _floor_sum(between, self.d, limit - 1 - (none_in - 1) * self.d, self.s)

    def _counts_of(self, t: NDArray[Any]) -> NDArray[Any]:
        """The pairs on line t are (i - m*d/g, j + m*s/g) for a range of m: the length of that range."""
        import numpy as np

        g = gcd(self.s, self.d)
        i_step, j_step = self.d // g, self.s // g
        residue = t % self.s
        j = residue // g * pow(i_step, -1, j_step) % j_step
        i = (t - j * self.d) // self.s
        low = np.maximum(0, -((self.n - 1 - i) // i_step))
        high = np.minimum((self.k - 1 - j) // j_step, i // i_step)
        return np.where(residue % g == 0, np.maximum(0, high - low + 1), 0)

    def _extremes(self, i: NDArray[Any], j: NDArray[Any], first: int, past: int) -> tuple[int, int, int]:
        """Over the classes (i, j): least and most pairs on a line in [first, past), and the number of such lines."""
        import numpy as np

        g = gcd(self.s, self.d)
        a = (self.n - 1 - i) // (self.d // g) + 1
        b = (self.k - 1 - j) // (self.s // g) + 1
        apart = self.s * self.d // g
        start = i * self.s + j * self.d
        # Line number p of the class is start + p*apart; pairs lie on the lines 0 to a + b - 2.
        low, high = -((start - first) // apart), (past - 1 - start) // apart
        met = low <= high
        if not met.any():
            return 0, 0, 0
        a, b, low, high = a[met], b[met], low[met], high[met]

        def pairs(p: NDArray[Any]) -> NDArray[Any]:
            found: NDArray[Any] = np.minimum(np.minimum(a, b), np.minimum(p + 1, a + b - 1 - p)).clip(0)
            return found

        top = np.clip((a + b - 2) // 2, low, high)
        least = min(int(pairs(low).min()), int(pairs(high).min()))
        return least, int(pairs(top).max()), int((high - low + 1).sum())

    def _integer(self, first: int, past: int) -> type:
        """int64, or Python's own integers where a sum or product might not fit."""
        import numpy as np

        longest = (self.n + 1) * self.s + (self.k + 1) * self.d + abs(first) + abs(past)
        return np.int64 if longest + self.s * (self.s + self.d) < 2**62 else object


def _floor_sum(terms: int, slope: int, start: int, divisor: int) -> int:
    """Sum of floor((start + slope*t) / divisor) for t in [0, terms), in as many turns as Euclid's algorithm."""
    total = 0
    while terms > 0:
        total += slope // divisor * (terms * (terms - 1) // 2) + start // divisor * terms
        slope, start = slope % divisor, start % divisor
        # What is left are lattice points under a flat line: count them by rows, which swaps slope and divisor.
        top = slope * terms + start
        terms, slope, start, divisor = top // divisor, divisor, top % divisor, slope
    return total
