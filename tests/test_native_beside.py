"""The core beside others in one process: several Python threads with one operator, forks, PyTorch; memory it keeps."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deconvs as dc

from .native_cases import CORE, FEWER, KERNELS, NEEDS_CORE, assert_same, data, prepared, scattered

pytestmark = NEEDS_CORE

G = dc.ConvTranspose((4, 4), 2, 1)
SANITIZED = os.environ.get("DECONVS_SANITIZED", "")


def at_once(*works: Callable[[], None], timeout: float = 60.0) -> None:
    """Run each in a thread of its own; none may fail or hang."""
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    workers = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout)
        assert not worker.is_alive(), "a thread hangs"
    if failed:
        raise failed[0]


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_operator_in_several_threads(kernel: str) -> None:
    """Also while it meets sizes and types for the first time, and packs its weights."""
    _, w, bias = data(G, 1, (9, 7), (1, 1), "float32")
    inputs = [
        data(G, batch, (9, 7), (n, n + 3), dtype)[0]
        for batch in (1, 3)
        for n in (5, 17, 40)
        for dtype in ("float32", "float64")
    ]
    expected = [scattered(G, x, w.astype(x.dtype), bias) for x in inputs]
    for _ in range(max(1, 4 // FEWER)):
        op = prepared(G, w, bias, kernel)

        def work(first: int, op: Any = op) -> None:
            for turn in range(2 * len(inputs)):
                number = (first + turn) % len(inputs)
                assert_same(op(inputs[number], threads=1 + turn % 3), expected[number], (kernel, number))

        at_once(*(lambda first=first: work(first) for first in range(4)))


def _in_child(op: Any) -> bool:
    x, w, bias = data(G, 4, (6, 40), (30, 30), "float32", 3)
    return all(np.array_equal(op(x, threads=threads), scattered(G, x, w, bias)) for threads in (1, 2, 3, 2))


@pytest.mark.filterwarnings("ignore:.*multi-?threaded.*fork:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="the system has no fork")
@pytest.mark.skipif(SANITIZED == "thread", reason="ThreadSanitizer takes no new threads after a fork")
def test_operators_work_in_forked_processes() -> None:
    """With operators, plans, scratch memory and large results that the parent has used and let go."""
    x, w, bias = data(G, 4, (6, 40), (30, 30), "float32", 3)
    operators = {kernel: prepared(G, w, bias, kernel) for kernel in KERNELS}
    for op in operators.values():
        assert _in_child(op)
    gc.collect()
    context = multiprocessing.get_context("fork")
    for op in operators.values():
        answers = context.Queue()
        child = context.Process(target=lambda op=op, answers=answers: answers.put(_in_child(op)))
        child.start()
        assert answers.get(timeout=60)
        child.join(60)
        assert child.exitcode == 0
        assert np.array_equal(op(x, threads=2), scattered(G, x, w, bias))


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
@pytest.mark.skipif(bool(SANITIZED), reason="sanitizers keep freed memory for a while")
def test_memory_that_is_kept_is_bounded() -> None:
    """Results of many sizes: blocks that were let go are kept for the next, but only so many."""
    _, w, bias = data(G, 1, (1, 8), (1, 1), "float32")
    op = G.prepare(w, bias)
    op(np.zeros((1, 1, 200, 200), np.float32))
    before = resident()
    for n in range(300, 500, 10):  # of 12 to 32 MB, 400 MB in all
        op(np.zeros((1, 1, n, n), np.float32))
    assert resident() - before < 300 * 2**20
    for _ in range(10):  # several held at once, let go in another order
        held = [op(np.zeros((1, 1, n, n), np.float32)) for n in (200, 320, 200, 440, 320)]
        del held[2], held[0], held
    assert resident() - before < 300 * 2**20


def test_scratch_memory_is_as_small_as_is_said() -> None:
    """Beside x, weights and result at most a quarter of x and y, or a MiB a thread; what a call asks for is told."""
    for g, channels, size in (
        (G, (64, 32), (64, 64)),
        (G, (512, 256), (8, 8)),
        (G, (1024, 64), (16, 16)),
        (dc.ConvTranspose((3, 3, 3), 2), (512, 64), (3, 3, 255)),
        (dc.ConvTranspose((3, 3), 1, 1), (64, 64), (56, 56)),
        (dc.ConvTranspose((16,), 8, 4), (256, 128), (400,)),
        (dc.ConvTranspose((1024,), 256), (513, 1), (200,)),
        (dc.ConvTranspose((4, 4, 4), 2, 1), (32, 16), (16, 16, 16)),
    ):
        outputs = 4 * channels[1] * int(np.prod(g.output_size(size)))
        inputs = 4 * channels[0] * int(np.prod(size))
        for kernel in (None, *KERNELS):
            op = prepared(g, np.zeros((*channels, *g.kernel_size), np.float32), None, kernel)
            if op is None:
                continue
            for threads in (1, 2, 8):
                needed = op.workspace_bytes((1, channels[0], *size), threads)
                # Tables, alignment and room to read beyond an end come on top.
                allowed = 1.05 * max((inputs + outputs) / 4, threads * 2**20)
                assert needed <= allowed, (g, channels, size, threads, kernel, needed / allowed)
                choice = op.choose((1, channels[0], *size), threads=threads)
                if choice is not None and choice.kernel == "toom":
                    # The planner knows what the core will ask for, but for tables.
                    each = needed / min(threads, choice.threads, choice.tiling.jobs)
                    assert choice.tiling.bytes - 2**13 <= each <= choice.tiling.bytes + 2**13


BESIDE = """
import os, threading
import numpy as np, torch
import deconvs as dc
torch.set_num_threads(2)
g = dc.ConvTranspose((4, 4), 2, 1)
rng = np.random.default_rng(1)
x = rng.integers(-3, 4, (2, 16, 33, 35)).astype(np.float32)
w = rng.integers(-3, 4, (16, 12, 4, 4)).astype(np.float32)
tx, tw = torch.from_numpy(x), torch.from_numpy(w)
theirs = torch.nn.functional.conv_transpose2d(tx, tw, stride=2, padding=1)
operators = [g.prepare(w, kernel=kernel) for kernel in ("phase", "union", "gemm", "toom")]
ours = [op(x, threads=2) for op in operators]
assert all(np.array_equal(y, theirs.numpy()) for y in ours)
wrong = []

def work(number):
    for turn in range(TURNS):
        if (turn + number) % 2:
            same = torch.equal(torch.nn.functional.conv_transpose2d(tx, tw, stride=2, padding=1), theirs)
        else:
            op = operators[turn % 3]
            same = np.array_equal(op(x, threads=1 + turn % 3), ours[0])
            same = same and np.array_equal(dc.conv_transpose(x, w, stride=2, padding=1), ours[0])
            same = same and torch.equal(op(tx), theirs)
        if not same:
            wrong.append((number, turn))

callers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for caller in callers: caller.start()
for caller in callers: caller.join()
assert not wrong, wrong
if os.path.exists("/proc/self/task"):
    print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(bool(SANITIZED), reason="PyTorch is not built for sanitizers")
def test_beside_pytorch() -> None:
    """No deadlock, the same results, and no more threads than PyTorch's and one pool of ours need."""
    pytest.importorskip("torch")
    result = subprocess.run(
        [sys.executable, "-c", BESIDE.replace("TURNS", "8")], capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 0, result.stderr
    # The main thread; PyTorch: two a caller, and some of its own; ours: at most two, for calls of three threads.
    if result.stdout:
        assert int(result.stdout) <= 12 + 2 * (os.cpu_count() or 1), result.stdout


def test_an_operator_keeps_its_weights() -> None:
    """Whenever it packs them: for the first size, another type, another kernel."""
    x, w, bias = data(G, 2, (5, 6), (9, 8), "float32")
    expected = scattered(G, x, w, bias)
    for kernel in (*KERNELS, None):
        given_w, given_bias = w.copy(), bias.copy()
        op = G.prepare(given_w, given_bias, kernel=kernel)
        given_w[...], given_bias[...] = np.nan, np.nan
        assert_same(op(x), expected, kernel)
        assert_same(op(x.astype(np.float64)), expected, kernel)
        assert_same(op(np.concatenate([x] * 3)), np.concatenate([expected] * 3), kernel)
    assert CORE.default_threads() >= 1


def test_the_first_call_from_several_threads_at_once() -> None:
    """Everything that is made late is made once, or twice and alike: in a process that has not computed yet."""
    code = (
        "import threading, numpy as np, deconvs as dc\n"
        "x = np.arange(2 * 64 * 20 * 20, dtype=np.float32).reshape(2, 64, 20, 20) % 5\n"
        "w = np.arange(64 * 48 * 16, dtype=np.float32).reshape(64, 48, 4, 4) % 7\n"
        "found = []\n"
        "gate = threading.Barrier(4)\n"
        "def work():\n"
        "    gate.wait()\n"
        "    found.append(dc.conv_transpose(x, w, stride=2, padding=1, threads=2))\n"
        "callers = [threading.Thread(target=work) for _ in range(4)]\n"
        "[caller.start() for caller in callers]; [caller.join() for caller in callers]\n"
        "assert len(found) == 4 and all(np.array_equal(found[0], y) for y in found)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
