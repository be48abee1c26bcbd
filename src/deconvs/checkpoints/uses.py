"""The transposed convolutions of a checkpoint, for `check`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..conventions import layout
from ..conversion import read_cut
from ..live.models import Use
from . import files
from .config import KINDS, read_config
from .layers import find_all
from .transform import check_layouts


def uses_of(source_file: str | os.PathLike[str], config: Mapping[str, Any] | str | os.PathLike[str]) -> list[Use]:
    """The layers that the config names, with what the file says of their channels.

    A layer's ``crop`` counts as its own. Errors: GeometryError for files, configs and layers that do not fit together.
    """
    wanted = read_config(config)
    tensors = files.read(files.readable(source_file)).tensors
    found = find_all(wanted, tensors, wanted.framework)
    check_layouts(wanted, found, tensors, wanted.framework)
    uses = []
    for each in found:
        layer, shape = each.layer, tensors[each.weight].shape
        if layer.kind == KINDS[0]:
            geometry = read_cut(wanted.framework, layer.params, shape, layer.input_size, layer.crop)
            stored = layout(wanted.framework, geometry.ndim, geometry.groups, layer.params)
            channels = geometry.channels(tuple(shape[axis] for axis in stored.permutation))
            uses.append(Use(layer.name, geometry, layer.input_size, channels))
    return uses
