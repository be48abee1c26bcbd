"""The scatter view as a film: every input stamps its kernel, stride apart; overlapping stamps add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...geometry import ConvTranspose, Sizes
from ..scene import Film
from .request import requested
from .sample import sample
from .stamping import Stamping, stamping_amounts
from .words import Values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def scatter_film(
    geometry: ConvTranspose,
    input_size: Sizes,
    x: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    channels: tuple[int, int] | None = None,
    values: Values = "numbers",
) -> Film:
    """The stamps one after the other, with the sums so far.

    >>> film = scatter_film(ConvTranspose((3, 3), stride=2), (2, 2))
    >>> len(film.scenes), film.scenes[-1].numbers("output")[2, 2]
    (6, '36')

    A frame before the first stamp, one for each input, row-major, and one for the crop. Arguments and errors are those
    of `direct_film`. Source: Zeiler et al. 2010; Dumoulin & Visin 2018, chapter 4.
    """
    request = requested(geometry, input_size, channels, stamping_amounts)
    return Stamping(sample(request, x, weight, values)).film()
