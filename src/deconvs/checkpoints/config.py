"""What a user says about a checkpoint: which tensors are layers, of which kind, with which parameters."""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..arguments import integer, sequence
from ..conventions import FRAMEWORKS
from ..errors import GeometryError
from ..geometry import Pair
from .files import as_path
from .tensors import listed, quoted, shortened

KINDS = ("conv_transpose", "conv", "linear")
LAZY = ("jax", "flax")
"""The frameworks that have `transpose_kernel`; the others' layers only carry it along."""
_KEYS = ("framework", "layers", "keep", "rename", "metadata")
_OF_NO_GEOMETRY = {"conv": ("kernel_size",), "linear": ()}


@dataclass(frozen=True)
class Layer:
    """One layer of a checkpoint.

    ``params``: a conv_transpose's, in the framework's words. ``crop``: what is cut from its output, or None.
    ``suffix``: what follows the names of its tensors, as TensorFlow's ":0", or None where it is not said.
    ``transpose_kernel``: whether JAX and Flax are to store it so. ``kernel_size``: a conv's, where it is said.
    """

    name: str
    kind: str = "conv_transpose"
    params: Mapping[str, Any] = field(default_factory=dict)
    input_size: tuple[int, ...] = ()
    crop: tuple[Pair, ...] | None = None
    suffix: str | None = None
    transpose_kernel: bool = False
    kernel_size: int | tuple[int, ...] | None = None


@dataclass(frozen=True)
class Config:
    """A checkpoint's framework and layers, patterns of tensors that are kept, new names of layers, metadata."""

    framework: str
    layers: tuple[Layer, ...]
    keep: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] | None = None


def read_config(config: object) -> Config:
    """A dict, or the path of a JSON file, as a Config.

    Errors: GeometryError for what is not JSON, unknown keys, wrong types, missing input sizes.
    """
    data = config if isinstance(config, Mapping) else _load(config)
    _known(data, _KEYS, "the config")
    framework, layers = data.get("framework"), data.get("layers", {})
    if not isinstance(framework, str) or framework not in FRAMEWORKS:
        raise GeometryError(
            "the config needs a framework", f"framework={_short(framework)}", f"use one of {', '.join(FRAMEWORKS)}"
        )
    if not isinstance(layers, Mapping) or not all(isinstance(each, Mapping) for each in layers.values()):
        raise GeometryError(
            "layers are not keywords by name", f"layers={_short(layers)}", 'write {"up1": {"kernel_size": 4, ...}}'
        )
    _texts("layers", layers)
    keep = data.get("keep", [])
    if isinstance(keep, str) or not isinstance(keep, Iterable) or not all(isinstance(each, str) for each in keep):
        raise GeometryError("keep is not a list of patterns", f"keep={_short(keep)}", 'write ["norm.*"]')
    rename, metadata = data.get("rename", {}), data.get("metadata")
    for what, names in (("rename", rename), ("metadata", {} if metadata is None else metadata)):
        if not isinstance(names, Mapping) or not all(isinstance(each, str) for each in names.values()):
            raise GeometryError(f"{what} is not texts by name", f"{what}={_short(names)}", 'write {"name": "text"}')
        _texts(what, [*names, *names.values()])
    strangers = [name for name in rename if name not in layers]
    if strangers:
        raise GeometryError("rename names no layers", close(strangers, layers), "use names of the config's layers")
    if "" in rename or "" in rename.values():
        raise GeometryError("a layer without a name keeps it", f"rename={_short(rename)}", "rename other layers")
    new_names = Counter(rename.get(name, name) for name in layers)
    twice = [name for name, count in new_names.items() if count > 1]
    if twice:
        raise GeometryError("two layers would get one name", listed(twice), "rename one of them")
    unsized = [
        name for name, words in layers.items() if _kind(name, words) == KINDS[0] and words.get("input_size") is None
    ]
    if unsized:
        raise GeometryError(
            "layers need their input_size, because padding may depend on it",
            f"{listed(unsized)} {'has' if len(unsized) == 1 else 'have'} none",
            'add one size per axis, such as "input_size": [8, 8]',
        )
    return Config(
        framework,
        _layers(layers, framework),
        tuple(keep),
        dict(rename),
        metadata,
    )


def close(names: Iterable[str], known: Iterable[str], most: int = 4) -> str:
    """Names that are not known, each with those that look like it.

    >>> close(["hed"], ["head", "up1"])
    "'hed' (like 'head')"
    """
    wanted, candidates = list(names), list(known)
    parts = []
    for name in wanted[:most]:
        # Long names take their time to compare, and many candidates do.
        like = difflib.get_close_matches(name[:200], [each[:200] for each in candidates[:5000]], 2)
        parts.append(f"{quoted(name)} (like {listed(like)})" if like else quoted(name))
    more = f" and {len(wanted) - most:,} more" if len(wanted) > most else ""
    return ", ".join(parts) + more


def together(what: str, problems: Mapping[str, GeometryError], fix: str) -> GeometryError:
    """One error for all layers: a single one's own, or the first few of many."""
    if len(problems) == 1:
        ((name, error),) = problems.items()
        return GeometryError(f"layer {quoted(name)}: {error.what}", shortened(error.values), error.fix)
    shown = [f"{quoted(name)}: {error.what}: {shortened(error.values)}" for name, error in list(problems.items())[:3]]
    more = f"; and {len(problems) - 3:,} more" if len(problems) > 3 else ""
    return GeometryError(f"{len(problems):,} layers {what}", "; ".join(shown) + more, fix)


def _load(config: object) -> Mapping[str, Any]:
    """The object that a JSON file holds."""
    if not isinstance(config, str | os.PathLike):
        raise GeometryError("config is neither a dict nor a path", f"got {type(config).__name__}", "give one of them")
    path = as_path("config", config)
    try:
        data = json.loads(path.read_text("utf-8-sig"), object_pairs_hook=_once)
    except OSError as error:
        raise GeometryError(
            "the config cannot be read", f"{quoted(path)}: {error.strerror}", "give a JSON file"
        ) from None
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, no UTF-8, a name twice
        why = "nested too deeply" if isinstance(error, RecursionError) else shortened(str(error), 120)
        raise GeometryError("the config is not JSON", f"{quoted(path)}: {why}", "correct it there") from None
    if not isinstance(data, dict):
        raise GeometryError("the config is not a JSON object", f"{quoted(path)}: {_short(data)}", "write {...}")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{quoted(name)} appears twice")
        found[name] = value
    return found


def _layers(layers: Mapping[str, Mapping[str, Any]], framework: str) -> tuple[Layer, ...]:
    """All of them; what is wrong is told of all of them at once."""
    found, wrong = [], {}
    for name, words in layers.items():
        try:
            found.append(_layer(name, dict(words), framework))
        except GeometryError as error:
            wrong[name] = error
    if wrong:
        raise together("of the config cannot be read", wrong, "correct them there")
    return tuple(found)


def _layer(name: str, words: dict[str, Any], framework: str) -> Layer:
    kind, suffix, crop = words.pop("kind", KINDS[0]), words.pop("suffix", None), words.pop("crop", None)
    if suffix is not None and suffix not in ("", ":0"):
        raise GeometryError("its suffix is not known", f"suffix={_short(suffix)}", 'use "" or ":0"')
    if kind != KINDS[0]:
        _known(words, _OF_NO_GEOMETRY[kind], f"its kind, {kind},")
        sizes = words.get("kernel_size")
        return Layer(name, kind, suffix=suffix, kernel_size=None if sizes is None else _sizes(sizes))
    input_size = sequence(words.pop("input_size"))
    if input_size is None:
        raise GeometryError("its input_size is not one size per axis", "got no list", "write a list such as [8, 8]")
    sizes = tuple(integer(f"input_size[{axis}]", size, minimum=1) for axis, size in enumerate(input_size))
    turned = words.get("transpose_kernel", False) if framework in LAZY else words.pop("transpose_kernel", False)
    if not isinstance(turned, bool):
        raise GeometryError(
            "its transpose_kernel is not true or false", f"transpose_kernel={_short(turned)}", "use true or false"
        )
    return Layer(name, kind, words, sizes, crop, suffix, turned)


def _sizes(value: object) -> int | tuple[int, ...]:
    """One size for all axes, or one each."""
    found = sequence(value)
    if found is None:
        return integer("kernel_size", value, minimum=1)
    return tuple(integer(f"kernel_size[{axis}]", size, minimum=1) for axis, size in enumerate(found))


def _kind(name: str, words: Mapping[str, Any]) -> str:
    kind = words.get("kind", KINDS[0])
    if not isinstance(kind, str) or kind not in KINDS:
        raise GeometryError(
            f"layer {quoted(name)}: its kind is not known", f"kind={_short(kind)}", f"use one of {', '.join(KINDS)}"
        )
    return kind


def _known(data: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    strangers = [str(key) for key in data if key not in known]
    if strangers:
        said = f"known are: {', '.join(known)}" if known else "it takes none"
        raise GeometryError(f"{where} has unknown keys", close(strangers, known), said)


def _texts(what: str, names: Iterable[object]) -> None:
    """An error for names that are no text: numbers, or half of a character, as JSON can spell it."""
    for name in names:
        try:
            if isinstance(name, str) and name.encode() is not None:
                continue
        except UnicodeEncodeError:
            pass
        raise GeometryError(f"{what} has a name that is no text", _short(name), "use texts")


def _short(value: object) -> str:
    return shortened(repr(value), 60)
