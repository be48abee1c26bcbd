"""The benchmark as a picture: how many times as fast as each peer, and the share of the roofline, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deconvs.benchmark.contenders import PEERS
from deconvs.benchmark.results import summarised
from deconvs.errors import GeometryError

from .runs import combined

# Okabe and Ito's colours differ for every kind of colour vision; shapes differ as well.
STYLES = dict(
    zip(
        PEERS,
        (("#D55E00", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#56B4E9", "v")),
        strict=True,
    )
)
OURS, FAINT, TEXT = "#0072B2", "#D9DEE3", "#2B2F33"
FILES = (".png", ".svg", ".pdf")


def check(file: Path) -> None:
    """Refuse before minutes are spent what could not be drawn after them."""
    if file.suffix not in FILES:
        raise GeometryError("the plot's file has no such format", str(file), f"end it in one of {', '.join(FILES)}")
    if not file.resolve().parent.is_dir():
        raise GeometryError("the plot's folder is not there", str(file), "make it first")
    if find_spec("matplotlib") is None:
        raise GeometryError("the plot needs matplotlib", "it is not installed", "pip install matplotlib")


def draw(runs: Sequence[dict[str, Any]], file: Path) -> None:
    """Bars from 1 to the ratio to the best peer, marks for each peer; beside them the share of the roofline.

    runs: what `Report.as_dict` gave, once or for several runs, whose medians are drawn.
    """
    import_module("matplotlib").use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    layers = combined(runs)
    with pyplot.rc_context(
        {"font.size": 9, "font.family": "DejaVu Sans", "text.color": TEXT, "svg.hashsalt": "deconvs"}
    ):
        height = 1.6 + 0.26 * len(layers)
        figure, (left, right) = pyplot.subplots(
            1, 2, figsize=(11, height), sharey=True, width_ratios=(2.1, 1), layout="constrained"
        )
        _draw_ratios(left, layers)
        _draw_shares(right, layers)
        left.set_yticks(range(len(layers)), [layer["name"] for layer in layers])
        left.set_ylim(len(layers) - 0.4, -0.6)
        for axes in (left, right):
            axes.tick_params(length=0, colors=TEXT)
            axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
            axes.set_axisbelow(True)
            for at in range(1, len(layers), 2):
                axes.axhspan(at - 0.5, at + 0.5, color="#F6F7F9", zorder=0)
        first = runs[0]
        told = f"{first['machine']}, {first['threads']} threads" + (f", {len(runs)} runs" if len(runs) > 1 else "")
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside lower left", ncols=7, frameon=False, handletextpad=0.3
        )
        figure.suptitle(f"deconvs against its peers · {told}", x=0.01, ha="left", fontsize=10, fontweight="bold")
        figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)
        pyplot.close(figure)


def _draw_ratios(axes: Any, layers: Sequence[dict[str, Any]]) -> None:
    best = [layer["ratios"].get("best_peer", {}).get("median") for layer in layers]
    rows = [(at, ratio) for at, ratio in enumerate(best) if ratio is not None]
    axes.barh(
        [at for at, _ in rows],
        [ratio - 1 for _, ratio in rows],
        left=1,
        height=0.56,
        color=OURS,
        label="the best peer",
        zorder=2,
    )
    for peer, (colour, marker) in STYLES.items():
        marks = [(at, layer["ratios"][peer]["median"]) for at, layer in enumerate(layers) if peer in layer["ratios"]]
        if marks:
            ys, xs = zip(*marks, strict=True)
            axes.scatter(
                xs, ys, s=32, c=colour, marker=marker, edgecolors="white", linewidths=0.5, label=peer, zorder=3
            )
    axes.set_xscale("log")
    shown = [
        ratio
        for layer in layers
        for name, found in layer["ratios"].items()
        if name in PEERS
        for ratio in found.values()
    ]
    low, high = min([0.8, *shown]) / 1.1, max([2.2, *shown]) * 1.1
    ticks = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if low <= tick <= high]
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.axvline(1, color=TEXT, linewidth=1, zorder=4)
    mean = summarised(best)
    told = "" if mean is None else f" (geometric mean over the best: {mean['geometric_mean']:.2f}×)"
    axes.set_title(f"Times as fast as{told}", loc="left", fontsize=9)


def _draw_shares(axes: Any, layers: Sequence[dict[str, Any]]) -> None:
    shares = [layer["ratios"].get("share", {}).get("median") for layer in layers]
    rows = [(at, 100 * share) for at, share in enumerate(shares) if share is not None]
    # An algorithm with fewer products passes 100 %: the axis grows with it, in tens.
    most = max([100.0, *(share for _, share in rows)])
    axes.barh([at for at, _ in rows], [share for _, share in rows], height=0.56, color=OURS, zorder=2)
    for at, share in rows:
        inside = share > 0.2 * most
        colour, side, shift = ("white", "right", -1) if inside else (TEXT, "left", 1)
        place = share + shift * most * 0.015
        axes.text(place, at, f"{share:.0f} %", va="center", ha=side, color=colour, fontsize=8, zorder=5)
    axes.axvline(100, color=TEXT, linewidth=1, zorder=4)
    axes.set_xlim(0, most * 1.05)
    axes.set_xticks([0, 25, 50, 75, 100, *range(150, int(most) + 1, 50)])
    axes.grid(axis="x", color=FAINT, linewidth=0.8)
    axes.set_title("Share of the roofline, in %", loc="left", fontsize=9)
