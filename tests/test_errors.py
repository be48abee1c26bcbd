"""Every public error: what is wrong, the values, the fix; word for word."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import deconvs as dc
from deconvs import memory
from deconvs.run import native

from .messages import BY_NUMPY, BY_THE_CORE, MESSAGES, NAMES, SETTINGS


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=[code for code, _ in MESSAGES])
def test_message(code: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    must_say(code, message, monkeypatch)


@pytest.mark.parametrize(("code", "message"), BY_NUMPY, ids=[code for code, _ in BY_NUMPY])
def test_message_where_numpy_computes(code: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECONVS_NATIVE", "0")
    must_say(code, message, monkeypatch)


@pytest.mark.skipif(native.load() is None, reason=f"no native core: {native.why_not()}")
@pytest.mark.parametrize(("code", "message"), BY_THE_CORE, ids=[code for code, _ in BY_THE_CORE])
def test_message_where_the_core_computes(code: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    must_say(code, message, monkeypatch)


@pytest.mark.parametrize(("settings", "code", "message"), SETTINGS, ids=[str(one[0]) for one in SETTINGS])
def test_message_about_a_setting(
    settings: dict[str, str], code: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    must_say(code, message, monkeypatch)


def must_say(code: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 8 * 2**30)
    with pytest.raises(dc.GeometryError) as caught:
        eval(code, NAMES)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)
    # Refused by us, not by what we call: nothing deeper is chained to the error.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_three_parts_survive_copying_and_pickling() -> None:
    error = dc.GeometryError("stride is too small", "stride=0", "use an integer of at least 1")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (again.what, again.values, again.fix, str(again)) == (error.what, error.values, error.fix, str(error))


def test_huge_requests_are_refused_on_this_machine_too() -> None:
    """With the real memory: before anything is allocated, so at once."""
    with pytest.raises(dc.GeometryError, match="does not fit in memory"):
        dc.conv_transpose(np.ones((1, 1)), np.ones((1, 1, 3)), padding=((-(10**14), 0),))
    with pytest.raises(dc.GeometryError, match="does not fit in memory"):
        dc.ConvTranspose((3, 3)).coverage(10**8)
    ones = np.broadcast_to(np.int8(1), (1, 10**14))  # its largest element would take days to find
    with pytest.raises(dc.GeometryError, match="does not fit in memory"):
        dc.conv_transpose(ones, np.ones((1, 1, 3), np.int8))
    for view in dc.VIEWS:
        with pytest.raises(dc.GeometryError, match="does not fit in memory"):
            dc.ConvTranspose((3,)).plan(view).run(ones, np.ones((1, 1, 3), np.int8))


@pytest.mark.parametrize("available", [None, 2**60])
def test_what_is_free_may_be_unknown(monkeypatch: pytest.MonkeyPatch, available: int | None) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: available)
    memory.require_memory("x", (10**9,), 8)


def test_available_memory_is_plausible_and_heeds_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory.available_memory()
    assert free is not None
    assert 2**26 < free < 2**50
    monkeypatch.setattr(memory, "_meminfo_available", lambda: 10**12)
    monkeypatch.setattr(memory, "_cgroup_available", lambda: 10**9)
    assert memory.available_memory() == 10**9
    monkeypatch.setattr(memory, "_meminfo_available", lambda: None)
    monkeypatch.setattr(memory, "_cgroup_available", lambda: None)
    assert memory.available_memory() is not None
