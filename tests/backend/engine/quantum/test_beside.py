"""Beside embedding: a heavy circuit neither blocks nor kills the process that asked for it, and dies with it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

from backend.engine.quantum import Quantum
from tests.backend.engine.quantum.programs import BELL, ENDLESS, HEAD2

PARENT = """
import asyncio, sys
from backend.engine.quantum import Quantum

async def main(first, then):
    quantum = Quantum(state="/nonexistent")
    status, body = await quantum.run({"qasm": first})
    print(status, quantum.child.pid, flush=True)
    if then:
        asyncio.ensure_future(quantum.run({"qasm": then}))
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


def embed(rows: np.ndarray, weights: np.ndarray) -> float:
    """Multiply matrices, as embedding does: holds the processor, not the interpreter lock."""
    return float((rows @ weights).sum())


async def busy(counts: list[int], gaps: list[float]) -> None:
    """Embed without end in a thread, as the engine does, and note how long the loop was away."""
    generator = np.random.default_rng(1)
    rows, weights = generator.random((256, 384)), generator.random((384, 384))
    while True:
        began = time.monotonic()
        await asyncio.to_thread(embed, rows, weights)
        gaps.append(time.monotonic() - began)
        counts[0] += 1


def test_a_heavy_circuit_neither_blocks_nor_kills_embedding_in_the_same_process(tmp_path):
    async def story():
        quantum = Quantum(state=tmp_path)
        counts, gaps = [0], []
        await quantum.run({"qasm": BELL})
        work = asyncio.create_task(busy(counts, gaps))
        try:
            await asyncio.sleep(0.2)
            began, before = time.monotonic(), counts[0]
            gaps.clear()
            status, body = await quantum.run({"qasm": layers(22), "method": "statevector", "timeout_s": 500})
            took, done, longest = time.monotonic() - began, counts[0] - before, max(gaps)
            assert status == 200, body
            # Were the loop blocked, one piece of work would have lasted as long as the circuit, and none would have
            # been done beside it.
            assert done > 20, (done, took)
            assert longest < took / 2, (longest, took)
            print(f"{done} pieces of work in {took:.2f} s beside the circuit, longest {longest:.3f} s")
            # The kernel, short of memory, kills the child (its oom_score_adj is higher): the work goes on.
            job = asyncio.create_task(quantum.run({"qasm": ENDLESS}))
            await asyncio.sleep(0.3)
            before = counts[0]
            os.kill(quantum.child.pid, signal.SIGKILL)
            assert (await job)[0] == 503
            await asyncio.sleep(0.2)
            assert counts[0] > before
            assert not work.done()
        finally:
            work.cancel()
            await quantum.close()

    asyncio.run(story())


def layers(qubits: int) -> str:
    """Return three layers of entangling work, measured once at the end: seconds of a processor."""
    work = "".join(f"ry(0.3) q[{at}];\ncx q[{at}],q[{at + 1}];\n" for at in range(qubits - 1))
    return HEAD2 + f"qreg q[{qubits}];\n" + work * 3


def engine(then: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a process that runs a circuit and then perhaps another; return it and its child's process id."""
    command = (sys.executable, "-c", PARENT, BELL, then)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    )
    assert process.stdout is not None
    status, pid = process.stdout.readline().split()
    assert status == b"200"
    return process, int(pid)


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_no_child_outlives_the_engine_idle_or_in_the_middle_of_a_circuit():
    for then in ("", ENDLESS):
        process, child = engine(then)
        try:
            time.sleep(0.3)
            assert not ended(child)
        finally:
            process.kill()
            process.communicate()
        ends = time.monotonic() + 60
        while not ended(child):
            assert time.monotonic() < ends, "the child outlived its parent"
            time.sleep(0.02)


def test_asking_for_a_circuit_loads_no_qiskit_into_the_engine():
    code = "import sys, backend.engine.quantum as q; q.Quantum(state='/nonexistent').info(); print([m for m in sys.modules if m.split('.')[0] in ('qiskit', 'qiskit_aer', 'numpy', 'torch')])"
    result = subprocess.run(
        (sys.executable, "-c", code),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert result.stdout.strip() == "[]"
