"""Who is timed: this package and its peers, one file a runtime. A peer takes part where it is installed.

>>> [contender.name for contender in CONTENDERS][:3]
['deconvs', 'deconvs out=', 'deconvs functional']
>>> PEERS
('PyTorch', 'PyTorch channels_last', 'ONNX Runtime', 'OpenVINO', 'JAX')
"""

from __future__ import annotations

from . import jax, onnxruntime, openvino, ours, torch
from .contender import Contender, Ready, Task, Unable

__all__ = ["CONTENDERS", "PEERS", "Contender", "Ready", "Task", "Unable"]

CONTENDERS: tuple[Contender, ...] = (
    *ours.CONTENDERS,
    *torch.CONTENDERS,
    *onnxruntime.CONTENDERS,
    *openvino.CONTENDERS,
    *jax.CONTENDERS,
)

PEERS = tuple(dict.fromkeys(contender.peer for contender in CONTENDERS if contender.peer))
"""Whose columns a table has; a peer may be called in several ways, of which the fastest counts."""
