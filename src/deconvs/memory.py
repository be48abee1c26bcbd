"""Refusing what the machine cannot hold before it is allocated."""

from __future__ import annotations

import os
import re
from math import prod
from pathlib import Path

from .arguments import checked_size
from .errors import GeometryError

_SMALL = 256 * 2**20
"""Requests up to this many bytes are not worth asking the system about."""


def require_memory(what: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse an array that the machine cannot hold."""
    elements = checked_size(f"the number of elements of {what}", prod(shape))
    require_bytes(what, f"shape {shape}", elements * itemsize)


def require_bytes(what: str, values: str, needed: int) -> None:
    """Refuse work that needs more bytes at once than the machine has; ``values`` say of what.

    Linux hands out more memory than there is and ends the process when it is touched: an exception now is kinder.
    """
    if needed <= _SMALL:
        return
    available = available_memory()
    if available is not None and needed > available:
        raise GeometryError(
            f"{what} does not fit in memory",
            f"{values}: {readable_bytes(needed)} needed, {readable_bytes(available)} free",
            "use smaller sizes, fewer channels or a smaller batch",
        )


def readable_bytes(count: int) -> str:
    """``count`` bytes for people.

    >>> readable_bytes(3 * 2**20)
    '3.0 MiB'
    """
    if count < 1024:
        return f"{count} B"
    size, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB", "PiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:,.1f} {unit}"


def available_memory() -> int | None:
    """Bytes that can be taken now, container limits included; None where the system does not tell."""
    known = [free for free in (_meminfo_available(), _cgroup_available()) if free is not None]
    if known:
        return min(known)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _meminfo_available() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _cgroup_available() -> int | None:
    root = Path("/sys/fs/cgroup")
    for limit, used, details in (
        (root / "memory.max", root / "memory.current", root / "memory.stat"),
        (
            root / "memory/memory.limit_in_bytes",
            root / "memory/memory.usage_in_bytes",
            root / "memory/memory.stat",
        ),
    ):
        try:
            free = int(limit.read_text()) - int(used.read_text())
            # Files read are counted as used, but the system drops them as soon as their memory is wanted.
            cached = re.search(r"^(?:total_)?inactive_file (\d+)$", details.read_text(), re.MULTILINE)
            return max(0, free + (int(cached[1]) if cached else 0))
        except (OSError, ValueError):  # absent, or the word "max"
            continue
    return None
