"""Converting a whole checkpoint: every layer first, then one file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..conventions import FRAMEWORKS
from ..errors import GeometryError
from ..files import write_all
from . import files
from .config import Config, read_config
from .layers import find_all, kept, refuse_collisions
from .layouts import CHANNELS_FIRST
from .report import CheckpointReport, MovedTensor, plain
from .tensors import Checkpoint
from .transform import Made, check_layouts, make_all

FLATTENED = (
    "note on linear layers: one that follows a flattened image reads its pixels in another order where channels move "
    "from first to last, or back; only its two axes are swapped here"
)


def convert_checkpoint(
    source_file: str | os.PathLike[str],
    config: Mapping[str, Any] | str | os.PathLike[str],
    target_file: str | os.PathLike[str],
    *,
    target: str,
    overwrite: bool = False,
    write_config: str | os.PathLike[str] | None = None,
) -> CheckpointReport:
    """A checkpoint of one framework as a checkpoint of another, by the names of its layers.

    >>> import os, tempfile
    >>> import numpy as np
    >>> folder = tempfile.mkdtemp()
    >>> torch, keras = os.path.join(folder, "torch.npz"), os.path.join(folder, "keras.npz")
    >>> np.savez(torch, **{"up.weight": np.arange(24.0).reshape(2, 3, 4), "norm.scale": np.ones(3)})
    >>> config = {"framework": "torch", "layers": {"up": {"stride": 2, "input_size": [8]}}, "keep": ["norm.*"]}
    >>> report = convert_checkpoint(torch, config, keras, target="keras")
    >>> {name: array.shape for name, array in np.load(keras).items()}
    {'up.kernel': (4, 3, 2), 'norm.scale': (3,)}
    >>> report.layers[0].params["padding"], report.config["framework"]
    ('valid', 'keras')

    Files: .npz or .safetensors, by their suffixes; pickles are never read. Tensors keep their types and bytes; only
    their elements move. config: a dict or a JSON file: ``framework``; ``layers``, by name, each with a ``kind``
    (conv_transpose, conv or linear) and, of a conv_transpose, the framework's own parameters, ``input_size`` and
    perhaps a ``crop``; ``keep``, patterns of tensors to copy; ``rename``, new names of layers. A layer's tensors are
    its name, "." or "/", and the framework's word (weight, kernel, weights; bias). write_config: a file for
    ``report.config``, with which the new checkpoint is converted back to the same tensors.

    All or nothing: files are written last, once everything is converted. Loading, converting and writing takes up to
    three times the size of the tensors, and 50 times that of a header; more than is free is refused.
    Errors: GeometryError for files, configs and layers that do not fit together, and for layers that the target cannot
    say; what was at ``target_file`` is still there then.
    """
    if target not in FRAMEWORKS:
        raise GeometryError("no such framework", f"target={target!r}", f"use one of {', '.join(FRAMEWORKS)}")
    source = files.readable(source_file)
    inputs = (source, *([files.as_path("config", config)] if isinstance(config, str | os.PathLike) else []))
    out = files.writable("target_file", target_file, tuple(files.KINDS), overwrite, inputs)
    config_out = None
    if write_config is not None:
        config_out = files.writable("write_config", write_config, (".json",), overwrite, inputs)
    wanted = read_config(config)
    checkpoint, report = _converted(files.read(source), wanted, target, str(source), str(out))
    contents = {out: files.written(checkpoint, out)}
    if config_out is not None:
        contents[config_out] = f"{json.dumps(report.config, indent=2)}\n".encode()
    write_all(contents)
    return report


def _converted(
    checkpoint: Checkpoint, config: Config, target: str, source_file: str, target_file: str
) -> tuple[Checkpoint, CheckpointReport]:
    tensors = checkpoint.tensors
    found = find_all(config, tensors, target)
    names = {name: name for name in kept(config, found, tensors)}
    layers: dict[str | None, str] = {}
    for each in found:
        new_names = each.renamed(config.rename.get(each.layer.name, each.layer.name), target)
        for name, new in zip((each.weight, each.bias), new_names, strict=True):
            if name is not None and new is not None:
                names[name], layers[name] = new, each.layer.name
    refuse_collisions([(name, names[name]) for name in tensors])
    check_layouts(config, found, tensors, target)
    made = {each.found.weight: each for each in make_all(config, found, tensors, target)}
    converted, moved = {}, []
    for name, tensor in tensors.items():
        change = made.get(name)
        new_tensor = tensor if change is None else tensor.moved(change.weight)
        converted[names[name]] = new_tensor
        said = MovedTensor(name, names[name], tensor.shape, new_tensor.shape, tensor.type, layers.get(name))
        moved.append(said if change is None else _how(said, change))
    metadata = checkpoint.metadata if config.metadata is None else dict(config.metadata)
    return Checkpoint(converted, metadata), CheckpointReport(
        source_file,
        target_file,
        config.framework,
        target,
        tuple(moved),
        tuple(each.said for each in made.values() if each.said is not None),
        # A .npz file has no place for metadata.
        _config_of(config, made.values(), target, metadata if target_file.lower().endswith(".npz") else {}),
        _notes(config, target),
    )


def _how(said: MovedTensor, made: Made) -> MovedTensor:
    """What was done, off the two layouts."""
    names, wanted = ([axis.partition("/")[0] for axis in each.axes] for each in (made.stored, made.wanted))
    order = tuple(names.index(name) for name in wanted)
    return replace(said, order=order, flipped=made.stored.flipped != made.wanted.flipped)


def _config_of(config: Config, made: Iterable[Made], target: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """The config of the converted checkpoint, as plain data."""
    back = {new: old for old, new in config.rename.items() if new != old}
    layers = {config.rename.get(each.found.layer.name, each.found.layer.name): each.config for each in made}
    found = {"framework": target, "layers": layers, "keep": config.keep, "rename": back, "metadata": metadata}
    return {name: plain(value) for name, value in found.items() if value or name in ("framework", "layers")}


def _notes(config: Config, target: str) -> tuple[str, ...]:
    """What is easily overlooked."""
    turned = (config.framework in CHANNELS_FIRST) != (target in CHANNELS_FIRST)
    return (FLATTENED,) if turned and any(layer.kind == "linear" for layer in config.layers) else ()
