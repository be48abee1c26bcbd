"""Random layers converted from one framework to another, and run in both: python -m tests.convert_fuzz [CASES] [SEED]

Each case: random parameters in the source's words, a random weight and bias in its layout. The source framework runs
the layer; the target framework runs the program that `dc.convert` wrote, with the weights that it made. Integers that
float32 holds exactly, so that both must agree in every bit. A Refusal's nearest is run as well.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import Any

import numpy as np

import deconvs as dc
from deconvs.conventions import layout, read

from .frameworks import flax, jax, keras, onnx, tensorflow, tflite, torch
from .frameworks.compare import integers, some_channels
from .frameworks.known import jax_goes_wrong
from .frameworks.parameters import GENERATORS
from .frameworks.programs import run_program

DRIVERS = {
    "torch": torch.run,
    "keras": keras.run,
    "tensorflow": tensorflow.run,
    "jax": jax.run,
    "flax": flax.run,
    "onnx": onnx.run,
    "tflite": tflite.run,
}

PAIRS = (
    *(
        (a, b)
        for other in ("keras", "tensorflow", "jax", "flax", "onnx")
        for a, b in (("torch", other), (other, "torch"))
    ),
    ("keras", "jax"),
    ("jax", "keras"),
    ("keras", "tflite"),
)
"""Those that are promised with thousands of cases."""

OTHERS = tuple((a, b) for a in DRIVERS for b in DRIVERS if a != b and (a, b) not in PAIRS)
"""All others: fewer cases."""


def run_pair(source: str, target: str, cases: int, seed: int = 0) -> Counter[str]:
    """So many layers that the source takes; what they were like, and how they were converted."""
    rng, values = (
        random.Random(f"{source} {target} {seed}"),
        np.random.default_rng([seed, *f"{source}>{target}".encode()]),
    )
    counts: Counter[str] = Counter()
    while counts["cases"] < cases:
        ndim = 2 if "tflite" in (source, target) else rng.choice((1, 1, 2, 2, 3))
        params, size = GENERATORS[source](rng, ndim)
        try:
            geometry = read(source, params, size)
        except dc.GeometryError:
            counts["not a layer of the source"] += 1
            continue
        if "tflite" in (source, target) and 0 in geometry.output_size(size):
            counts["left out: empty"] += 1
            continue
        if known_wrong(source, params, geometry):
            counts["left out: known to go wrong"] += 1
            continue
        counts["cases"] += 1
        counts.update(kinds(params, geometry))
        counts[run_case(source, target, params, size, geometry, values)] += 1
    if "jax" in sys.modules:  # which keeps a compiled program of every shape, gigabytes of them
        sys.modules["jax"].clear_caches()
    return counts


def run_case(
    source: str,
    target: str,
    params: dict[str, Any],
    size: tuple[int, ...],
    geometry: dc.ConvTranspose,
    values: np.random.Generator,
) -> str:
    """One layer in both frameworks; "exact", "with a crop" or "refused, nearest"."""
    groups = geometry.groups
    per_in, per_out = some_channels(values)
    x = integers(values, 2, groups * per_in, *size)
    stored = layout(source, geometry.ndim, groups, params)
    weight = stored.from_canonical(integers(values, groups * per_in, per_out, *geometry.kernel_size))
    bias = integers(values, groups * per_out)
    offsets = bias if values.integers(2) else None
    theirs = DRIVERS[source](params, x, weight)
    if offsets is not None:
        theirs = theirs + offsets[:, *[None] * geometry.ndim]
    made = dc.convert(params, weight, source=source, target=target, input_size=size, bias=offsets)
    if made:
        weights, code, how = [made.weight], made.code, "exact" if made.crop is None else "with a crop"
    else:
        assert made.nearest is not None, (params, size)
        weights, code, how = list(made.nearest.weights), made.nearest.code, "refused, nearest"
    ours = run_program(target, code, x, weights, offsets)
    assert ours.shape == theirs.shape, (source, target, params, size, code)
    assert np.array_equal(ours, theirs), (source, target, params, size, code)
    return how


def known_wrong(source: str, params: dict[str, Any], geometry: dc.ConvTranspose) -> bool:
    """What these releases refuse or get wrong of their own parameters, pinned in tests/test_conventions_*.py."""
    if source == "keras":
        return only_other_backends(params, geometry)
    return source in ("jax", "flax") and jax_goes_wrong(geometry)


def only_other_backends(params: dict[str, Any], geometry: dc.ConvTranspose) -> bool:
    """Keras' "same" with output_padding 0 and an even span, which raises on TensorFlow: test_conventions_keras.py."""
    extra = params.get("output_padding")
    if extra is None or params["padding"] != "same":
        return False
    extras = np.broadcast_to(extra, geometry.ndim)
    return any(op == 0 and a.span % 2 == 0 for a, op in zip(geometry.axes, extras, strict=True))


def kinds(params: dict[str, Any], geometry: dc.ConvTranspose) -> list[str]:
    """What is hard about a layer."""
    axes = geometry.axes
    padding = str(params.get("padding", params.get("auto_pad"))).upper()
    same = padding.startswith("SAME")
    found = {
        f"{geometry.ndim}-D": True,
        "same, odd kernel": same and any(k % 2 for k in geometry.kernel_size),
        "same, even kernel": same and any(k % 2 == 0 for k in geometry.kernel_size),
        "kernel < stride": any(a.span < a.stride for a in axes),
        "dilation": max(geometry.dilation) > 1,
        "groups": geometry.groups > 1,
        "output_padding": np.max(params.get("output_padding") or 0) > 0,
        "auto_pad": params.get("auto_pad", "NOTSET") != "NOTSET",
        "unequal crop": any(b != e for b, e in geometry.crop),
        "bias-only ends": min(map(min, geometry.crop)) < 0,
    }
    return [kind for kind, present in found.items() if present]


def main(cases: int, seed: int) -> None:
    """Prints the counts of each pair."""
    total: Counter[str] = Counter()
    for source, target in (*PAIRS, *OTHERS):
        counts = run_pair(source, target, cases if (source, target) in PAIRS else max(cases // 10, 1), seed)
        total.update(counts)
        how = ", ".join(f"{counts[name]:,} {name}" for name in ("exact", "with a crop", "refused, nearest"))
        out = sum(count for name, count in counts.items() if name.startswith("left out"))
        told = f"{how}; {out:,} left out" if out else how
        print(f"{source:>10} -> {target:<10} {counts['cases']:>6,} layers, 0 mismatches: {told}", flush=True)
    hard = ", ".join(f"{name} {total[name]:,}" for name in sorted(total) if name not in NOT_KINDS)
    print(f"{total['cases']:,} layers in all. Among them: {hard}")


NOT_KINDS = (
    "cases",
    "exact",
    "with a crop",
    "refused, nearest",
    "not a layer of the source",
    "left out: known to go wrong",
    "left out: empty",
)

if __name__ == "__main__":
    words = sys.argv[1:]
    main(int(words[0]) if words else 100, int(words[1]) if len(words) > 1 else 0)
