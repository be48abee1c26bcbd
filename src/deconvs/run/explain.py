"""Why a native kernel was chosen, in words."""

from __future__ import annotations

from .engine import Choice
from .tiling import Tiling
from .toom_plan import ToomTiling


def told(choice: Choice) -> str:
    """A choice in one line."""
    tile = choice.weights.tile
    tiling = choice.tiling
    parts = [f"{choice.kernel}, register tiles of {tile.rows} rows x {tile.vectors} vectors"]
    if isinstance(tiling, ToomTiling):
        parts.append(f"tiles {by(tiling.tiles)} in blocks of {by(tiling.block)}")
    elif isinstance(tiling, Tiling):
        parts.append(f"positions in blocks of {by(tiling.block)}")
    if tiling.images > 1:
        parts.append(f"{tiling.images} images together")
    parts.append(
        f"{tiling.jobs} {'job' if tiling.jobs == 1 else 'jobs'} for {choice.threads} threads".replace(
            "1 threads", "1 thread"
        )
    )
    modelled = ", ".join(f"{name} {cycles / 1e6:,.2f}" for name, cycles in choice.modelled)
    return "; ".join(parts) + f"; millions of cycles expected: {modelled}"


def by(sizes: tuple[int, ...]) -> str:
    """Sizes as in 3x4."""
    return "x".join(map(str, sizes))
