"""Whatever way the planners may cut a layer up, the result is the same, bit for bit; and every way really occurs."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.run import engine, toom_plan

from .native_cases import CORE, FEWER, ISAS, NEEDS_CORE, check, random_choices

pytestmark = [NEEDS_CORE, pytest.mark.parametrize("isa", ISAS)]


@pytest.fixture(autouse=True)
def forced(isa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_ISA", isa)


LAYERS = [
    # geometry, channels, input size: some thousand products an output, blocks that do not divide sizes
    (dc.ConvTranspose((4, 4), 2, 1), (13, 9), (11, 13)),
    (dc.ConvTranspose((3, 3), 2, 1, 1), (8, 17), (9, 10)),
    (dc.ConvTranspose((3, 3), 1, 1), (12, 8), (13, 17)),
    (dc.ConvTranspose((5, 5), 2, 2), (7, 6), (10, 7)),
    (dc.ConvTranspose((4, 4), 2, 1, groups=3), (9, 15), (7, 11)),
    (dc.ConvTranspose((3, 3), (3, 1), ((0, 2), (1, 0))), (5, 7), (6, 19)),
    (dc.ConvTranspose((3, 4), (2, 3), ((-2, 1), (3, -1))), (4, 5), (9, 8)),
    (dc.ConvTranspose((4,), 2, 1), (33, 20), (150,)),
    (dc.ConvTranspose((64,), 16, 24), (20, 3), (77,)),
    (dc.ConvTranspose((3,), 1, 2, dilation=2), (16, 10), (90,)),
    (dc.ConvTranspose((3, 3), (2, 3), 1, dilation=2), (6, 5), (7, 8)),
    (dc.ConvTranspose((4, 4, 4), 2, 1), (5, 6), (5, 6, 7)),
    (dc.ConvTranspose((3, 3, 3), (1, 2, 2), 1), (6, 3), (5, 4, 6)),
    (dc.ConvTranspose((2, 3, 1, 3), (2, 1, 1, 2), 0), (4, 3), (3, 4, 3, 5)),
    (dc.ConvTranspose((2, 2), 2), (16, 11), (13, 14)),
]


def phase_kinds(choice: Any, positions: tuple[int, ...]) -> Iterator[str]:
    """What is special about a way to cut up for the phase kernel."""
    weights, tiling = choice.weights, choice.tiling
    if tiling.channels_at_once < weights.channels_in:
        yield "input channels in turns"
        if weights.channels_in % tiling.channels_at_once:
            yield "the last turn has fewer channels"
    if tiling.units_at_once > 1:
        yield "several units at once"
    if tiling.parts > 1:
        yield "output channels in parts"
    if tiling.images > 1:
        yield "images together"
    if any(m % b for m, b in zip(positions, tiling.block, strict=True)):
        yield "edge tiles"
    if weights.channel_block < weights.channels_out:
        yield "blocks of output channels"
        if weights.channels_out % weights.channel_block:
            yield "a last block with fewer channels"
    if len({vectors for _, _, vectors, _ in tiling.chunks}) > 1:
        yield "chunks of unequal width"
    for unit in weights.phases.units:
        for one in unit.classes:
            if any(tap < 0 for kernel in one.kernel for tap in kernel):
                yield "taps that a phase lacks"
            if not one.shifts:
                yield "phases without a tap"


def gemm_kinds(choice: Any, lanes: int) -> Iterator[str]:
    """What is special about a way to cut up for products of all inputs with all taps."""
    weights, tiling = choice.weights, choice.tiling
    if tiling.channels_at_once < weights.channels_in:
        yield "input channels in turns"
    if tiling.parts > 1:
        yield "output channels in parts"
    if tiling.images > 1:
        yield "images together"
    if weights.channel_block < weights.channels_out:
        yield "blocks of output channels"
        if weights.channels_out % weights.channel_block:
            yield "a last block with fewer channels"
    if len(tiling.strips) > 1:
        yield "strips"
    for first, past, _, _ in tiling.strips:
        if first == past:
            yield "a strip without inputs"
        elif past - first > tiling.chunk:
            yield "chunks"
            if (past - first) % tiling.chunk:
                yield "a last chunk with fewer inputs"
    if 0 < tiling.images * prod(tiling.block) % lanes <= 4:
        yield "positions one by one"


def toom_kinds(choice: Any, batch: int) -> Iterator[str]:
    """What is special about a way to cut up for Toom-Cook's algorithm."""
    weights, tiling = choice.weights, choice.tiling
    if tiling.parts > 1:
        yield "output channels in parts"
    tiles = batch * prod(tiling.tiles)
    if tiling.channels_at_once < weights.channels_in:
        yield "input channels in turns"
        if weights.channels_in % tiling.channels_at_once:
            yield "the last turn has fewer channels"
    if tiles % tiling.count:
        yield "a last job with fewer tiles"
    if tiling.count % tiling.tiles[-1]:
        yield "rows of tiles in pieces"
    if batch > 1 and tiling.count % prod(tiling.tiles) and tiling.count < tiles:
        yield "tiles of several images"
    if weights.channel_block < weights.channels_out:
        yield "blocks of output channels"
        if weights.channels_out % weights.channel_block:
            yield "a last block with fewer channels"
    if len(weights.units) > 1:
        yield "branches"


PHASE_KINDS = {
    "input channels in turns",
    "the last turn has fewer channels",
    "several units at once",
    "output channels in parts",
    "images together",
    "edge tiles",
    "blocks of output channels",
    "a last block with fewer channels",
    "chunks of unequal width",
    "taps that a phase lacks",
}
GEMM_KINDS = {
    "input channels in turns",
    "output channels in parts",
    "images together",
    "blocks of output channels",
    "a last block with fewer channels",
    "strips",
    "chunks",
    "a last chunk with fewer inputs",
    "positions one by one",
}
TOOM_KINDS = {
    "input channels in turns",
    "the last turn has fewer channels",
    "output channels in parts",
    "a last job with fewer tiles",
    "rows of tiles in pieces",
    "tiles of several images",
    "blocks of output channels",
    "a last block with fewer channels",
    "branches",
}


def test_any_choice_gives_the_same_result(isa: str) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for seed in range(40 // FEWER):
        rng = random.Random(seed)
        # Caches so small that input channels must come in turns even here, or as they are.
        with random_choices(seed, l2=rng.choice((2048, 8192, 2**15, 2**19)), l3=rng.choice((2**14, 2**25))):
            for g, channels, size in rng.sample(LAYERS, 5):
                threads = rng.choice((1, 2, 3, 5))
                dtype = rng.choice(("float32", "float64"))
                batch = rng.choice((1, 1, 2, 5, 11) if len(size) < 3 else (1, 2))
                positions = tuple(-(-m // s) for m, s in zip(g.output_size(size), g.stride, strict=True))
                for kernel, choice in check(g, batch, channels, size, dtype, threads=threads):
                    if kernel == "toom":
                        kinds = set(toom_kinds(choice, batch))
                    elif kernel == "gemm":
                        kinds = set(gemm_kinds(choice, CORE.vectors(isa)[0] // (4 if dtype == "float32" else 8)))
                    else:
                        kinds = set(phase_kinds(choice, positions))
                    found.update((kernel, kind) for kind in kinds)
    if FEWER == 1:
        missing = [("union", kind) for kind in PHASE_KINDS if not found["union", kind]]
        missing += [("phase", kind) for kind in PHASE_KINDS - {"taps that a phase lacks"} if not found["phase", kind]]
        missing += [("gemm", kind) for kind in GEMM_KINDS if not found["gemm", kind]]
        missing += [("toom", kind) for kind in TOOM_KINDS if not found["toom", kind]]
        assert not missing, (missing, found)


def test_phases_without_a_tap(isa: str) -> None:
    """Outputs of bias alone: dilated taps that meet only every other phase, and strides longer than the kernel."""
    kinds = set()
    for g in (dc.ConvTranspose((3, 3), 4, dilation=2), dc.ConvTranspose((2,), 5), dc.ConvTranspose((2, 1), (3, 4))):
        for _, choice in check(g, 2, (3, 4), (7, 9)[: g.ndim], "float32", ("phase",)):
            kinds.update(phase_kinds(choice, choice.tiling.block))
    assert "phases without a tap" in kinds


def test_layers_as_they_are_planned(isa: str) -> None:
    """Real layers, a few output channels of each: planned for this processor, nothing forced."""
    for g, channels, size in (
        (dc.ConvTranspose((4, 4), 2, 1), (512, 24), (8, 8)),
        (dc.ConvTranspose((3, 3), 1, 1), (1024, 16), (14, 14)),
        (dc.ConvTranspose((4, 4), 2, 1), (64, 3), (40, 40)),
        (dc.ConvTranspose((16, 16), 8, 4), (21, 5), (20, 21)),
        (dc.ConvTranspose((2, 2), 2), (128, 40), (17, 17)),
        (dc.ConvTranspose((4, 4, 4), 2, 1), (64, 8), (5, 6, 5)),
        (dc.ConvTranspose((16,), 8, 4), (128, 17), (130,)),
        (dc.ConvTranspose((4, 4), 2, 1), (160, 20), (7, 7)),
        (dc.ConvTranspose((9, 9), 2, 4, 1), (56, 1), (70, 60)),
    )[::FEWER]:
        for threads in (1, 2):
            list(check(g, 1, channels, size, "float32", threads=threads))


def test_a_call_that_packs_counts_the_packing(isa: str) -> None:
    """Weights that serve one call are not worth as much work as those that serve many."""
    g, c_in, c_out = dc.ConvTranspose((16,), 8, 4), 64, 32
    weights = np.ones((c_in, c_out, 16), np.float32)
    op = g.prepare(weights)
    found = engine.engine(CORE, g, c_in, c_out, np.dtype("float32"), isa, None)
    assert found is not None
    often, once = (dict(found.choose(1, (32,), 1, once=packing).modelled) for packing in (False, True))
    more = {kernel: once[kernel] - often[kernel] for kernel in often}
    assert more["phase"] == weights.nbytes  # a cycle a byte
    assert more["toom"] > more["union"] > more["phase"]
    choice = op.choose((1, c_in, 32), threads=1)
    assert choice is not None
    assert dict(choice.modelled) == often


def test_numbers_that_two_languages_share(isa: str) -> None:
    """What the planner counts on, as the core has it."""
    native = Path(__file__).parent.parent / "native" / "src"
    for name, file, value in (
        ("kToomChannels", "toom.hpp", toom_plan._CHANNELS),
        ("kMostTiles", "job.hpp", toom_plan._MOST_TILES),
        ("kSlack", "kernels.hpp", toom_plan._SLACK),
    ):
        found = re.search(rf"constexpr int64_t {name} = (\d+);", (native / file).read_text(encoding="utf-8"))
        assert found is not None, name
        assert int(found[1]) == value, name
