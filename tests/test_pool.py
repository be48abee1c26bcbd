"""The native core's threads as Python meets them: how many, in forked processes, beside other threads."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import deconvs as dc
from deconvs.run import native

CORE = native.load()
pytestmark = pytest.mark.skipif(CORE is None, reason=f"no native core: {native.why_not()}")

RNG = np.random.default_rng(20)
X = RNG.standard_normal((2, 8, 17, 19)).astype(np.float32)
W = RNG.standard_normal((8, 6, 4, 4)).astype(np.float32)


def computed(threads: int) -> Any:
    return dc.conv_transpose(X, W, stride=2, padding=1, threads=threads)


def test_the_number_of_threads_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 7, 1024):
        monkeypatch.setenv("DECONVS_NUM_THREADS", str(number))
        assert CORE.default_threads() == number
        assert CORE.thread_limits()[0] == number
    for wrong in ("0", "-1", "1025", "two", "2 ", "2.0", "99999999999999999999"):
        monkeypatch.setenv("DECONVS_NUM_THREADS", wrong)
        with pytest.raises(dc.GeometryError) as caught:
            CORE.default_threads()
        assert str(caught.value) == (
            f"the number of threads is not one: DECONVS_NUM_THREADS={wrong}; unset it, or use an integer from 1 to 1024"
        )
        assert caught.value.fix == "unset it, or use an integer from 1 to 1024"
    for unset in (None, ""):
        monkeypatch.setenv("DECONVS_NUM_THREADS", "") if unset == "" else monkeypatch.delenv("DECONVS_NUM_THREADS")
        assert 1 <= CORE.default_threads() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_affinity_is_respected() -> None:
    code = (
        "import os; os.environ.pop('DECONVS_NUM_THREADS', None); from deconvs.run import native\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(native.load().default_threads())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "1\n"


PLACED = """
import os, time
import numpy as np
import deconvs as dc

rng = np.random.default_rng(0)
x, w = (rng.standard_normal(shape, dtype=np.float32) for shape in ((1, 64, 48, 48), (64, 32, 4, 4)))
op = dc.ConvTranspose((4, 4), stride=2, padding=1).prepare(w)

def helpers():
    time.sleep(0.05)  # they fall asleep, and are placed when they are woken
    op(x, threads=3)
    tasks = {int(task): open(f"/proc/self/task/{task}/comm").read().strip() for task in os.listdir("/proc/self/task")}
    return [os.sched_getaffinity(task) for task, name in tasks.items() if name == "deconvs"]

op(x, threads=3)
mine = os.sched_getaffinity(0)
assert op.choose(x.shape, "float32", 3).threads == 3
found = helpers()
assert len(found) == 2 and all(one <= mine and len(one) == max(1, len(mine) - 1) for one in found), (mine, found)
os.sched_setaffinity(0, {min(mine)})
found = helpers()
assert found == [{min(mine)}] * 2, found
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_helpers_wake_beside_their_caller_on_processors_of_its_own() -> None:
    """Not on the caller's processor, where the two would take turns, and on none that the caller may not use."""
    result = subprocess.run([sys.executable, "-c", PLACED], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_the_instruction_set_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    available = CORE.available()
    assert available[0] == "baseline"
    for isa in available:
        monkeypatch.setenv("DECONVS_ISA", isa)
        assert CORE.chosen() == isa
    for wrong, what in (
        ("mmx", "no such instruction set"),
        ("neon", "this machine, or this build, lacks the instruction set"),
        ("avx512", "this machine, or this build, lacks the instruction set"),
    ):
        if wrong not in available:
            monkeypatch.setenv("DECONVS_ISA", wrong)
            with pytest.raises(dc.GeometryError) as caught:
                CORE.chosen()
            fix = f"unset it, or use one of {', '.join(available)}"
            assert str(caught.value) == f"{what}: DECONVS_ISA={wrong}; {fix}"
    monkeypatch.delenv("DECONVS_ISA")
    assert CORE.chosen() == available[-1]


# Newer Pythons warn of every fork in a process with threads: that it works is what is tested.
@pytest.mark.filterwarnings("ignore:.*multi-?threaded.*fork:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the system has no fork")
@pytest.mark.skipif(
    os.environ.get("DECONVS_SANITIZED") == "thread", reason="ThreadSanitizer takes no new threads after a fork"
)
def test_forked_processes_compute() -> None:
    """As a DataLoader's workers do, which are forked while the parent's threads sleep in the pool, or work in it."""
    expected = computed(2)
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            computed(3)

    def check_workers() -> None:
        with multiprocessing.get_context("fork").Pool(2) as workers:
            answers = workers.map_async(computed, [1, 2, 3, 4]).get(timeout=60)
        assert all((answer == expected).all() for answer in answers)

    check_workers()
    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        check_workers()
    finally:
        stop.set()
        busy.join()
    assert (computed(4) == expected).all()


def test_python_threads_side_by_side() -> None:
    expected = computed(1)
    wrong = []

    def many() -> None:
        wrong.extend(threads for threads in (1, 2, 3, 4) * 10 if not (computed(threads) == expected).all())

    callers = [threading.Thread(target=many) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
        assert not caller.is_alive()
    assert wrong == []
