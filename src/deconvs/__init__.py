"""A deconvolution is padding or zero-inserting, then an ordinary convolution. See it, prove it, port it, run it.

>>> import deconvs as dc
>>> g = dc.ConvTranspose(kernel_size=(3, 3), stride=2)
>>> g.output_size((2, 2))
(5, 5)
>>> dc.VIEWS
('scatter', 'matrix', 'direct', 'polyphase', 'subpixel', 'gemm')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .axis import Axis, Phase
from .errors import GeometryError
from .geometry import Conv, ConvTranspose
from .naming import names
from .operator import matrix
from .plan import Plan
from .report import explain
from .views import VIEWS

if TYPE_CHECKING:
    from .run.fast import Operator, conv, conv_transpose

__version__ = "0.1.0"

__all__ = [
    "VIEWS",
    "Axis",
    "Conv",
    "ConvTranspose",
    "GeometryError",
    "Operator",
    "Phase",
    "Plan",
    "conv",
    "conv_transpose",
    "explain",
    "matrix",
    "names",
]

_NEEDS_NUMPY = {"Operator", "conv", "conv_transpose"}


def __getattr__(name: str) -> Any:
    # run/ works on arrays and imports NumPy at its top: it is loaded when first asked for, so that
    # `import deconvs` stays quick. What was asked for is kept, and __getattr__ is not called for it again.
    if name in _NEEDS_NUMPY:
        from .run import fast

        value = globals()[name] = getattr(fast, name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
