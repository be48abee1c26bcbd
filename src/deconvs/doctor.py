"""What computes on this machine: the native core or NumPy, its instructions and threads, caches, what else is there."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from textwrap import wrap
from typing import Any

from . import __version__
from .errors import GeometryError
from .run import native
from .run.engine import read_kernel
from .tables import WIDTH

FRAMEWORKS = (
    "torch",
    "onnxruntime",
    "openvino",
    "jax",
    "flax",
    "keras",
    "tensorflow",
    "onnx",
    "scipy",
    "ml_dtypes",
    "threadpoolctl",
)
"""Distributions that are looked for by their metadata; nothing of them is imported."""
_ALSO_AS = {"tensorflow": ("tensorflow-cpu", "tensorflow-macos")}
_COMMAND = "then run"
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


@dataclass(frozen=True)
class Core:
    """The native core as far as it is there."""

    path: str | None
    why_not: str | None
    disabled: bool
    how_to_get: str | None
    compiler: str | None
    compiled: tuple[str, ...]
    available: tuple[str, ...]
    chosen: str | None
    threads: int | None
    affinity: int | None
    quota: int | None
    kernel: str | None = None


@dataclass(frozen=True)
class Health:
    """What `examine` found."""

    version: str
    python: str
    platform: str
    environment: dict[str, str]
    core: Core
    caches: dict[str, int]
    numpy: str
    blas: tuple[str, ...]
    installed: dict[str, str | None]
    problems: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """The core computes, or the user does without it, and no setting is wrong."""
        return not self.problems and (self.core.why_not is None or self.core.disabled)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"healthy": self.healthy, **asdict(self)}

    def text(self) -> str:
        """For people."""
        parts = [
            ("", [f"deconvs {self.version}, Python {self.python}, {self.platform}"]),
            ("native core", list(_aligned(self._core_lines()))),
            ("machine", list(_aligned(self._machine_lines()))),
            ("beside it", list(_aligned(self._installed_lines()))),
            ("wrong", [f"  {problem}" for problem in self.problems]),
        ]
        return "\n\n".join("\n".join([title, *lines] if title else lines) for title, lines in parts if lines)

    def _core_lines(self) -> Iterator[tuple[str, str]]:
        core = self.core
        if core.why_not is not None:
            yield "in use", f"no, NumPy computes: {core.why_not}"
            if core.how_to_get is not None:
                yield "to get it", native.NEEDED
                yield _COMMAND, core.how_to_get
            return
        yield "in use", f"yes: {core.path}"
        yield "compiled by", str(core.compiler)
        lacking = [isa for isa in core.compiled if isa not in core.available]
        without = f"; this machine lacks {', '.join(lacking)}" if lacking else ""
        yield "instruction sets", f"{', '.join(core.compiled)}{without}"
        if core.chosen is not None:
            yield "used", f"{core.chosen}, {self._by('DECONVS_ISA', 'the best of them')}"
        if core.kernel is not None:
            yield "kernel", f"{core.kernel} alone, by DECONVS_KERNEL"
        if core.threads is not None:
            quota = "no quota" if core.quota is None else f"a quota of {core.quota}"
            limits = f"{core.affinity} by affinity, {quota}"
            yield (
                "threads",
                f"{core.threads}, {self._by('DECONVS_NUM_THREADS', 'as many as can run at once')} ({limits})",
            )

    def _by(self, variable: str, otherwise: str) -> str:
        return f"by {variable}" if variable in self.environment else otherwise

    def _machine_lines(self) -> Iterator[tuple[str, str]]:
        yield "caches", ", ".join(f"{name} {_size(size)}" for name, size in self.caches.items()) or "not told"
        yield "NumPy", f"{self.numpy}, {'; '.join(self.blas) or 'BLAS not told'}"
        if self.environment:
            yield "set", ", ".join(f"{name}={value}" for name, value in self.environment.items())

    def _installed_lines(self) -> Iterator[tuple[str, str]]:
        there = [f"{name} {version}" for name, version in self.installed.items() if version is not None]
        missing = [name for name, version in self.installed.items() if version is None]
        yield "installed", ", ".join(there) or "none of these"
        if missing:
            yield "not installed", ", ".join(missing)


def examine() -> Health:
    """Look at everything; nothing is changed.

    >>> examine().version == __version__
    True
    """
    import numpy

    problems: list[str] = []
    core = _core(problems)
    return Health(
        version=__version__,
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        platform=platform.platform(),
        environment={name: value for name, value in sorted(os.environ.items()) if name.startswith("DECONVS_")},
        core=core,
        caches=_caches(),
        numpy=numpy.__version__,
        blas=_blas(),
        installed={name: _version(name) for name in FRAMEWORKS},
        problems=tuple(problems),
    )


def _core(problems: list[str]) -> Core:
    def asked(question: Callable[[], Any]) -> Any:
        # A setting that is wrong is what a doctor is asked about: the rest is told too.
        try:
            return question()
        except GeometryError as error:
            if str(error) not in problems:
                problems.append(str(error))
            return None

    module = asked(native.load)
    why_not = asked(native.why_not) if module is None else None
    if module is None:
        disabled = bool(asked(native.disabled))
        how = None if disabled or problems else native.how_to_get()
        return Core(None, why_not or "its switch is wrong", disabled, how, None, (), (), None, None, None, None)
    limits = asked(module.thread_limits) or (None, None, None)
    return Core(
        path=module.__file__,
        why_not=None,
        disabled=False,
        how_to_get=None,
        compiler=module.compiler(),
        compiled=tuple(module.compiled()),
        available=tuple(module.available()),
        chosen=asked(module.chosen),
        threads=asked(module.default_threads),
        affinity=limits[1],
        quota=limits[2] or None,
        kernel=asked(lambda: read_kernel(None)),
    )


def _caches() -> dict[str, int]:
    """Bytes of the first processor's data caches, as far as the system tells."""
    found = {}
    for index in sorted(_CACHES.glob("index*")):
        try:
            kind = (index / "type").read_text().strip()
            level = (index / "level").read_text().strip()
            size = (index / "size").read_text().strip()
            if kind != "Instruction":
                name = f"L{level}d" if kind == "Data" else f"L{level}"
                found[name] = int(size[:-1]) * {"K": 2**10, "M": 2**20, "G": 2**30}[size[-1]]
        except (OSError, ValueError, KeyError, IndexError):
            continue
    return found


def _blas() -> tuple[str, ...]:
    """NumPy's BLAS: what is loaded, with its threads, where threadpoolctl can tell; else what NumPy was built with."""
    import numpy

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        built: Any = numpy.show_config(mode="dicts")
        blas = built.get("Build Dependencies", {}).get("blas", {})
        return (f"{blas['name']} {blas.get('version', '')}".strip(),) if blas.get("name") else ()
    return tuple(
        f"{library['internal_api']} {library['version']}, threads: {library['num_threads']}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    )


def _version(name: str) -> str | None:
    for distribution in (name, *_ALSO_AS.get(name, ())):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None


def _size(size: int) -> str:
    return f"{size / 2**20:g} MiB" if size >= 2**20 else f"{size / 2**10:g} KiB"


def _aligned(lines: Iterator[tuple[str, str]]) -> Iterator[str]:
    rows = list(lines)
    width = max((len(name) for name, _ in rows), default=0) + 4
    for name, value in rows:
        # A command is copied, so it stays one line.
        parts = [value] if name == _COMMAND else wrap(value, WIDTH - width, break_on_hyphens=False)
        yield f"  {name:{width - 2}}" + f"\n{'':{width}}".join(parts)
