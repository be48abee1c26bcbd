"""What a finding is: its code, how bad it is, the reason, the fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .geometry import ConvTranspose, Pair

ERROR, WARNING, NOTE = "error", "warning", "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its code, how bad it is (error, warning, note), the reason and the fix in a sentence each.

    ``layer`` is the fix as a geometry where there is one. Where what is below says nothing else, it gives the same
    output size on an input of the same size. An ``unsupported`` layer's is its exact stand-in, in this order:

    * ``lifted``: so many axes of size 1 are put before the spatial axes of input and weight; all below counts them;
    * ``groups``: so many such layers are run, one for each part of the channels, of the weight and of the bias;
    * ``dilation``: by how much the weight is dilated first, filled up with zeros, one per axis;
    * ``taps``: zero taps that are put around the weight then, (before, after) per axis;
    * ``pads``: what the input is padded by, (before, after) per axis: with zeros (border-attenuation: with its edge);
    * ``inserted``: so many zeros go between neighbours of the padded input, one number per axis;
    * ``crop``: what is cut from the layer's output, (begin, end) per axis; negative: so many positions are added that
      hold only the bias. Then the lifted axes are taken away, and the parts are concatenated.

    What is None, 0 lifted axes, 1 group: nothing to do. Where an unsupported layer has no stand-in, ``layer`` is None
    and ``form`` names the view (`deconvs.VIEWS`) to run instead. ``where`` names the layer within a model; it is empty
    for a lone geometry.

    >>> print(Finding("holes", "error", "some outputs get no product", "use a larger kernel"))
    error holes: some outputs get no product; use a larger kernel
    >>> print(Finding("holes", "error", "some outputs get no product", "use a larger kernel", where="up.0"))
    error holes in up.0: some outputs get no product; use a larger kernel
    """

    code: str
    severity: str
    message: str
    fix: str
    layer: ConvTranspose | None = None
    pads: tuple[Pair, ...] | None = None
    crop: tuple[Pair, ...] | None = None
    where: str = ""
    inserted: tuple[int, ...] | None = None
    groups: int = 1
    lifted: int = 0
    dilation: tuple[int, ...] | None = None
    taps: tuple[Pair, ...] | None = None
    form: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for JSON: all fields, and the layer's ``parameters``, as ConvTranspose takes them.

        >>> finding = Finding("holes", "error", "some outputs get no product", "", ConvTranspose((4,), 2, 1, 1))
        >>> finding.as_dict()["parameters"]
        {'kernel_size': [4], 'stride': [2], 'padding': [[1, 0]], 'dilation': [1], 'groups': 1}
        """
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "fix": self.fix,
            "layer": None if self.layer is None else repr(self.layer),
            "parameters": None if self.layer is None else _parameters(self.layer),
            "lifted": self.lifted,
            "groups": self.groups,
            "dilation": None if self.dilation is None else list(self.dilation),
            "taps": None if self.taps is None else [list(pair) for pair in self.taps],
            "pads": None if self.pads is None else [list(pad) for pad in self.pads],
            "inserted": None if self.inserted is None else list(self.inserted),
            "crop": None if self.crop is None else [list(side) for side in self.crop],
            "form": self.form,
        }

    def __str__(self) -> str:
        return f"{self.severity} {self.code}{f' in {self.where}' if self.where else ''}: {self.message}; {self.fix}"


def _parameters(layer: ConvTranspose) -> dict[str, Any]:
    return {
        "kernel_size": list(layer.kernel_size),
        "stride": list(layer.stride),
        "padding": [list(pair) for pair in layer.crop],
        "dilation": list(layer.dilation),
        "groups": layer.groups,
    }
