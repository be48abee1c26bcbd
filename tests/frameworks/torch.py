"""torch.nn.ConvTransposeNd."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

LAYERS = {1: torch.nn.ConvTranspose1d, 2: torch.nn.ConvTranspose2d, 3: torch.nn.ConvTranspose3d}


def run(params: dict[str, Any], x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """A layer of these parameters, with this weight."""
    c_in, c_out = x.shape[1], weight.shape[1] * params.get("groups", 1)
    layer = LAYERS[x.ndim - 2](c_in, c_out, bias=False, **params)
    assert layer.weight.shape == weight.shape
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        return np.asarray(layer(torch.from_numpy(x)))
