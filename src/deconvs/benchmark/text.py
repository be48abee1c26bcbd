"""Reports as tables and lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..memory import readable_bytes
from ..tables import rendered
from .contenders import CONTENDERS, PEERS
from .results import FUNCTIONAL, LAST, OURS, OUT, PLAIN, Report, Result, summarised

SHORT_NAMES = {"PyTorch": "torch", "PyTorch channels_last": "torch c.last", "ONNX Runtime": "ORT", "OpenVINO": "OV"}


_SUMMARY = (
    ("geometric mean", "geometric_mean", "{:.2f}"),
    ("least", "minimum", "{:.2f}"),
    ("below 0.95", "below_0.95", "{}"),
)


def report_text(report: Report) -> str:
    """All there is to say: the machine, the tables, who did not take part and why.

    >>> print(report_text(Report((), 2, 5, "NumPy", {"deconvs": "0.1.0"}, "a CPU")).splitlines()[0])
    a CPU, 2 threads, 5 rounds; deconvs 0.1.0
    """
    parts = [heading(report), *([speeds(report), shares(report)] if report.results else [])]
    if reasons := _reasons(report):
        parts.append(reasons)
    return "\n\n".join(parts)


def heading(report: Report) -> str:
    """What was measured on, with what."""
    lines = [
        f"{report.machine_text}, {report.threads} threads, {report.rounds} rounds; "
        + ", ".join(f"{name} {version}" for name, version in report.versions.items())
    ]
    for dtype, machine in report.machines().items():
        peak, memory = machine.flops / 1e9, machine.bandwidth / 1e9
        lines += [f"peak {peak:.0f} GFLOP/s in {dtype}, memory {memory:.1f} GB/s (by {report.source}, in between)"]
    return "\n".join(lines)


def speeds(report: Report) -> str:
    """Milliseconds, and how many times as fast as each peer this package is."""
    peers = [SHORT_NAMES.get(peer, peer) for peer in PEERS]
    first = ("layer", "what", "op(x) ms", "+-")
    columns = (*first, *peers, "best", "which", "out=", "function")
    rows = []
    for result in report.results:
        best = result.best()
        ours = result.times.get(OURS)
        rows.append(
            (
                result.layer.name,
                result.layer.what,
                _milliseconds(result, OURS),
                "-" if ours is None else f"{ours.spread:.0%}",
                *(_ratio(result.ratio(peer)) for peer in PEERS),
                _ratio(result.ratio()),
                "-" if best is None else SHORT_NAMES.get(best[0], best[0]),
                _ratio(result.ratio(ours=OUT)),
                _ratio(result.functional_ratio()),
            )
        )
    summary = report.summary()
    names = (*PEERS, "best_peer", None, "best_peer_out", "functional")
    lines = () if len(rows) == 1 else _SUMMARY
    for label, key, form in lines:
        found = [summary[name] if name else None for name in names]
        rows.append((label, "", "", "", *("" if one is None else form.format(one[key]) for one in found)))
    return _table(
        "How many times as fast (above 1: deconvs is faster): op(x) against each peer and the best; "
        "op(x, out=y) against the best\nway of any peer; the function against PyTorch's",
        columns,
        rows,
        right=(2, 3, *range(4, 4 + len(PEERS) + 1), 6 + len(PEERS), 7 + len(PEERS)),
    )


def shares(report: Report) -> str:
    """Times of the three forms, the least possible, and what is kept of it."""
    rows = []
    for result in report.results:
        least = report.limit(result)
        share = report.share(result)
        rows.append(
            (
                result.layer.name,
                *(_milliseconds(result, name) for name in (OURS, OUT, FUNCTIONAL, LAST, PLAIN)),
                "-" if least is None else f"{least.seconds * 1e3:.3g}",
                _held_by(report, result),
                "-" if share is None else f"{share:.0%}",
                "-" if result.workspace_bytes is None else readable_bytes(result.workspace_bytes),
                result.kernel or "-",
            )
        )
    mean = summarised(report.share(result) for result in report.results)
    caption = None if mean is None else f"share of the limit: geometric mean {mean['geometric_mean']:.0%}"
    columns = (
        "layer",
        "op(x)",
        "out=",
        "function",
        "c.last",
        "torch",
        "limit",
        "held by",
        "share",
        "workspace",
        "kernel",
    )
    table = _table(
        "Milliseconds, and the share of the roofline: the least time that the direct algorithm can take over that of "
        "op(x, out=y)",
        columns,
        rows,
        right=(1, 2, 3, 4, 5, 6, 8, 9),
    )
    return table if caption is None else f"{table}\n{caption}"


WIDE = 170
"""These tables have a column for each peer: they are not folded to a narrow terminal's width."""


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int]) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for index, name in enumerate(columns):
        table.add_column(Text(name), justify="right" if index in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return f"{title}\n{rendered(table, WIDE)}"


def _reasons(report: Report) -> str:
    """Each reason once, with the layers that it stands for."""
    peers = {contender.name: contender.peer or contender.name for contender in CONTENDERS}
    found: dict[tuple[str, str], list[str]] = {}
    for result in report.results:
        # A peer's several ways of being called mostly have the same reason.
        for who, reason in dict.fromkeys((peers.get(name, name), reason) for name, reason in result.unable.items()):
            found.setdefault((who, reason), []).append(result.layer.name)
    if not found:
        return ""
    lines = [
        f"  {name}: {reason} ({'every layer' if len(layers) == len(report.results) else ', '.join(layers)})"
        for (name, reason), layers in found.items()
    ]
    return "\n".join(["Not taking part:", *lines])


def _held_by(report: Report, result: Result) -> str:
    least = report.limit(result)
    if least is None:
        return "-"
    return f"{least.bound_by}, in cache" if least.bound_by == "memory" and report.cached(result) else least.bound_by


def _milliseconds(result: Result, name: str) -> str:
    times = result.times.get(name)
    return "-" if times is None else f"{times.median * 1e3:.3g}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
