"""The transposed convolutions that a PyTorch model runs, with the sizes that reach them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..arguments import integer, sequence
from ..errors import GeometryError
from ..geometry import ConvTranspose


@dataclass(frozen=True, slots=True)
class Use:
    """A transposed convolution at work: the module that runs it, its geometry, input size and channels."""

    name: str
    geometry: ConvTranspose
    input_size: tuple[int, ...]
    channels: tuple[int, int]


def is_model(thing: Any) -> bool:
    """Whether this is a PyTorch module."""
    import sys

    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def uses(model: Any, inputs: Any) -> list[Use]:
    """Every transposed convolution that the model runs on these inputs, in the order of running; each use once.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ConvTranspose2d(4, 2, 3, stride=2))
    >>> uses(model, (1, 1, 8, 8))
    [Use(name='1', geometry=ConvTranspose(kernel_size=(3, 3), stride=(2, 2)), input_size=(6, 6), channels=(4, 2))]

    inputs: a tensor, a tuple of tensors, or the shape of one, batch and channels included. The model is run once,
    without gradients and as in evaluation, and is left as it was. What functions run counts too, under the name of
    the module that calls them. Errors: GeometryError where the model does not run on these inputs.
    """
    torch = import_module("torch")
    arguments = _arguments(torch, model, inputs)
    found: dict[Use, None] = {}
    path: list[str] = []
    with _as_in_evaluation(model), _telling_names(model, path), torch.no_grad(), _watching(torch, path, found):
        try:
            model(*arguments)
        except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError) as error:
            shapes = ", ".join(str(tuple(getattr(each, "shape", ()))) for each in arguments)
            raise GeometryError(
                "the model does not run on these inputs",
                f"shapes {shapes}: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                "give inputs that it takes, with batch and channels",
            ) from None
    return list(found)


def _arguments(torch: Any, model: Any, inputs: Any) -> tuple[Any, ...]:
    if isinstance(inputs, torch.Tensor):
        return (inputs,)
    given = sequence(inputs)
    if given is None or not given:
        raise GeometryError("inputs are neither tensors nor a shape", f"inputs={inputs!r}", "give (1, 3, 64, 64)")
    if any(isinstance(each, torch.Tensor) for each in given):
        return given
    shape = [integer(f"inputs[{place}]", size, minimum=1) for place, size in enumerate(given)]
    like = next(iter(model.parameters()), torch.empty(0))
    return (torch.zeros(shape, dtype=like.dtype, device=like.device),)


def _watching(torch: Any, path: list[str], found: dict[Use, None]) -> Any:
    names = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
    functions = {getattr(torch, f"conv_transpose{ndim}d"): ndim for ndim in (1, 2, 3)}

    class Watch(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            if (ndim := functions.get(function)) is not None:
                given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
                x, weight, groups = given["input"], given["weight"], given.get("groups", 1)
                geometry = ConvTranspose(
                    tuple(weight.shape[2:]),
                    given.get("stride", 1),
                    given.get("padding", 0),
                    given.get("output_padding", 0),
                    given.get("dilation", 1),
                    groups,
                )
                channels = (weight.shape[0], weight.shape[1] * groups)
                found[Use(path[-1] if path else "", geometry, tuple(x.shape[-ndim:]), channels)] = None
            return result

    return Watch()


@contextmanager
def _telling_names(model: Any, path: list[str]) -> Iterator[None]:
    """``path`` ends with the name of the module that is running."""

    def leave(*_: Any) -> None:
        path.pop()

    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(lambda *_, name=name: path.append(name)))
        handles.append(module.register_forward_hook(leave, always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _as_in_evaluation(model: Any) -> Iterator[None]:
    """So that no running mean changes, and nothing is dropped."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def checkpoint_config(model: Any, inputs: Any) -> dict[str, Any]:
    """What `convert_checkpoint` needs to know of a PyTorch model: its layers by name, with their input sizes.

    >>> import torch
    >>> checkpoint_config(torch.nn.Sequential(torch.nn.ConvTranspose1d(4, 2, 3), torch.nn.BatchNorm1d(2)), (1, 4, 8))
    {'framework': 'torch', 'layers': {'0': {'kernel_size': [3], 'stride': [1], 'padding': [0], 'output_padding': [0], \
'groups': 1, 'dilation': [1], 'input_size': [8]}}, 'keep': ['1.weight', '1.bias', '1.running_mean', '1.running_var', \
'1.num_batches_tracked']}

    inputs: as for `check` of a model. Plain data, for JSON. Convolutions and linear layers are in it too, and every
    other tensor is to be kept. Errors: GeometryError, also for a layer that runs at several sizes.
    """
    torch = import_module("torch")
    if not is_model(model):
        raise GeometryError("not a PyTorch model", f"got {type(model).__name__}", "give a torch.nn.Module")
    nn = torch.nn
    kinds = {"conv": (nn.Conv1d, nn.Conv2d, nn.Conv3d), "linear": (nn.Linear,)}
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    modules = {name for name, module in model.named_modules() if isinstance(module, transposed)}
    seen: dict[str, Use] = {}
    for use in uses(model, inputs):
        first = seen.setdefault(use.name, use)
        if first != use and use.name in modules:
            raise GeometryError(
                "a layer runs at several sizes",
                f"{use.name!r} from {first.input_size} to {first.geometry.output_size(first.input_size)}, and from "
                f"{use.input_size} to {use.geometry.output_size(use.input_size)}",
                "convert it for each of them on its own",
            )
    layers: dict[str, Any] = {}
    for name, module in model.named_modules():
        if name in modules:
            if name not in seen:
                raise GeometryError("a layer does not run on these inputs", f"{name!r}", "give inputs that reach it")
            layers[name] = _words(seen[name])
        for kind, classes in kinds.items():
            if isinstance(module, classes):
                layers[name] = {"kind": kind}
    claimed = {f"{name}.{tensor}".lstrip(".") for name in layers for tensor in ("weight", "bias")}
    return {
        "framework": "torch",
        "layers": layers,
        "keep": [name for name in model.state_dict() if name not in claimed],
    }


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
