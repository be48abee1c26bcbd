"""`deconvs doctor`: word for word on machines made up, and true on this one."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.cli import run
from deconvs.doctor import FRAMEWORKS, Core, Health, examine
from deconvs.run import native

BUILT = Core(
    path="/somewhere/deconvs/_native.so",
    why_not=None,
    disabled=False,
    how_to_get=None,
    compiler="GCC 12.2.0",
    compiled=("baseline", "avx2", "avx512"),
    available=("baseline", "avx2"),
    chosen="avx2",
    threads=3,
    affinity=8,
    quota=3,
)
MISSING = Core(
    path=None,
    why_not="it was not built when deconvs was installed",
    disabled=False,
    how_to_get="DECONVS_REQUIRE_NATIVE=1 python -m pip install deconvs",
    compiler=None,
    compiled=(),
    available=(),
    chosen=None,
    threads=None,
    affinity=None,
    quota=None,
)
HEALTH = Health(
    version="0.1.0",
    python="3.13.1 (CPython)",
    platform="Linux-6.1-x86_64",
    environment={},
    core=BUILT,
    caches={"L1d": 32 * 2**10, "L2": 2**20, "L3": 24 * 2**20},
    numpy="2.4.6",
    blas=("openblas 0.3.31, threads: 2",),
    installed={"torch": "2.13.0", "jax": None},
    problems=(),
)

BUILT_TEXT = """\
deconvs 0.1.0, Python 3.13.1 (CPython), Linux-6.1-x86_64

native core
  in use            yes: /somewhere/deconvs/_native.so
  compiled by       GCC 12.2.0
  instruction sets  baseline, avx2, avx512; this machine lacks avx512
  used              avx2, the best of them
  threads           3, as many as can run at once (8 by affinity, a quota of 3)

machine
  caches  L1d 32 KiB, L2 1 MiB, L3 24 MiB
  NumPy   2.4.6, openblas 0.3.31, threads: 2

beside it
  installed      torch 2.13.0
  not installed  jax"""

MISSING_TEXT = """\
native core
  in use     no, NumPy computes: it was not built when deconvs was installed
  to get it  a C++20 compiler, GCC or Clang: apt install g++, dnf install gcc-c++, or xcode-select --install
  then run   DECONVS_REQUIRE_NATIVE=1 python -m pip install deconvs

machine
  caches  not told
  NumPy   2.4.6, BLAS not told
  set     DECONVS_ISA=mmx

beside it
  installed      none of these
  not installed  jax

wrong
  no such instruction set"""


def test_the_text_of_a_core_in_use() -> None:
    assert HEALTH.text() == BUILT_TEXT
    assert HEALTH.healthy
    forced = {"DECONVS_ISA": "avx2", "DECONVS_NUM_THREADS": "3"}
    text = replace(HEALTH, environment=forced, core=replace(BUILT, quota=None)).text()
    assert "used              avx2, by DECONVS_ISA\n" in text
    assert "threads           3, by DECONVS_NUM_THREADS (8 by affinity, no quota)\n" in text


def test_the_text_without_the_core() -> None:
    without = replace(
        HEALTH,
        core=MISSING,
        caches={},
        blas=(),
        installed={"jax": None},
        environment={"DECONVS_ISA": "mmx"},
        problems=("no such instruction set",),
    )
    assert without.text().split("\n\n", 1)[1] == MISSING_TEXT
    assert not without.healthy
    assert not replace(HEALTH, core=MISSING).healthy
    assert replace(HEALTH, core=replace(MISSING, disabled=True)).healthy


@pytest.fixture
def plain_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("DECONVS_") and name != "DECONVS_TESTED"]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("plain_settings")
def test_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    core = native.load()
    assert run(["doctor", "--json"]) == (1 if core is None else 0)
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == dc.__version__
    assert told["python"].startswith(platform.python_version())
    assert told["numpy"] == np.__version__
    assert told["installed"]["torch"] == metadata.version("torch")
    assert told["installed"]["tensorflow"] == metadata.version("tensorflow-cpu")
    assert tuple(told["installed"]) == FRAMEWORKS
    assert any("blas" in blas for blas in told["blas"])
    assert all(2**12 <= size < 2**34 for size in told["caches"].values())
    assert told["problems"] == []
    if core is not None:
        assert told["core"]["path"] == core.__file__
        assert set(told["core"]["available"]) <= set(told["core"]["compiled"])
        assert told["core"]["chosen"] == told["core"]["available"][-1]
        assert told["core"]["threads"] >= 1
    assert run(["doctor"]) == (1 if core is None else 0)
    assert capsys.readouterr().out == examine().text() + "\n"


@pytest.mark.usefixtures("plain_settings")
def test_without_the_core(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(native, "_imported", lambda: (None, "it cannot be loaded: too old"))
    assert native.load() is None
    assert run(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "in use     no, NumPy computes: it cannot be loaded: too old\n" in told
    assert f"then run   {native.how_to_get()}\n" in told
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    assert native.why_not() == "disabled by DECONVS_NATIVE=0"
    assert run(["doctor"]) == 0
    assert "then run" not in capsys.readouterr().out


@pytest.mark.usefixtures("plain_settings")
def test_wrong_settings_are_told_beside_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DECONVS_NATIVE", "yes")
    assert run(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "native core is either used or not: DECONVS_NATIVE=yes; set it to 0 or 1, or not at all" in told
    assert f"NumPy   {np.__version__}" in told

    def refused() -> Any:
        raise dc.GeometryError("no such instruction set", "DECONVS_ISA=mmx", "unset it, or use one of baseline")

    core = SimpleNamespace(
        __file__="core.so",
        compiler=lambda: "GCC",
        compiled=lambda: ["baseline"],
        available=lambda: ["baseline"],
        chosen=refused,
        default_threads=lambda: 2,
        thread_limits=lambda: (0, 2, 0),
    )
    monkeypatch.setattr(native, "_imported", lambda: (core, None))
    monkeypatch.setenv("DECONVS_NATIVE", "1")
    assert run(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "\nwrong\n  no such instruction set: DECONVS_ISA=mmx; unset it, or use one of baseline\n" in told
    assert "threads           2, as many as can run at once (2 by affinity, no quota)\n" in told


def test_it_imports_no_framework() -> None:
    code = (
        "import sys; from deconvs.doctor import FRAMEWORKS, examine; examine()\n"
        "print(sorted({*FRAMEWORKS} & {*sys.modules}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "['threadpoolctl']\n"


def test_the_notice_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_imported", lambda: (None, "it was not built when deconvs was installed"))
    monkeypatch.setattr(native, "_told", False)
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    native.tell_once()  # whoever switches it off needs no notice
    monkeypatch.delenv("DECONVS_NATIVE")
    with pytest.warns(UserWarning, match="the native core of deconvs is missing") as told:
        native.tell_once(stacklevel=1)
    assert [warning.filename for warning in told] == [__file__]
    native.tell_once()  # a warning would fail the test
