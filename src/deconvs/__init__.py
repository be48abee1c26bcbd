"""A deconvolution is padding or zero-inserting, then an ordinary convolution. See it, prove it, port it, run it.

>>> import deconvs as dc
>>> g = dc.ConvTranspose(kernel_size=(3, 3), stride=2)
>>> g.output_size((2, 2))
(5, 5)
>>> dc.VIEWS
('scatter', 'matrix', 'direct', 'polyphase', 'subpixel', 'gemm')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .axis import Axis, Phase
from .errors import GeometryError, Nearest, Refusal
from .geometry import Conv, ConvTranspose

if TYPE_CHECKING:
    from .chains import solve_chain
    from .checking import check
    from .checkpoints.convert import convert_checkpoint
    from .checkpoints.report import CheckpointReport
    from .conversion import Conversion, convert
    from .drawing.picture import Picture, draw
    from .finding import Finding
    from .live.config import checkpoint_config
    from .naming import names
    from .operator import matrix
    from .plan import Plan
    from .report import explain
    from .run.fast import Operator, conv, conv_transpose
    from .solver import solve
    from .views import VIEWS

__version__ = "0.1.0"

__all__ = [
    "VIEWS",
    "Axis",
    "CheckpointReport",
    "Conv",
    "ConvTranspose",
    "Conversion",
    "Finding",
    "GeometryError",
    "Nearest",
    "Operator",
    "Phase",
    "Picture",
    "Plan",
    "Refusal",
    "check",
    "checkpoint_config",
    "conv",
    "conv_transpose",
    "convert",
    "convert_checkpoint",
    "draw",
    "explain",
    "matrix",
    "names",
    "solve",
    "solve_chain",
]

_LOADED_WHEN_ASKED_FOR = {
    "VIEWS": "views",
    "CheckpointReport": "checkpoints.report",
    "Conversion": "conversion",
    "Finding": "finding",
    "Operator": "run.fast",
    "Picture": "drawing.picture",
    "Plan": "plan",
    "check": "checking",
    "checkpoint_config": "live.config",
    "conv": "run.fast",
    "conv_transpose": "run.fast",
    "convert": "conversion",
    "convert_checkpoint": "checkpoints.convert",
    "draw": "drawing.picture",
    "explain": "report",
    "matrix": "operator",
    "names": "naming",
    "solve": "solver",
    "solve_chain": "chains",
}


def __getattr__(name: str) -> Any:
    # `import deconvs` stays quick, and free of NumPy, because what needs more is loaded when it is first asked for.
    # It is kept then, so that __getattr__ is not called for it again.
    if name in _LOADED_WHEN_ASKED_FOR:
        value = globals()[name] = getattr(import_module(f".{_LOADED_WHEN_ASKED_FOR[name]}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
