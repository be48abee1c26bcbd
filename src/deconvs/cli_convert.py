"""`deconvs convert`: one layer's parameters, or a whole checkpoint, from one framework to another."""

from __future__ import annotations

import ast
import json
import re
import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import cli_values
from .errors import GeometryError

if TYPE_CHECKING:
    from .checkpoints.tensors import Tensor

_INTEGERS = re.compile(r"\s*[+-]?[0-9]+\s*([xX×,]\s*[+-]?[0-9]+\s*)*")
_LITERAL = re.compile(r"\s*[-+0-9.(\[{'\"]")
_CONSTANTS = {"true": True, "false": False, "none": None, "null": None}


def convert(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SIZE KEY=VALUE",
            show_default=False,
            help="An input size such as 7x7, and the layer's parameters in the words of --from: kernel_size=3"
            " strides=2x1 padding=same. Left out with --checkpoint.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="torch, keras, tensorflow, onnx, jax, flax or tflite.")
    ] = None,
    target: Annotated[str | None, typer.Option("--to", help="The same.")] = None,
    weight: Annotated[
        Path | None, typer.Option(help="A .npy file in the layout of --from, to be converted along.", readable=False)
    ] = None,
    bias: Annotated[
        Path | None, typer.Option(help="A .npy file: checked; a bias is the same everywhere.", readable=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the weight or the checkpoint goes.", readable=False)] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A .safetensors or .npz file to convert, whole.", readable=False)
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="JSON: the checkpoint's framework, layers, and what to keep.", readable=False)
    ] = None,
    write_config: Annotated[
        Path | None, typer.Option(help="Where the config of the converted checkpoint goes.", readable=False)
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False,
) -> None:
    """A layer, or a whole checkpoint, in the words and layout of another framework. Exit code 1 where it has none.

    Examples: deconvs convert 7x7 --from keras --to torch kernel_size=3 strides=2 padding=same;
    deconvs convert 8x8 --from torch --to jax stride=2 padding=1 --weight in.npy --out out.npy;
    deconvs convert --checkpoint unet.safetensors --config layers.json --to keras --out unet.npz

    A config: {"framework": "torch", "keep": ["norm.*"], "layers": {"up1": {"kernel_size": 4, "stride": 2,
    "padding": 1, "input_size": [8, 8]}, "enc.0": {"kind": "conv"}, "head": {"kind": "linear"}}}
    """
    if checkpoint is not None:
        _refuse("--checkpoint takes its layers from --config", words, source, weight, bias)
        needed = {"--config": config, "--to": target, "--out": out}
        lacking = [name for name, value in needed.items() if value is None]
        if lacking or config is None or target is None or out is None:
            raise GeometryError("--checkpoint needs more", f"{', '.join(lacking)} missing", f"add {lacking[0]}")
        _convert_checkpoint(checkpoint, config, target, out, write_config, overwrite, as_json)
        return
    if config is not None or write_config is not None:
        raise GeometryError(
            "--config and --write-config are for checkpoints", "there is no --checkpoint", "add --checkpoint FILE"
        )
    if not words or "=" in words[0]:
        raise GeometryError(
            "what to convert is missing",
            f"got {' '.join(words) if words else 'no input size'}",
            "begin with an input size such as 7x7, or give --checkpoint FILE",
        )
    if source is None or target is None:
        raise GeometryError(
            "--from and --to are missing", "both are needed", "add, for example, --from keras --to torch"
        )
    if weight is None and (out is not None or bias is not None):
        raise GeometryError("--out and --bias go with --weight", "there is no --weight", "add --weight FILE.npy")
    sizes = cli_values.sizes("input_size", words[0])
    raise typer.Exit(
        _convert_layer(sizes, parameters(words[1:]), source, target, weight, bias, out, overwrite, as_json)
    )


def parameters(words: list[str]) -> dict[str, Any]:
    """KEY=VALUE words as parameters.

    >>> parameters(["kernel_size=3", "strides=2x1", "padding=same", "pads=[0, 1]", "use_bias=true"])
    {'kernel_size': 3, 'strides': (2, 1), 'padding': 'same', 'pads': [0, 1], 'use_bias': True}
    """
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise GeometryError("not a parameter", cli_values.shortened(repr(word)), "write KEY=VALUE, as in strides=2")
        if name in found:
            raise GeometryError("a parameter is given twice", cli_values.shortened(name), "give it once")
        found[name] = _value(name, text)
    return found


def _value(name: str, text: str) -> Any:
    if _INTEGERS.fullmatch(text):
        numbers = cli_values.sizes(name, text)
        return numbers if len(numbers) > 1 else numbers[0]
    plain = text.strip()
    if plain.lower() in _CONSTANTS:
        return _CONSTANTS[plain.lower()]
    if not _LITERAL.match(text):
        return plain
    for read in (ast.literal_eval, json.loads):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the parser, about what is no literal anyway
                return read(plain)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    raise GeometryError(
        f"{cli_values.shortened(name)} cannot be read",
        cli_values.shortened(repr(text)),
        "write it like 2, 2x1, ((0, 1), (0, 1)) or same",
    )


def _convert_layer(
    sizes: tuple[int, ...],
    params: dict[str, Any],
    source: str,
    target: str,
    weight: Path | None,
    bias: Path | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
) -> int:
    from . import conversion_text as texts
    from .conversion import Conversion, read_cut
    from .conversion import convert as converted
    from .programs import Line, line

    given = None if weight is None else _read(weight)
    offsets = None if bias is None else _read(bias)
    try:
        made = converted(
            params,
            None if given is None else given[1],
            source=source,
            target=target,
            input_size=sizes,
            bias=None if offsets is None else offsets[1],
        )
    except GeometryError as error:
        # Values are shown as they were written, which may be long.
        raise GeometryError(error.what, cli_values.shortened(error.values, 200), error.fix) from None
    if not isinstance(made, Conversion):
        shape = None if given is None else given[1].shape
        found = line(target, read_cut(source, params, shape, sizes), sizes)
        near = found if isinstance(found, Line) else None
        if as_json:
            _print_json(texts.refusal_data(made, source, target, near))
        else:
            print(texts.refusal_text(made, source, target, near))
        return 1
    wrote = ""
    if out is not None and given is not None and made.weight is not None:
        _write(given[0].moved(made.weight), out, overwrite, [path for path in (weight, bias) if path is not None])
        wrote = f"\n\nwrote {out}: {given[0].array.dtype} {made.weight.shape}"
    if as_json:
        _print_json(texts.conversion_data(made, params) | ({"out": str(out)} if wrote else {}))
    else:
        print(f"{texts.conversion_text(made, params)}{wrote}")
    return 0


def _convert_checkpoint(
    checkpoint: Path, config: Path, target: str, out: Path, write_config: Path | None, overwrite: bool, as_json: bool
) -> None:
    from .checkpoints.convert import convert_checkpoint

    report = convert_checkpoint(checkpoint, config, out, target=target, overwrite=overwrite, write_config=write_config)
    _print_json(report.as_dict()) if as_json else print(report)


def _read(path: Path) -> tuple[Tensor, Any]:
    """The array of a .npy file, and its bits: only its elements' places change, so that any type of number will do."""
    from .checkpoints.files import read_npy
    from .checkpoints.tensors import from_array

    tensor = from_array(read_npy(path))
    bits = tensor.bits()
    if bits is None:
        raise GeometryError(
            "elements of this type are not moved", f"'{path}' is {tensor.type}", "convert numbers of 1 to 8 bytes"
        )
    return tensor, bits


def _write(tensor: Tensor, out: Path, overwrite: bool, inputs: list[Path]) -> None:
    from .checkpoints.files import writable
    from .checkpoints.npy import write_array
    from .files import write_whole

    path = writable("--out", out, (".npy",), overwrite, tuple(inputs))
    file = BytesIO()
    write_array(tensor.array, file)
    write_whole(file.getvalue(), path)


def _refuse(why: str, words: list[str] | None, source: str | None, weight: Path | None, bias: Path | None) -> None:
    given = {"parameters": words, "--from": source, "--weight": weight, "--bias": bias}
    there = [name for name, value in given.items() if value]
    if there:
        raise GeometryError(why, f"{', '.join(there)} given", "leave them out")


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2))
