"""Finding the tensors of layers in a checkpoint, and telling what is missing, unclaimed, or converted already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate

from ..errors import GeometryError
from .config import Config, Layer, close
from .layouts import BIAS, SUFFIXED, WEIGHT
from .tensors import Tensor, listed, quoted

Tensors = Mapping[str, Tensor]

_IN_PARTS = {
    "parametrizations.weight.original0": "torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight')",
    "weight_g": "torch.nn.utils.remove_weight_norm(layer)",
    "weight_orig": "torch.nn.utils.remove_spectral_norm(layer)",
}
"""What PyTorch stores instead of a weight under weight or spectral normalisation, and what makes one weight of it."""
_IN_PARTS["parametrizations.weight.original"] = _IN_PARTS["parametrizations.weight.original0"]


@dataclass(frozen=True)
class Found:
    """A layer with the names of its tensors: name + separator + word + suffix."""

    layer: Layer
    separator: str
    suffix: str
    weight: str
    bias: str | None

    def renamed(self, name: str, target: str) -> tuple[str, str | None]:
        """What its tensors are called in the target."""
        suffix = self.suffix if target in SUFFIXED else ""
        first = f"{name}{self.separator}"
        bias = None if self.bias is None else f"{first}{BIAS}{suffix}"
        return f"{first}{WEIGHT[target]}{suffix}", bias


def find_all(config: Config, tensors: Tensors, target: str) -> list[Found]:
    """Every layer with its tensors.

    Errors: GeometryError where a layer is not there, is there twice, or is the target's already.
    """
    found, missing, already = [], [], []
    for layer in config.layers:
        own = _find(layer, layer.name, config.framework, tensors)
        if own is not None:
            found.append(own)
        elif _is_of(layer, config, target, tensors):
            already.append(layer.name)
        else:
            missing.append(layer.name)
    if already:
        raise converted_already([each.layer.name for each in found], already, config.framework, target)
    if missing:
        raise _missing(missing, config.framework, tensors)
    return found


def converted_already(own: list[str], theirs: list[str], source: str, target: str) -> GeometryError:
    """The error for layers that are the target's already, all of them or, in a half-converted checkpoint, some."""
    if own:
        return GeometryError(
            "the checkpoint is half converted",
            f"{source} has stored {listed(own)}, {target} {listed(theirs)}",
            "convert the original, or take what is converted out of the layers and keep it",
        )
    return GeometryError(
        f"the checkpoint is of {target} already",
        f"{listed(theirs)} {'has' if len(theirs) == 1 else 'have'} its names or layout, not those of {source}",
        "use it as it is, or correct the framework in the config",
    )


def kept(config: Config, found: list[Found], tensors: Tensors) -> list[str]:
    """The tensors that no layer has and the config keeps, in the file's order.

    Errors: GeometryError for tensors that nothing claims.
    """
    owned = {name for each in found for name in (each.weight, each.bias)}
    rest = [name for name in tensors if name not in owned]
    # Whole names, of which there may be as many as tensors, are looked up; only patterns are tried one after the other.
    names = set(config.keep)
    patterns = [re.compile(translate(pattern)) for pattern in config.keep if any(sign in pattern for sign in "*?[")]
    unclaimed = [name for name in rest if name not in names and not any(each.match(name) for each in patterns)]
    if unclaimed:
        raise GeometryError(
            "tensors that no layer and no pattern of keep claims",
            listed(unclaimed),
            'add layers for them, or patterns to copy them as they are, such as "keep": ["norm.*"]',
        )
    return rest


def refuse_collisions(names: list[tuple[str, str]]) -> None:
    """An error where two tensors, as (name, new name), would get the same new name."""
    seen: dict[str, str] = {}
    twice = []
    for name, new in names:
        if new in seen:
            twice.append(f"{quoted(seen[new])} and {quoted(name)} would both be {quoted(new)}")
        seen[new] = name
    if twice:
        more = f"; and {len(twice) - 3:,} more" if len(twice) > 3 else ""
        raise GeometryError("two tensors would get one name", "; ".join(twice[:3]) + more, "rename one of their layers")


def _find(layer: Layer, name: str, framework: str, tensors: Tensors) -> Found | None:
    word = WEIGHT[framework]
    suffixes = ("", ":0") if framework in SUFFIXED else ("",)
    choices = [
        (separator, suffix)
        for separator in ((".", "/") if name else ("",))
        for suffix in suffixes
        if f"{name}{separator}{word}{suffix}" in tensors
    ]
    if not choices:
        return None
    if len(choices) > 1:
        weights = [f"{name}{separator}{word}{suffix}" for separator, suffix in choices]
        raise GeometryError("a layer has two weights", f"{quoted(name)}: {listed(weights)}", "leave one of them")
    ((separator, suffix),) = choices
    bias = f"{name}{separator}{BIAS}{suffix}"
    # In frameworks without suffixes one that is said is only carried along, for the way back.
    carried = suffix if framework in SUFFIXED else layer.suffix or ""
    return Found(layer, separator, carried, f"{name}{separator}{word}{suffix}", bias if bias in tensors else None)


def _is_of(layer: Layer, config: Config, target: str, tensors: Tensors) -> bool:
    """Whether the checkpoint has this layer under the target's names, old or new."""
    if WEIGHT[target] == WEIGHT[config.framework]:
        return False  # the names do not tell
    for name in {layer.name, config.rename.get(layer.name, layer.name)}:
        there = _find(layer, name, target, tensors)
        if there is not None:
            axes = {"linear": (2,), "conv_transpose": (len(layer.input_size) + 2,)}.get(layer.kind)
            return axes is None or len(tensors[there.weight].shape) in axes
    return False


def _missing(names: list[str], framework: str, tensors: Tensors) -> GeometryError:
    """What is there instead: other tensors below the name, or names that look like it."""
    known = {name.rsplit(separator, 1)[0] for name in tensors for separator in "./" if separator in name}
    parts, ways = [], []
    for name in names[:4]:
        below = [each for each in tensors if name and each.startswith((f"{name}.", f"{name}/"))]
        parts.append(f"{quoted(name)} (which has only {listed(below, 3)})" if below else close([name], known))
    # Only PyTorch stores a weight in parts; what it is called instead tells how.
    for name in names if framework == "torch" else ():
        first = f"{name}." if name else ""
        ways += [way for part, way in _IN_PARTS.items() if f"{first}{part}" in tensors]
    more = f" and {len(names) - 4:,} more" if len(names) > 4 else ""
    fix = "correct their names or the framework, or take them out of the config"
    if ways:
        fix = f"before saving, make one weight of the parts that PyTorch keeps: {' or '.join(dict.fromkeys(ways))}"
    return GeometryError(
        f"layers without a tensor called {WEIGHT[framework]} in the checkpoint", ", ".join(parts) + more, fix
    )
