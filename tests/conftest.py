"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import deconvs

ROOT = Path(__file__).parents[1]


def pytest_sessionstart() -> None:
    """tests/test_mutants.py runs these files on copies of the package: make sure that the copy is what is tested."""
    tested = os.environ.get("DECONVS_TESTED")
    if tested is not None and Path(deconvs.__file__).parent != Path(tested):
        pytest.exit(f"testing {deconvs.__file__} instead of {tested}", returncode=3)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT
