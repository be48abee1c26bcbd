"""check: what may go wrong with a layer, or with every transposed convolution of a PyTorch model or a checkpoint."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from .arguments import per_axis, sequence
from .checkpoints.uses import uses_of
from .conventions import layout, read
from .costs import Costs
from .errors import GeometryError
from .finding import NOTE, Finding
from .geometry import ConvTranspose, Pair
from .lint import findings
from .live import read_layer
from .live.models import Use, is_model, transposed_layers, uses
from .views import VIEWS
from .words import size_text

Targets = Iterable[str] | str | None


def check(thing: Any, input_size: Any, *, channels: Pair | None = None, targets: Targets = None) -> list[Finding]:
    """What may go wrong with a layer at an input size, the worst first; nothing for a layer in order.

    >>> from deconvs import ConvTranspose, check
    >>> for finding in check(ConvTranspose((3,), stride=2), 4)[:1]: print(finding.severity, finding.code, finding.layer)
    warning uneven-coverage ConvTranspose(kernel_size=(4,), stride=(2,), padding=((0, 1),))
    >>> check(ConvTranspose((2,), stride=2), 4)[0].code
    'zero-insertion'
    >>> check(ConvTranspose((2,), stride=2, groups=2), 4, targets=["keras"])[0].message
    'keras cannot say it: keras has no groups in transposed convolutions'
    >>> import torch                                                  # a model, with the shape of its input
    >>> model = torch.nn.Sequential(torch.nn.Conv1d(1, 4, 3), torch.nn.ConvTranspose1d(4, 2, 3, stride=2))
    >>> print(check(model, (1, 1, 8))[0])                             # doctest: +ELLIPSIS
    warning uneven-coverage in 1: outputs sum 1 or 2 products in turn, which shows as a checkerboard; use ...

    thing: a ConvTranspose; a live layer of PyTorch, Keras or Flax; a PyTorch model, which is run once as in
    evaluation, with ``input_size`` the shape of its input (or tensors); or the path of a checkpoint, .npz or
    .safetensors, with its config (that of `convert_checkpoint`) for ``input_size``. Findings of models and checkpoints
    say ``where``.

    channels: (C_in, C_out) of a ConvTranspose, by default one per group. targets: frameworks and deployment targets by
    name, each of which that cannot take the layer is an error with the reason and the nearest that is exact; by
    default a note names those that cannot take it. Errors: GeometryError.
    Source: Odena, Dumoulin and Olah 2016 (checkerboard).
    """
    layers = checked(thing, input_size, channels, targets)
    return [finding for layer in layers for finding in layer.findings] + _not_run(thing, layers)


@dataclass(frozen=True, slots=True)
class Checked:
    """One layer at one size with what was found; ``name`` is empty for a lone geometry.

    ``module`` is the name of the module that runs it, where one module runs at several sizes.

    >>> print(checked(ConvTranspose((2,), stride=2), 4)[0].text())
    4 -> 8, channels 1 -> 1: 8 useful products, 16 with zeros inserted, 16 FLOPs by PyTorch's counter
    <BLANKLINE>
    note zero-insertion
      run with inserted zeros, 50% of its products would be wasted
      run its polyphase, subpixel or gemm form
    """

    geometry: ConvTranspose
    input_size: tuple[int, ...]
    channels: Pair
    findings: tuple[Finding, ...]
    name: str = ""
    module: str = ""

    def macs(self) -> dict[str, int | None]:
        """Useful products, and those of every view; None where a view cannot be counted."""
        return {"useful": self._costs("direct").useful_macs, **{view: self._macs(view) for view in VIEWS}}

    def _costs(self, view: str) -> Costs:
        return self.geometry.plan(view).at(self.input_size, channels=self.channels)

    def _macs(self, view: str) -> int | None:
        try:
            return self._costs(view).macs
        except GeometryError:  # too many phases to list, or products beyond 64 bits
            return None

    def text(self) -> str:
        """Sizes and costs in a line, then the findings."""
        told = "\n\n".join(f"{f.severity} {f.code}\n  {f.message}\n  {f.fix}" for f in self.findings)
        return f"{self._head()}\n\n{told or 'nothing to report'}"

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "name": self.name,
            "geometry": repr(self.geometry),
            "input_size": list(self.input_size),
            "output_size": list(self.geometry.output_size(self.input_size)),
            "channels": list(self.channels),
            "macs": self.macs(),
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def _head(self) -> str:
        sizes = f"{size_text(self.input_size)} -> {size_text(self.geometry.output_size(self.input_size))}"
        direct, definition = self._costs("direct"), self._macs("scatter")
        # PyTorch counts an addition for each product, and the products that are cropped away: those of the definition.
        counted = "too many" if definition is None else f"{2 * definition:,}"
        flops = f", {counted} FLOPs by PyTorch's counter" if self.geometry.ndim <= 3 else ""
        return (
            f"{f'{self.name}: ' if self.name else ''}{sizes}, channels {self.channels[0]} -> {self.channels[1]}: "
            f"{direct.useful_macs:,} useful products, {direct.macs:,} with zeros inserted{flops}"
        )


def checked(thing: Any, input_size: Any, channels: Pair | None = None, targets: Targets = None) -> list[Checked]:
    """Every layer that `check` finds, with its findings."""
    if isinstance(thing, ConvTranspose):
        # The costs refuse channels that do not fit.
        pair = thing.plan("direct").at(thing.sizes(input_size), channels=channels).channels
        return [checked_layer("", thing, thing.sizes(input_size), pair, targets)]
    if channels is not None:
        raise GeometryError("live layers know their channels", f"channels={channels!r}", "leave channels out")
    found = _uses(thing, input_size)
    alike = Counter(use.name for use in found)
    return [
        checked_layer(
            use.name if alike[use.name] == 1 else f"{use.name} at {size_text(use.input_size)}",
            use.geometry,
            use.input_size,
            use.channels,
            targets,
            use.name,
        )
        for use in found
    ]


def checked_layer(
    name: str,
    geometry: ConvTranspose,
    sizes: tuple[int, ...],
    channels: Pair,
    targets: Targets,
    module: str = "",
) -> Checked:
    """One layer of known channels."""
    found = findings(geometry, sizes, channels, targets)
    told = tuple(replace(finding, where=name) for finding in found)
    return Checked(geometry, sizes, channels, told, name, module)


def _not_run(thing: Any, layers: list[Checked]) -> list[Finding]:
    """A note for every layer of a model that these inputs do not reach: silence would look like praise."""
    if not is_model(thing):
        return []
    seen = {layer.module for layer in layers}
    reason = "the layer does not run on these inputs, so that nothing is said about it"
    names = (name for name in transposed_layers(thing) if name not in seen)
    return [Finding("not-run", NOTE, reason, "give inputs that reach it", where=name) for name in names]


def _uses(thing: Any, input_size: Any) -> list[Use]:
    """The transposed convolutions of a live layer, a model or a checkpoint."""
    if isinstance(thing, str | os.PathLike):
        return uses_of(thing, input_size)
    if is_model(thing):
        # A layer also takes its spatial sizes alone.
        ndim = len(sequence(getattr(thing, "kernel_size", None)) or ()) if "" in transposed_layers(thing) else 0
        given = sequence(input_size)
        if ndim and (isinstance(input_size, int) or (given is not None and len(given) == ndim)):
            sizes = per_axis("input_size", input_size, ndim, minimum=1)
            return uses(thing, (1, thing.in_channels, *sizes))
        return uses(thing, input_size)
    layer = read_layer(thing)
    if layer is None:
        raise GeometryError(
            "check takes a layer or a model",
            f"got {type(thing).__name__}",
            "pass a ConvTranspose, a layer of PyTorch, Keras or Flax, a PyTorch model, or a checkpoint's path",
        )
    ndim = layer.weight.ndim - 2
    sizes = per_axis("input_size", input_size, ndim, minimum=1)
    geometry = read(layer.framework, layer.params, sizes)
    stored = layout(layer.framework, ndim, geometry.groups, layer.params)
    return [Use("", geometry, sizes, geometry.channels(tuple(layer.weight.shape[a] for a in stored.permutation)))]
