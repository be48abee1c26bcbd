"""What a checkpoint's config says of a PyTorch model."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import GeometryError
from .models import Use, is_model, transposed_layers, uses_with_weights


def checkpoint_config(model: Any, inputs: Any) -> dict[str, Any]:
    """What `convert_checkpoint` needs to know of a PyTorch model: its layers by name, with their input sizes.

    >>> import torch
    >>> checkpoint_config(torch.nn.Sequential(torch.nn.ConvTranspose1d(4, 2, 3), torch.nn.BatchNorm1d(2)), (1, 4, 8))
    {'framework': 'torch', 'layers': {'0': {'kernel_size': [3], 'stride': [1], 'padding': [0], 'output_padding': [0], \
'groups': 1, 'dilation': [1], 'input_size': [8]}}, 'keep': ['1.weight', '1.bias', '1.running_mean', '1.running_var', \
'1.num_batches_tracked']}

    inputs: as for `check` of a model. Plain data, for JSON. Convolutions and linear layers are in it too, and so are
    transposed convolutions that a function runs with a parameter called weight; every other tensor is to be kept.
    Errors: GeometryError, also for a layer that runs at several sizes, or not at all, or has its weight parametrised.
    """
    if not is_model(model):
        raise GeometryError("not a PyTorch model", f"got {type(model).__name__}", "give a torch.nn.Module")
    torch = import_module("torch")
    nn = torch.nn
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise GeometryError(
            "the layers of traced and scripted models have no names",
            f"got {type(model).__name__}",
            "give the model that it was made of",
        )
    layers: dict[str, Any] = {name: _words(use) for name, use in _by_layer(model, inputs).items()}
    kinds = {"conv": (nn.Conv1d, nn.Conv2d, nn.Conv3d), "linear": (nn.Linear,)}
    tensors = model.state_dict()
    # A module that has two names has its tensors under both.
    for name, module in model.named_modules(remove_duplicate=False):
        for kind, classes in kinds.items():
            if isinstance(module, classes):
                layers[name] = {"kind": kind}
    names = {name: (f"{name}.weight".lstrip("."), f"{name}.bias".lstrip(".")) for name in layers}
    if strange := [name for name, (weight, _) in names.items() if weight not in tensors]:
        raise GeometryError(
            "layers whose weight is computed from other tensors",
            ", ".join(map(repr, strange[:4])),
            "make it plain before saving: torch.nn.utils.remove_weight_norm, "
            "torch.nn.utils.parametrize.remove_parametrizations",
        )
    claimed = {tensor for pair in names.values() for tensor in pair}
    return {"framework": "torch", "layers": layers, "keep": [name for name in tensors if name not in claimed]}


def _by_layer(model: Any, inputs: Any) -> dict[str, Use]:
    """The use of every transposed convolution, by the name of its layer; a shared module under all its names."""
    modules = transposed_layers(model)
    found: dict[str, Use] = {}
    for use, weight in uses_with_weights(model, inputs).items():
        name = use.name if use.name in modules else weight.removesuffix(".weight") if "." in weight else ""
        if use.name not in modules and not weight.endswith(".weight") and weight != "weight":
            raise GeometryError(
                "a transposed convolution's weight has no name of a layer",
                f"in {use.name!r} it is {f'the parameter {weight!r}' if weight else 'no parameter'}",
                "run it by a layer, or by a function with a parameter called weight",
            )
        before = found.setdefault(name, use)
        if (before.geometry, before.input_size) != (use.geometry, use.input_size):
            raise GeometryError(
                "a layer runs at several sizes",
                f"{name!r} from {before.input_size} to {before.geometry.output_size(before.input_size)}, and from "
                f"{use.input_size} to {use.geometry.output_size(use.input_size)}",
                "convert it for each of them on its own",
            )
    unreached = [name for name in modules if name not in found]
    if unreached:
        raise GeometryError(
            "layers do not run on these inputs", ", ".join(map(repr, unreached[:4])), "give inputs that reach them"
        )
    first = {id(module): name for name, module in model.named_modules()}
    aliases = {name: first[id(module)] for name, module in model.named_modules(remove_duplicate=False)}
    return {**found, **{name: found[known] for name, known in aliases.items() if known in modules}}


def _words(use: Use) -> dict[str, Any]:
    """A layer as it ran: a module that is asked for an output_size has another output_padding than its own."""
    g = use.geometry
    return {
        "kernel_size": list(g.kernel_size),
        "stride": list(g.stride),
        "padding": [begin for begin, _ in g.crop],
        "output_padding": [begin - end for begin, end in g.crop],
        "groups": g.groups,
        "dilation": list(g.dilation),
        "input_size": list(use.input_size),
    }
