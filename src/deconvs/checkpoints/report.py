"""What was done to a checkpoint: every tensor, every layer, and the config with which it can be converted back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..geometry import Pair
from ..tables import table_text
from ..words import sides_text, size_text


@dataclass(frozen=True)
class MovedTensor:
    """One tensor: ``order`` of its axes (as `numpy.transpose` takes it) and whether its kernel was turned around."""

    name: str
    new_name: str
    shape: tuple[int, ...]
    new_shape: tuple[int, ...]
    type: str
    layer: str | None = None
    order: tuple[int, ...] | None = None
    flipped: bool = False

    @property
    def done(self) -> str:
        """What was done, in words.

        >>> MovedTensor("a", "a", (2, 3), (3, 2), "F32", order=(1, 0)).done
        'transposed (1, 0)'
        """
        order = self.order if self.order is not None and self.order != tuple(range(len(self.order))) else None
        words = [*([] if order is None else [f"transposed {order}"]), *(["kernel turned"] if self.flipped else [])]
        return ", ".join(words) or ("kept" if self.layer is None else "copied")


@dataclass(frozen=True)
class ConvertedLayer:
    """One transposed convolution in the target's words.

    ``crop``: ((begin, end), ...) still to be cut from its output, or None. ``call``: the layer as one expression;
    ``code``: the program that runs it, crop included.
    """

    name: str
    new_name: str
    params: Mapping[str, Any]
    crop: tuple[Pair, ...] | None
    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    call: str = field(repr=False)
    code: str = field(repr=False)

    def __str__(self) -> str:
        sizes = f"{size_text(self.input_size)} -> {size_text(self.output_size)}"
        cut = "" if self.crop is None else f", then cut {sides_text(self.crop)}"
        return f"{self.new_name} ({sizes}): {self.call}{cut}"


@dataclass(frozen=True)
class CheckpointReport:
    """What `convert_checkpoint` did.

    >>> moved = MovedTensor("up.weight", "up.kernel", (2, 3, 4), (4, 3, 2), "F32", "up", (2, 1, 0))
    >>> print(CheckpointReport("a.npz", "b.npz", "torch", "keras", (moved,), (), {}))
    a.npz (torch) -> b.npz (keras): 1 tensor, 1 of them moved
     tensor      type   shape       becomes     shape       what was done
     ───────────────────────────────────────────────────────────────────────────
     up.weight   F32    (2, 3, 4)   up.kernel   (4, 3, 2)   transposed (2, 1, 0)

    ``config``: plain data, the config of the converted checkpoint; with it, it can be converted back, or on.
    """

    source_file: str
    target_file: str
    source: str
    target: str
    tensors: tuple[MovedTensor, ...]
    layers: tuple[ConvertedLayer, ...]
    config: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "source_file": self.source_file,
            "target_file": self.target_file,
            "source": self.source,
            "target": self.target,
            "tensors": [
                {
                    "name": each.name,
                    "new_name": each.new_name,
                    "shape": list(each.shape),
                    "new_shape": list(each.new_shape),
                    "type": each.type,
                    "layer": each.layer,
                    "order": None if each.order is None else list(each.order),
                    "flipped": each.flipped,
                    "done": each.done,
                }
                for each in self.tensors
            ],
            "layers": [
                {
                    "name": each.name,
                    "new_name": each.new_name,
                    "params": plain(each.params),
                    "crop": plain(each.crop),
                    "input_size": list(each.input_size),
                    "output_size": list(each.output_size),
                    "call": each.call,
                    "code": each.code,
                }
                for each in self.layers
            ],
            "notes": list(self.notes),
            "config": plain(self.config),
        }

    def __str__(self) -> str:
        moved = sum(each.done not in ("kept", "copied") for each in self.tensors)
        count = f"{len(self.tensors):,} {'tensor' if len(self.tensors) == 1 else 'tensors'}"
        rows = [
            (each.name, each.type, str(each.shape), each.new_name, str(each.new_shape), each.done)
            for each in self.tensors
        ]
        files = f"{self.source_file} ({self.source}) -> {self.target_file} ({self.target})"
        head = f"{files}: {count}, {moved:,} of them moved"
        parts = [table_text(head, ("tensor", "type", "shape", "becomes", "shape", "what was done"), rows)]
        if self.layers:
            parts.append("\n".join(map(str, self.layers)))
        return "\n\n".join((*parts, *self.notes))


def plain(value: Any) -> Any:
    """Tuples as lists, all the way down: what JSON would make of it.

    >>> plain({"crop": ((0, 1),)})
    {'crop': [[0, 1]]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value
