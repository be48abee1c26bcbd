"""20,000 random geometries, bit for bit; see tests/sweep.py."""

from __future__ import annotations

import pytest

from .cases import KINDS, cases
from .sweep import CHUNK, check_chunk

CHUNKS = 20


@pytest.mark.parametrize("number", range(CHUNKS))
def test_views_oracles_operator_and_adjoint_agree(number: int) -> None:
    found = check_chunk(number)
    assert found.total() >= CHUNK
    assert [kind for kind in KINDS if not found[kind]] == []


def test_the_sweep_is_at_least_twenty_thousand_geometries_and_they_differ() -> None:
    assert CHUNKS * CHUNK >= 20_000
    geometries = {(case.geometry, case.inputs[0].shape) for case in cases(0, 500)} | {
        (case.geometry, case.inputs[0].shape) for case in cases(1, 500)
    }
    assert len(geometries) > 950
