"""Several runs of the benchmark taken together: medians of the ratios, and how far the runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from deconvs.benchmark.contenders import PEERS
from deconvs.benchmark.results import summarised
from deconvs.tables import table_text

RATIOS = ("PyTorch", "best_peer", "best_peer_out", "functional", "share")
HEADINGS = ("PyTorch", "best peer", "out=", "function", "share")


def combined(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Layer by layer: of every ratio the median, the least and the most of the runs."""
    found = []
    for of_layer in zip(*(run["layers"] for run in runs), strict=True):
        ratios = {}
        for name in (*RATIOS, *(peer for peer in PEERS if peer not in RATIOS)):
            values = [one["share"] if name == "share" else one["ratios"][name] for one in of_layer]
            if None not in values:
                ratios[name] = {"median": median(values), "least": min(values), "most": max(values)}
        found.append({"name": of_layer[0]["layer"]["name"], "ratios": ratios})
    return found


def runs_as_dict(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All runs, and what they come to."""
    return {"runs": list(runs), "combined": combined(runs)}


def runs_text(runs: Sequence[dict[str, Any]]) -> str:
    """A table: median, and from the least to the most; then the geometric means of each run."""
    layers = combined(runs)
    rows = [
        (layer["name"], *(_spread(layer["ratios"].get(name), name == "share") for name in RATIOS)) for layer in layers
    ]
    first = runs[0]
    for label, key in (("geometric mean", "geometric_mean"), ("least", "minimum"), ("below 0.95", "below_0.95")):
        values = [summarised(_medians(layers, name)) for name in RATIOS]
        rows.append((label, *(_one(value, key, name == "share") for value, name in zip(values, RATIOS, strict=True))))
    lines = []
    for name, heading in zip(RATIOS, HEADINGS, strict=True):
        means = [run["summary"][name] for run in runs]
        if None not in means:
            lines.append(f"  {heading}: " + ", ".join(f"{mean['geometric_mean']:.3f}" for mean in means))
    of_peers = [
        (layer["name"], *(_median(layer["ratios"].get(peer)) for peer in PEERS), _kernel(runs, at))
        for at, layer in enumerate(layers)
    ]
    main = table_text(
        f"{len(runs)} runs of {first['rounds']} rounds, {first['threads']} threads, {first['machine']}\n"
        "Median over the runs (least-most) of the ratios to PyTorch called plainly, to the best peer, with out= to the "
        "best\nway of any peer, of the function to PyTorch's; and the share of the roofline",
        ("layer", *HEADINGS),
        rows,
        caption="\n".join(["Geometric mean of each run", *lines]),
        right=tuple(range(1, 1 + len(RATIOS))),
    )
    peers = table_text(
        "Median over the runs of the ratio of each peer's time to that of op(x), and the kernel chosen",
        ("layer", *PEERS, "kernel"),
        of_peers,
        right=tuple(range(1, 1 + len(PEERS))),
    )
    return f"{main}\n\n{peers}"


def _medians(layers: Sequence[dict[str, Any]], name: str) -> list[float]:
    return [layer["ratios"][name]["median"] for layer in layers if name in layer["ratios"]]


def _median(ratio: dict[str, float] | None) -> str:
    return "-" if ratio is None else f"{ratio['median']:.2f}"


def _kernel(runs: Sequence[dict[str, Any]], at: int) -> str:
    return " or ".join(dict.fromkeys(run["layers"][at]["kernel"] or "-" for run in runs))


def _spread(ratio: dict[str, float] | None, percent: bool) -> str:
    if ratio is None:
        return "-"
    form = "{:.0%}" if percent else "{:.2f}"
    middle, least, most = (form.format(ratio[name]) for name in ("median", "least", "most"))
    return f"{middle} ({least}-{most})"


def _one(value: dict[str, Any] | None, key: str, percent: bool) -> str:
    if value is None or (percent and key == "below_0.95"):
        return "-"
    if key == "below_0.95":
        return str(value[key])
    return f"{value[key]:.0%}" if percent else f"{value[key]:.2f}"
