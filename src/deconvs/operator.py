"""C and Cᵀ as sparse matrices, built from the links of each axis: no loop over pixels."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from .dtypes import arithmetic, as_array, refuse_unsigned
from .geometry import ConvTranspose, Geometry, Sizes, geometry_of
from .memory import require_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

_BYTES_PER_ELEMENT = 96
_BYTES_PER_LINE = 16
"""At the peak while it is built, for a stored element and for a row or column; tests/test_operator.py measures them."""


def matrix(geometry: Geometry, input_size: Sizes, weight: ArrayLike) -> csr_array:
    """The geometry as a matrix on flattened data: Cᵀ of a ConvTranspose, C of a Conv.

    >>> import numpy as np
    >>> from deconvs import Conv, matrix
    >>> C = matrix(Conv((2,)), 4, np.array([[[5, 7]]]))
    >>> C.toarray()
    array([[5, 7, 0, 0],
           [0, 5, 7, 0],
           [0, 0, 5, 7]])

    Shape (C_out * prod(output), C_in * prod(input)), flattened in C order (channel, *space). Stored elements are the
    useful products, weights of zero included. Integer weights give int64, float16 and bfloat16 float32.
    Errors: GeometryError. Source: Dumoulin & Visin 2018, section 4.1.
    """
    geometry = geometry_of(geometry)
    sizes = geometry.sizes(input_size)
    array = as_array("weight", weight)
    geometry.channels(array.shape)
    refuse_unsigned("weight", array)
    array = array.astype(arithmetic([("weight", array)]).compute, copy=False)
    outputs = geometry.output_size(sizes)
    if isinstance(geometry, ConvTranspose):
        return _transposed(geometry, sizes, outputs, array)
    return _transposed(geometry, outputs, sizes, array).T.tocsr()


def _transposed(geometry: Geometry, short: tuple[int, ...], long: tuple[int, ...], weight: NDArray[Any]) -> csr_array:
    """Cᵀ from the short side to the long side; weight (channels of short, channels of long / groups, *k)."""
    import numpy as np
    from scipy.sparse import coo_array

    groups = geometry.groups
    c_short, per_group = weight.shape[:2]
    c_long = per_group * groups
    links = [axis.links(n, m) for axis, n, m in zip(geometry.axes, short, long, strict=True)]
    shape = (c_long * prod(long), c_short * prod(short))
    stored = c_short * per_group * prod(len(o) for o, _, _ in links)
    needed = stored * _BYTES_PER_ELEMENT + sum(shape) * _BYTES_PER_LINE
    require_bytes("the matrix", f"shape {shape}, {stored:,} stored elements", needed)
    o = _flat_indices([link[0] for link in links], long)
    i = _flat_indices([link[1] for link in links], short)
    j = _flat_indices([link[2] for link in links], geometry.kernel_size)
    channel_in = np.arange(c_short)[:, None, None]
    channel_out = channel_in // (c_short // groups) * per_group + np.arange(per_group)[:, None]
    values = weight.reshape(c_short, per_group, -1)[:, :, j]
    # Narrow indices where they suffice: SciPy keeps the width, and every product with the matrix reads them.
    index = np.int32 if max(*shape, stored) < 2**31 else np.int64
    rows = np.broadcast_to((channel_out * prod(long) + o).astype(index), values.shape).ravel()
    columns = np.broadcast_to((channel_in * prod(short) + i).astype(index), values.shape).ravel()
    return coo_array((values.ravel(), (rows, columns)), shape=shape).tocsr()


def _flat_indices(along: list[NDArray[np.int64]], size: tuple[int, ...]) -> NDArray[np.int64]:
    """C-order index of every combination of per-axis positions."""
    import numpy as np

    flat = np.zeros(1, dtype=np.int64)
    for positions, length in zip(along, size, strict=True):
        flat = (flat[:, None] * length + positions).ravel()
    return flat
