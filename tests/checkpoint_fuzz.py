"""Random checkpoints converted there and back, whole and damaged: python -m tests.checkpoint_fuzz [CASES] [SEED]

Each case: random layers of random frameworks under random names, in random types. The converted file is read by NumPy
or by the safetensors package and compared with what `dc.convert` and transpositions written out here make of every
layer; the way back must give the same tensors. Then the file, its tensors or its config are damaged: the conversion
either is right again, or raises one GeometryError; what was at the output is then unchanged, and nothing lies beside.
"""

from __future__ import annotations

import json
import math
import random
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

import deconvs as dc
from deconvs.checkpoints import safetensors as checkpoints
from deconvs.checkpoints.tensors import Checkpoint
from deconvs.conventions import layout, read

from .frameworks.parameters import GENERATORS

Bits = dict[str, tuple[str, NDArray[Any]]]
"""Tensors by name: their type, and their elements as unsigned integers."""

TYPES = {"F32": 4, "F16": 2, "F64": 8, "I32": 4, "I8": 1, "U64": 8, "C64": 8, "BOOL": 1}
ONLY_SAFETENSORS = {"BF16": 2, "F8_E4M3": 1, "F8_E8M0": 1}
NUMPY = {"F32": "f4", "F16": "f2", "F64": "f8", "I32": "i4", "I8": "i1", "U64": "u8", "C64": "c8", "BOOL": "?"}
WORDS = {"torch": "weight", "onnx": "weight", "tflite": "weights"}
CONV = {"torch": "OIx", "onnx": "OIx", "tflite": "OxI"}
LINEAR = {"torch": "OI", "onnx": "OI", "tflite": "OI"}


def random_checkpoint(rng: random.Random, source: str, suffix: str) -> tuple[Bits, dict[str, Any]]:
    """Tensors and their config."""
    values = np.random.default_rng(rng.randrange(2**32))
    types = {**TYPES, **(ONLY_SAFETENSORS if suffix == ".safetensors" and rng.random() < 0.7 else {})}
    tensors: Bits = {}
    layers: dict[str, Any] = {}

    def add(name: str, shape: tuple[int, ...], kind: str) -> None:
        size = types[kind]
        bits = values.integers(
            0, 2 if kind == "BOOL" else 2 ** (8 * size) - 1, shape, f"u{size}", endpoint=kind != "BOOL"
        )
        tensors[name] = (kind, bits)

    for number in range(rng.randint(1, 5)):
        name = rng.choice(("up", "enc.block", "dec/0", "a b", "Ü")) + str(number)
        kind, separator = rng.choice(("conv_transpose",) * 3 + ("conv", "linear")), rng.choice("./")
        end = ":0" if source in ("keras", "tensorflow") and rng.random() < 0.3 else ""
        element = rng.choice(list(types))
        c_in, c_out, ndim = rng.randint(1, 4), rng.randint(1, 4), 2 if source == "tflite" else rng.randint(1, 3)
        if kind == "linear":
            shape = (c_out, c_in) if source in LINEAR else (c_in, c_out)
            layers[name] = {"kind": kind}
        elif kind == "conv":
            kernel = tuple(rng.randint(1, 4) for _ in range(ndim))
            sides = {"O": (c_out,), "I": (c_in,), "x": kernel}
            shape = sum((sides[axis] for axis in CONV.get(source, "xIO")), ())
            layers[name] = {"kind": kind, **({"kernel_size": list(kernel)} if rng.random() < 0.5 else {})}
        else:
            params, size = GENERATORS[source](rng, ndim)
            try:
                geometry = read(source, params, size)
            except dc.GeometryError:
                continue
            c_in, c_out = c_in * geometry.groups, c_out * geometry.groups
            stored = layout(source, ndim, geometry.groups, params)
            shape = stored.from_canonical(np.zeros((c_in, c_out // geometry.groups, *geometry.kernel_size))).shape
            if rng.random() < 0.3:
                params = {key: value for key, value in params.items() if key not in ("kernel_size", "kernel_shape")}
            layers[name] = json.loads(json.dumps({**params, "input_size": size}))
            output = geometry.output_size(size)
            if rng.random() < 0.2 and min(output) > 2:
                layers[name]["crop"] = [[rng.randint(0, 1), rng.randint(0, 1)] for _ in size]
        add(f"{name}{separator}{WORDS.get(source, 'kernel')}{end}", shape, element)
        if rng.random() < 0.6:
            add(f"{name}{separator}bias{end}", (c_out,), rng.choice(list(types)))
    for number in range(rng.randint(0, 3)):
        add(f"norm.{number}", tuple(rng.randint(0, 4) for _ in range(rng.randint(0, 3))), rng.choice(list(types)))
    config: dict[str, Any] = {"framework": source, "layers": layers, "keep": ["norm.*"]}
    if layers and rng.random() < 0.3:
        config["rename"] = {next(iter(layers)): "new/name"}
    order = list(tensors)
    rng.shuffle(order)
    return {name: tensors[name] for name in order}, config


def save(tensors: Bits, path: Path, metadata: dict[str, str]) -> None:
    """By NumPy itself, or by the documented form."""
    if path.suffix == ".npz":
        np.savez(path, **{name: bits.view(NUMPY[kind]) for name, (kind, bits) in tensors.items()})
        return
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (kind, bits) in tensors.items():
        raw = bits.tobytes()
        header[name] = {"dtype": kind, "shape": bits.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def load(path: Path) -> Bits:
    """By NumPy, or by the package that defines the form."""
    if path.suffix == ".npz":
        names = {np.dtype(own): name for name, own in NUMPY.items()}
        with np.load(path, allow_pickle=False) as file:
            return {name: (names[array.dtype], bits_of(array)) for name, array in file.items()}
    found = {}
    for name, entry in safetensors.deserialize(path.read_bytes()):
        size = {**TYPES, **ONLY_SAFETENSORS}[entry["dtype"]]
        found[name] = (entry["dtype"], np.frombuffer(entry["data"], f"<u{size}").reshape(entry["shape"]))
    return found


def bits_of(array: NDArray[Any]) -> NDArray[Any]:
    """The elements as unsigned integers."""
    return array.view(f"u{array.dtype.itemsize}")


def expected(tensors: Bits, config: dict[str, Any], target: str) -> Bits | None:
    """What the target's checkpoint holds; None where a layer has no spelling in it."""
    source, rename = config["framework"], config.get("rename", {})
    found = {name: (name, kind, bits) for name, (kind, bits) in tensors.items()}
    for name, words in config["layers"].items():
        word, ends = WORDS.get(source, "kernel"), (":0", "")
        ((separator, end),) = [(s, e) for s in "./" for e in ends if f"{name}{s}{word}{e}" in tensors]
        own, bias = f"{name}{separator}{word}{end}", f"{name}{separator}bias{end}"
        bits = converted(tensors[own][1], words, source, target)
        if bits is None:
            return None
        end = end if target in ("keras", "tensorflow") else ""
        new = f"{rename.get(name, name)}{separator}"
        found[own] = (f"{new}{WORDS.get(target, 'kernel')}{end}", tensors[own][0], bits)
        if bias in tensors:
            found[bias] = (f"{new}bias{end}", *tensors[bias])
    return {name: (kind, bits) for name, kind, bits in found.values()}


def converted(bits: NDArray[Any], words: dict[str, Any], source: str, target: str) -> NDArray[Any] | None:
    """One weight."""
    kind = words.get("kind")
    if kind == "linear":
        return bits if (source in LINEAR) == (target in LINEAR) else bits.T
    if kind == "conv":
        axes = "".join(f"{'0123456789'[: bits.ndim - 2]}" if a == "x" else a for a in CONV.get(source, "xIO"))
        wanted = "".join(f"{'0123456789'[: bits.ndim - 2]}" if a == "x" else a for a in CONV.get(target, "xIO"))
        refused = bits.ndim != 4 if target == "tflite" else bits.ndim > 5
        return None if refused else bits.transpose([axes.index(a) for a in wanted])
    params = {key: value for key, value in words.items() if key not in ("input_size", "crop")}
    made = dc.convert(
        params, bits, source=source, target=target, input_size=words["input_size"], crop=words.get("crop")
    )
    if not made:
        return None
    if target in ("jax", "flax") and params.get("transpose_kernel"):
        axes = tuple(range(bits.ndim - 2))
        return np.flip(made.weight, axes).swapaxes(-1, -2)
    return made.weight


def same(ours: Bits, theirs: Bits) -> bool:
    """Names, types, shapes and bytes."""
    return ours.keys() == theirs.keys() and all(
        ours[name][0] == theirs[name][0] and np.array_equal(ours[name][1], theirs[name][1]) for name in ours
    )


def run_case(rng: random.Random, folder: Path, counts: Counter[str]) -> None:
    """One checkpoint, there and back, then damaged."""
    source, target = rng.choice(list(GENERATORS)), rng.choice(list(GENERATORS))
    first, second = rng.choice((".npz", ".safetensors")), rng.choice((".npz", ".safetensors"))
    tensors, config = random_checkpoint(rng, source, first)
    if any(kind in ONLY_SAFETENSORS for kind, _ in tensors.values()):
        second = ".safetensors"
    start, there, back = folder / f"start{first}", folder / f"there{second}", folder / f"back{first}"
    metadata = {"format": "pt", "ü": '"\\'} if first == ".safetensors" and rng.random() < 0.5 else {}
    save(tensors, start, metadata)
    assert same(load(start), tensors)
    counts.update({"cases": 1, f"{first} to {second}": 1, "metadata": bool(metadata)})
    wanted = expected(tensors, config, target)
    if wanted is None:
        counts["refused"] += 1
        error = problem(start, config, there, target)
        assert error is not None, (config, target)
        assert f"{target} cannot say" in error, (error, config)
        assert not there.exists()
    else:
        report = dc.convert_checkpoint(start, config, there, target=target)
        assert same(load(there), wanted), (config, target)
        assert json.loads(json.dumps(report.config)) == report.config
        dc.convert_checkpoint(there, report.config, back, target=source)
        assert same(load(back), tensors), (config, target, report.config)
        if first == ".safetensors":
            with safetensors.safe_open(back, "numpy") as file:
                assert (file.metadata() or {}) == metadata
        counts["there and back"] += 1
        counts.update((layer.crop is not None and "with a crop") or "exact" for layer in report.layers)
        counts["transposed kernels"] += any(each.get("transpose_kernel") for each in config["layers"].values())
    damage(rng, tensors, config, target, start, folder / f"out{second}", counts)


def damage(
    rng: random.Random,
    tensors: Bits,
    config: dict[str, Any],
    target: str,
    start: Path,
    out: Path,
    counts: Counter[str],
) -> None:
    """Spoils the checkpoint in one way; what comes out is right, or an error and nothing."""
    kind = rng.choice(("deleted", "renamed", "transposed", "cut", "bytes", "inserted", "config"))
    data, names = start.read_bytes(), list(tensors)
    if kind in ("deleted", "renamed", "transposed") and names:
        name, spoiled = rng.choice(names), dict(tensors)
        element, bits = spoiled.pop(name)
        if kind == "renamed":
            spoiled[rng.choice((name.upper(), name.replace("weight", "kernel"), f"{name}x"))] = (element, bits)
        if kind == "transposed":
            spoiled[name] = (element, np.ascontiguousarray(bits.transpose(rng.sample(range(bits.ndim), bits.ndim))))
        save(spoiled, start, {})
    elif kind == "cut":
        start.write_bytes(data[: rng.randrange(len(data))])
    elif kind == "inserted":
        at = rng.randrange(len(data))
        start.write_bytes(data[:at] + rng.randbytes(rng.randint(1, 9)) + data[at:])
    elif kind == "bytes":
        changed = bytearray(data)
        # The beginning and the end are where the structure is.
        limit = rng.choice((len(data), 300, 80))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(min(limit, len(data)))
            changed[at if rng.random() < 0.5 else -at - 1] = rng.randrange(256)
        start.write_bytes(bytes(changed))
    elif kind == "config":
        config = spoiled_config(rng, config)
    before = b"what was here"
    out.write_bytes(before)
    there = {path.name for path in out.parent.iterdir()}
    error = problem(start, config, out, target)
    if error is None:
        counts[f"{kind}: still right"] += 1
        if kind != "config":
            assert same(load(out), expected(load(start), config, target) or {}), (kind, config)
    else:
        counts[f"{kind}: refused"] += 1
        assert out.read_bytes() == before
    assert {path.name for path in out.parent.iterdir()} == there


def problem(source: Path, config: dict[str, Any], out: Path, target: str) -> str | None:
    """What the conversion says, in one line of readable length; None where it is done."""
    try:
        dc.convert_checkpoint(source, config, out, target=target, overwrite=True)
    except dc.GeometryError as error:
        text = str(error)
        if "\n" in text or len(text) > 1500:
            raise AssertionError(text) from None
        return text
    return None


def spoiled_config(rng: random.Random, config: dict[str, Any]) -> dict[str, Any]:
    """One value of it deleted, or replaced by something else."""
    spoiled = json.loads(json.dumps(config))
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                walk(value[key])

    walk(spoiled)
    holder, key = rng.choice(places)
    odd = (None, 0, -1, 1.5, "x", "same", [], [1], {}, {"a": 1}, True, 10**30, [[1, 2]], "a" * 3000, ["\ud800"])
    if rng.random() < 0.3:
        del holder[key]
    else:
        holder[key] = rng.choice(odd)
    return spoiled  # type: ignore[no-any-return]


def run_headers(cases: int, seed: int) -> Counter[str]:
    """Damaged .safetensors files, read here and by the package: what that refuses is refused, else it is the same."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.safetensors"
        for number in range(cases):
            rng = random.Random(f"{seed} header {number}")
            data = spoiled_header(rng)
            path.write_bytes(data)
            try:
                theirs = {name: (e["dtype"], tuple(e["shape"]), e["data"]) for name, e in safetensors.deserialize(data)}
                with safetensors.safe_open(path, "numpy") as file:
                    metadata = file.metadata() or {}
            except safetensors.SafetensorError:
                theirs = None
            found: Checkpoint | str
            try:
                found = checkpoints.read(path)
            except dc.GeometryError as error:
                found = str(error)
            if isinstance(found, str):
                assert theirs is None or any(why in found for why in STRICTER), (data, found)
                counts["refused by both" if theirs is None else "read by the package only"] += 1
                continue
            assert theirs is not None, data
            ours = {name: (each.type, each.shape, each.array.tobytes()) for name, each in found.tensors.items()}
            assert (ours, found.metadata) == (theirs, metadata), data
            counts["read by both"] += 1
    return counts


STRICTER = (
    *(" twice; ", "beside dtype, shape and data_offsets; "),
    *(" axes, of up to 64; ", "an axis of 2**63 elements or more; ", "`arr.size * arr.dtype.itemsize` is larger"),
)
"""What is said of files that the package reads and deconvs refuses."""
PIECES = (
    *("-0", "0", "-1", "1e0", "0.0", "00", "null", "true", "NaN", "1e999", "9" * 25, "{}", "[]", '""', '"F64"', "[0]"),
    *(
        ",",
        ":",
        "[",
        "]",
        "{",
        "}",
        '"',
        "\\",
        "\\u0061",
        "\\ud800",
        "\\ud83d\\ude00",
        " ",
        "\n",
        "\t",
        "\f",
        "\0",
        "\ufeff",
    ),
    *("é", "\x1f", "\x7f", "[1,1]", ",1", "0,", ',"x":1', '"x":[[]],', '"__metadata__":null,', '"__metadata__":{},'),
    *('"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},', ",1" * 70, '"k":"v",', "//", "\u2028", "F4", "BF16"),
)


def spoiled_header(rng: random.Random) -> bytes:
    """A small file with one to three changes to its header: of a byte, of a token, or of a piece of JSON."""
    header: dict[str, Any] = {"__metadata__": {"k": "v"}} if rng.random() < 0.5 else {}
    reached = 0
    for name in rng.sample(("a", "b.c", "é", "d"), rng.randint(1, 3)):
        kind, bits = rng.choice([("F32", 32), ("U8", 8), ("BF16", 16), ("F4", 4), ("I64", 64)])
        shape = [rng.choice((0, 1, 2)) for _ in range(rng.randint(0, 3))] + ([2] if kind == "F4" else [])
        size = math.prod(shape) * bits // 8
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [reached, reached + size]}
        reached += size
    text = json.dumps(header, ensure_ascii=False, separators=rng.choice(((",", ":"), (", ", ": "))))
    for _ in range(rng.randint(0, 3)):
        tokens = re.findall(r'"[^"]*"|-?\d+|.', text, re.DOTALL)
        at, how = (
            rng.randrange(len(tokens) + 1),
            rng.choice(("insert", "replace", "delete", "repeat", "number", "twice")),
        )
        if how == "insert":
            tokens.insert(at, rng.choice(PIECES))
        elif how == "replace":
            tokens[at : at + 1] = [rng.choice(PIECES)]
        elif how == "delete":
            del tokens[at : at + rng.randint(1, 3)]
        elif how == "repeat":
            tokens[at:at] = tokens[at : at + rng.randint(1, 12)]
        elif how == "twice":
            whole = re.search(r'"[^"]*": ?\{[^{}]*\}|$', text)
            tokens[1:1] = [f"{whole[0]}," if whole and whole[0] else ""]
        else:
            places = [place for place, token in enumerate(tokens) if token.isdigit()]
            if places:
                tokens[rng.choice(places)] = rng.choice(("-0", "0", "1", "2", "8", "1.0", "18446744073709551615"))
        text = "".join(tokens)
    raw = bytearray(text.encode())
    if raw and rng.random() < 0.3:
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    length = len(raw) + (rng.choice((-1, 1, 2**40)) if rng.random() < 0.05 else 0)
    return max(length, 0).to_bytes(8, "little") + bytes(raw) + bytes(max(0, reached + rng.choice((0,) * 12 + (-1, 1))))


def run_cases(cases: int, seed: int) -> Counter[str]:
    """So many; what they were like."""
    counts: Counter[str] = Counter()
    for number in range(cases):
        rng = random.Random(f"{seed} {number}")
        with tempfile.TemporaryDirectory() as folder:
            try:
                run_case(rng, Path(folder), counts)
            except Exception as error:
                raise AssertionError(f"case {number} of seed {seed}") from error
    return counts


if __name__ == "__main__":
    words = sys.argv[1:]
    for name, count in sorted(run_cases(int(words[0]) if words else 1000, int(words[1]) if words[1:] else 0).items()):
        print(f"{count:>8,} {name}")
