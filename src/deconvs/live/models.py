"""The transposed convolutions that a PyTorch model runs, with the sizes that reach them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def transposed_layers(model: Any) -> list[str]:
    """The names of a model's modules that are transposed convolutions."""
    nn = import_module("torch").nn
    kinds = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    return [name for name, module in model.named_modules() if isinstance(module, kinds)]


def uses(model: Any, inputs: Any) -> list[Use]:
    """Every transposed convolution that the model runs on these inputs, in the order of running; each use once.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ConvTranspose2d(4, 2, 3, stride=2))
    >>> uses(model, (1, 1, 8, 8))
    [Use(name='1', geometry=ConvTranspose(kernel_size=(3, 3), stride=(2, 2)), input_size=(6, 6), channels=(4, 2))]

    inputs: a tensor, or the shape of one with batch and channels; a tuple of these for several, a dict for keywords.
    The model is run once, without gradients and as in evaluation; its modes are restored. What functions run counts
    too, under the name of the module that calls them. Errors: GeometryError where the model does not run.
    """
    return list(uses_with_weights(model, inputs))


def uses_with_weights(model: Any, inputs: Any) -> dict[Use, str]:
    """The same, each with the name of the parameter that is its weight, or an empty text."""
    torch = import_module("torch")
    arguments, keywords = _arguments(torch, model, inputs)
    if any(torch.nn.parameter.is_lazy(parameter) for parameter in model.parameters()):
        raise GeometryError("the model has layers without a weight yet", "lazy modules", "run it once on real inputs")
    parameters = {id(parameter): name for name, parameter in model.named_parameters()}
    found: dict[Use, str] = {}
    path: list[str] = []

    def note(ndim: int, x: Any, weight: Any, words: Mapping[str, Any]) -> None:
        groups = words.get("groups", 1)
        names = ("stride", "padding", "output_padding", "dilation")
        plain = {name: words[name] for name in names if name in words}
        geometry = ConvTranspose(tuple(weight.shape[2:]), **plain, groups=groups)
        channels = (weight.shape[0], weight.shape[1] * groups)
        use = Use(path[-1] if path else "", geometry, tuple(x.shape[-ndim:]), channels)
        found[use] = found.get(use) or parameters.get(id(weight), "")

    with ExitStack() as around:
        around.enter_context(_as_in_evaluation(model))
        around.enter_context(_telling_names(torch, model, path))
        around.enter_context(torch.no_grad())
        around.enter_context(_functions(torch, note))
        around.enter_context(_operators(torch, note))
        try:
            model(*arguments, **keywords)
        except Exception as error:  # whatever a model raises
            shapes = ", ".join(str(tuple(each.shape)) for each in (*arguments, *keywords.values()))
            why = str(error).strip().splitlines()[0] if str(error).strip() else ""
            raise GeometryError(
                "the model does not run on these inputs",
                f"shapes {shapes}: {type(error).__name__}: {why[:200]}",
                "give inputs that it takes, with batch and channels",
            ) from error
    return found


def _arguments(torch: Any, model: Any, inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Tensors by place and by name."""
    like = next(iter(model.parameters()), torch.empty(0))

    def tensor(given: Any) -> Any:
        if isinstance(given, torch.Tensor):
            return given
        sizes = sequence(given)
        strange = given if not sizes else next((size for size in sizes if not hasattr(size, "__index__")), None)
        if not sizes or strange is not None:
            raise GeometryError(
                "inputs are neither tensors nor shapes",
                f"got {type(strange).__name__}",
                "give (1, 3, 64, 64), a tensor, a tuple of these, or a dict of them by name",
            )
        shape = [integer(f"inputs[{place}]", size, minimum=1) for place, size in enumerate(sizes)]
        return torch.zeros(shape, dtype=like.dtype, device=like.device)

    if isinstance(inputs, Mapping):
        return (), {str(name): tensor(each) for name, each in inputs.items()}
    several = None if isinstance(inputs, torch.Tensor) else sequence(inputs)
    if several and any(isinstance(each, torch.Tensor) or sequence(each) is not None for each in several):
        return tuple(tensor(each) for each in several), {}
    return (tensor(inputs),), {}


Note = Callable[[int, Any, Any, Mapping[str, Any]], None]


def _functions(torch: Any, note: Note) -> Any:
    """Watches torch.conv_transposeNd, which layers and most callers run: here weights are still parameters."""
    names = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
    functions = {getattr(torch, f"conv_transpose{ndim}d"): ndim for ndim in (1, 2, 3)}

    class Functions(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            if (ndim := functions.get(function)) is not None:
                given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
                note(ndim, given["input"], given["weight"], given)
            return result

    return Functions()


def _operators(torch: Any, note: Note) -> Any:
    """Watches aten.convolution below that, which traced modules and scripted functions run too."""
    mode = import_module("torch.utils._python_dispatch").TorchDispatchMode
    operators = (torch.ops.aten.convolution.default, torch.ops.aten._convolution.default)

    class Operators(mode):  # type: ignore[misc, valid-type]
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function in operators and args[6]:
                x, weight, _, stride, padding, dilation, _, output_padding, groups = args[:9]
                words = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
                note(weight.ndim - 2, x, weight, {**words, "groups": groups})
            return function(*args, **(kwargs or {}))

    return Operators()


@contextmanager
def _telling_names(torch: Any, model: Any, path: list[str]) -> Iterator[None]:
    """``path`` ends with the name of the module that is running."""

    def leave(*_: Any) -> None:
        path.pop()

    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if not isinstance(module, torch.jit.ScriptModule):  # which take no hooks
                enter = module.register_forward_pre_hook(lambda *_, name=name: path.append(name))
                hooks.callback(enter.remove)
                hooks.callback(module.register_forward_hook(leave, always_call=True).remove)
        yield


@contextmanager
def _as_in_evaluation(model: Any) -> Iterator[None]:
    """So that no running mean changes, and nothing is dropped."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
    except NotImplementedError:
        raise GeometryError(
            "exported models cannot be watched while they run",
            f"got {type(model).__name__}",
            "give the model that it was exported from",
        ) from None
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
