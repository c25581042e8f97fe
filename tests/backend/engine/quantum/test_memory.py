"""What fits: the estimate is pure and tested with cards and machines that are not here; admission uses the memory that
is really free.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backend.engine.quantum import machine, memory
from backend.http.errors import ApiProblem
from tests.backend.engine.quantum.programs import ghz, turned

GIB = 1 << 30
MIB = 1 << 20
GTX_1650 = 4 * GIB


def circuit(qubits: int, precision: str = "double", method: str = "statevector", shots: int = 1024) -> memory.Circuit:
    return memory.Circuit(qubits, qubits, 100, shots, precision, method)


@pytest.mark.parametrize("free", [GTX_1650, int(3.7 * GIB)])  # all of it, and what a desktop leaves
def test_a_free_card_of_4_gb_takes_27_qubits_in_double_and_28_in_single_precision(free):
    assert memory.most_qubits(free, "double", "gpu") == 27
    assert memory.most_qubits(free, "single", "gpu") == 28
    assert memory.admit(circuit(27), "gpu", free) <= free
    assert memory.admit(circuit(28, "single"), "gpu", free) <= free
    for too_many in (circuit(28), circuit(29, "single")):
        with pytest.raises(ApiProblem):
            memory.admit(too_many, "gpu", free)


def test_what_does_not_fit_is_told_with_its_numbers_and_what_would():
    with pytest.raises(ApiProblem) as refused:
        memory.admit(circuit(28), "gpu", GTX_1650)
    problem = refused.value
    assert problem.status == 422
    assert problem.more["needed_bytes"] > problem.more["free_bytes"] == GTX_1650
    assert (
        problem.more["qubits"],
        problem.more["precision"],
        problem.more["most_qubits"],
        problem.more["most_qubits_single"],
    ) == (28, "double", 27, 28)
    assert problem.fix == "use precision single or at most 27 qubits"


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("free", [100 * MIB, GIB, 1700 * MIB, 20 * GIB])
def test_the_most_qubits_that_are_named_fit_and_one_more_does_not(precision, device, free):
    other = memory.beside(circuit(1, precision))
    most = memory.most_qubits(free, precision, device, other)
    assert memory.needed(circuit(most + 1, precision), device) > free
    assert (
        not most or memory.needed(circuit(most, precision), device) <= free + 1024 * 2 * 64
    )  # outcomes are a little longer than those of one qubit


def test_each_qubit_doubles_a_statevector_and_hardly_enlarges_a_tableau():
    assert memory.needed(circuit(27), "cpu") - memory.needed(circuit(26), "cpu") == pytest.approx(
        memory.AMPLITUDE["double"] * (1 << 26) * 1.05, rel=0.01
    )
    assert memory.needed(circuit(5000, method="stabilizer"), "cpu") < 200 * MIB
    assert memory.needed(circuit(5000), "cpu") == memory.CEILING


def test_a_million_shots_of_many_outcomes_count_as_memory_too():
    assert memory.needed(circuit(24, shots=1_000_000), "cpu") - memory.needed(circuit(24), "cpu") > 400 * MIB
    assert memory.needed(circuit(3, shots=1_000_000), "cpu") < 50 * MIB


def test_a_circuit_that_is_too_large_for_this_machine_is_refused_with_the_numbers(ask):
    status, body = ask(turned(40))
    assert status == 422
    assert body["needed_bytes"] > body["free_bytes"] > 0
    assert body["needed_bytes"] >= 16 << 40
    assert (body["qubits"], body["precision"], body["method"], body["device"]) == (40, "double", "statevector", "cpu")
    assert str(body["most_qubits"]) in body["fix"] and str(body["most_qubits_single"]) in body["fix"]


def test_more_qubits_than_a_method_runs_are_refused(ask):
    status, body = ask(turned(100))
    assert (status, body["most_qubits"], body["qubits"]) == (422, 40, 100)
    assert "matrix_product_state" in body["fix"]
    assert ask(ghz(40), method="statevector")[0] == 422


def test_admission_counts_the_memory_that_is_really_free(ask):
    """Other processes take and give memory as well, a GB at once in these tests: then the difference is measured again."""
    program, drops = turned(40), []
    for _ in range(5):
        before = ask(program)[1]["free_bytes"]
        ballast = np.ones(min(before // 4, 3 * GIB // 2), dtype=np.uint8)
        drops.append((before - ask(program)[1]["free_bytes"]) / ballast.nbytes)
        if drops[-1] > 1 / 2:
            break
        del ballast
    assert drops[-1] > 1 / 2, drops


def host(root: Path, available: int, cgroup: str, files: dict[str, int | str]) -> Path:
    """Make the files of a machine with `available` bytes of memory."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: {8 * GIB // 1024} kB\nMemAvailable: {available // 1024} kB\n")
    (root / "proc/self/cgroup").write_text(cgroup)
    for name, content in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return root


def test_free_memory_is_what_the_machine_has_less_a_reserve_for_the_others(tmp_path):
    assert machine.free_ram(host(tmp_path, 6 * GIB, "0::/\n", {})) == 6 * GIB - machine.MACHINE_RESERVE


def test_the_limit_of_the_unit_is_kept(tmp_path):
    unit = "omnimind.slice/omnimind-engine.service"
    files = {
        f"{unit}/memory.max": 2560 * MIB,
        f"{unit}/memory.high": "max",
        f"{unit}/memory.current": 900 * MIB,
        f"{unit}/memory.stat": f"anon 1\ninactive_file {300 * MIB}",
        "omnimind.slice/memory.max": "max",
        "omnimind.slice/memory.current": 5 * GIB,
    }
    free = machine.free_ram(host(tmp_path, 6 * GIB, f"0::/{unit}\n", files))
    assert free == (2560 - 900 + 300) * MIB - machine.GROUP_RESERVE  # file cache is no use


def test_the_narrowest_of_the_groups_above_is_what_counts(tmp_path):
    files = {
        "a/memory.max": GIB,
        "a/memory.current": 900 * MIB,
        "a/b/memory.max": 4 * GIB,
        "a/b/memory.high": 3 * GIB,
        "a/b/memory.current": 0,
    }
    assert machine.free_ram(host(tmp_path, 6 * GIB, "0::/a/b\n", files)) == 0


def test_control_groups_of_version_1_are_read_too(tmp_path):
    files = {
        "memory/box/memory.limit_in_bytes": 2 * GIB,
        "memory/box/memory.usage_in_bytes": GIB,
        "memory/box/memory.stat": f"inactive_file 1\ntotal_inactive_file {512 * MIB}",
        "memory/memory.limit_in_bytes": 9223372036854771712,
        "memory/memory.usage_in_bytes": 7 * GIB,
    }
    free = machine.free_ram(host(tmp_path, 6 * GIB, "5:cpu:/box\n4:memory:/box\n0::/\n", files))
    assert free == GIB + 512 * MIB - machine.GROUP_RESERVE
