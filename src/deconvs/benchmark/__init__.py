"""Timing transposed convolutions: this package and its peers, in turns, beside what the machine can do.

>>> from deconvs import ConvTranspose
>>> from deconvs.benchmark import Layer, Machine, limit
>>> layer = Layer("up", "an example", 1, 64, 32, (128, 128), ConvTranspose((2, 2), stride=2))
>>> layer.useful_flops, layer.bytes
(268435456, 12615680)
>>> limit(layer, Machine(flops=200e9, bandwidth=25e9)).bound_by
'products'

`layer` what is measured; `contenders` who is measured, one file a runtime; `correct` that it is right first; `quiet`
how time is taken; `roofline` what the machine allows; `engine` all of it for one layer; `results` what was found;
`text` how it is told. Frameworks are imported by name, when they are installed and asked for.
"""

from __future__ import annotations

from .engine import Settings, measure
from .layer import Layer
from .results import Report, Result, Times
from .roofline import Limit, Machine, limit

__all__ = ["Layer", "Limit", "Machine", "Report", "Result", "Settings", "Times", "limit", "measure"]
