"""How pip builds deconvs: scikit-build-core, and two things that it does not do.

    pip install .              compiles the core; where that fails, pyproject.toml has the install go on without it
    pip install --editable .   the same, with the core put beside the Python files in src/deconvs

* Where there is no C++ compiler, nothing is tried, and CMake and Ninja are not fetched in order to find that out.
* An editable install is one plain line, the path of src/, as other backends write it. scikit-build-core would put an
  import hook before all else in every Python process: the package could then not be replaced by PYTHONPATH, as the
  tests of seeded mistakes do, and new modules would not be found until the next install.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from scikit_build_core import build as scikit_build

build_sdist = scikit_build.build_sdist
get_requires_for_build_sdist = scikit_build.get_requires_for_build_sdist

SOURCES = Path(__file__).resolve().parents[1] / "src"
# There is no hook for metadata: the wheel's own tags are known only when the core has been compiled, or has not. pip
# then takes the metadata from the wheel, which is built once.


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    return scikit_build.get_requires_for_build_wheel(_settings(config_settings))


get_requires_for_build_editable = get_requires_for_build_wheel


def build_wheel(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    return scikit_build.build_wheel(wheel_directory, _settings(config_settings), metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    with TemporaryDirectory() as folder:
        name = build_wheel(folder, config_settings)
        with ZipFile(Path(folder, name)) as built, ZipFile(Path(wheel_directory, name), "w", ZIP_DEFLATED) as wheel:
            _point_here(built, wheel)
    return name


def _settings(given: dict[str, Any] | None) -> dict[str, Any]:
    """The caller's settings; without a compiler also that there is nothing to compile."""
    if _has_compiler() or os.environ.get("DECONVS_REQUIRE_NATIVE"):
        return dict(given or {})
    print("deconvs: no C++ compiler found, installing without the native core")
    return {"wheel.cmake": "false", **(given or {})}


def _has_compiler() -> bool:
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    # Windows: Visual Studio is found in its own ways, by CMake.
    return sys.platform == "win32" or any(shutil.which(name.split()[0]) for name in names)


def _point_here(built: ZipFile, wheel: ZipFile) -> None:
    """Put the core of a built wheel into src/deconvs, and write the wheel that makes src/ importable."""
    # One of an earlier build goes even if there is none to take its place: it does not fit the Python files any more.
    (SOURCES / "deconvs" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}").unlink(missing_ok=True)
    record = []

    def add(name: str, content: bytes) -> None:
        digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(content)}")
        wheel.writestr(name, content)

    for name in built.namelist():
        folder, _, file = name.partition("/")
        if folder.endswith(".dist-info") and file != "RECORD":
            add(name, built.read(name))
        elif folder.endswith(".dist-info"):
            record_name = name
        elif file.startswith("_native."):
            built.extract(name, SOURCES)
    add("_deconvs_editable.pth", os.fsencode(f"{SOURCES}\n"))
    wheel.writestr(record_name, "\n".join([*record, f"{record_name},,", ""]))
