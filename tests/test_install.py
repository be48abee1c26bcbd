"""Installing where there is no C++ compiler, or one that fails: it succeeds, NumPy computes, and that is said once."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

USED = """
import warnings
from pathlib import Path
import numpy as np
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    import deconvs as dc
    x, w = np.array([[[1.0, 2], [3, 4]]]), np.arange(1.0, 10).reshape(1, 1, 3, 3)
    g = dc.ConvTranspose((3, 3), stride=2)
    op = g.prepare(w)
    for y in (dc.conv_transpose(x, w, stride=2), op(x), op(x)):
        assert (y == g.plan("scatter").run(x, w)).all(), y
print(Path(dc.__file__).parents[1])
for warning in told:
    print(f"{Path(warning.filename).name} {warning.category.__name__}: {warning.message}")
"""

TOLD = (
    "<string> UserWarning: the native core of deconvs is missing, so NumPy computes, more slowly: "
    "it was not built when deconvs was installed; deconvs doctor says how to get it"
)


@pytest.fixture(params=["hidden", "failing"])
def bare(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Path:
    """An environment into which deconvs was installed without a compiler; what it needs is lent by this one."""
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare/bin/python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(tmp_path / "bare")}))
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "lent.pth").write_text("\n".join(sorted(lent)))
    empty = tmp_path / "empty"
    empty.mkdir()
    compiler = {"PATH": str(empty)} if request.param == "hidden" else {"CXX": "/bin/false", "CC": "/bin/false"}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"),
            *("--no-deps", "--no-index", "--no-build-isolation", "--force-reinstall", "--verbose", str(root)),
        ],
        env={**cleared(), **compiler},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    told = result.stdout + result.stderr
    assert "py3-none-any" in told
    assert ("no C++ compiler found" in told) == (request.param == "hidden")
    assert ("retrying due to override" in told) == (request.param == "failing")
    return python


def cleared() -> dict[str, str]:
    """The environment without what says where the package is and how it is used."""
    return {
        name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("DECONVS_")
    }


def run(python: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), *arguments],
        env={**cleared(), **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_it_installs_without_a_compiler_and_says_so(bare: Path, root: Path) -> None:
    used = run(bare, "-c", USED)
    assert used.returncode == 0, used.stderr
    place, *told = used.stdout.splitlines()
    assert Path(place).is_relative_to(bare.parents[1])
    assert told == [TOLD]

    meant = run(bare, "-c", USED, DECONVS_NATIVE="0")
    assert meant.returncode == 0, meant.stderr
    assert len(meant.stdout.splitlines()) == 1, "who switches the core off needs no notice"

    doctor = run(bare, "-m", "deconvs", "doctor")
    assert doctor.returncode == 1
    assert "in use     no, NumPy computes: it was not built when deconvs was installed\n" in doctor.stdout
    assert f"DECONVS_REQUIRE_NATIVE=1 {bare} -m pip install" in doctor.stdout
    assert doctor.stdout.split("then run")[1].splitlines()[0].endswith(f" {root}")


def test_a_core_can_be_required(root: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--wheel-dir", str(tmp_path)),
            *("--no-deps", "--no-index", "--no-build-isolation", str(root)),
        ],
        env={**cleared(), "DECONVS_REQUIRE_NATIVE": "1", "CXX": "/bin/false"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode != 0
    assert list(tmp_path.iterdir()) == []
