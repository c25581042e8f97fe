"""Circuits that the tests run."""

from __future__ import annotations

HEAD2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
HEAD3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
BELL = HEAD2 + "qreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n"
BELL3 = HEAD3 + "qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n"
ENDLESS = HEAD3 + "qubit q;\nbit c;\nwhile (!c) { c = measure q; }\n"
"""Its qubit is 0 each time: the loop never ends, and needs no memory."""


def ghz(qubits: int) -> str:
    """Return a chain in which all qubits agree."""
    chain = "".join(f"cx q[{at}],q[{at + 1}];\n" for at in range(qubits - 1))
    return HEAD2 + f"qreg q[{qubits}];\ncreg c[{qubits}];\nh q[0];\n{chain}measure q -> c;\n"


def turned(qubits: int) -> str:
    """Return a circuit of rotations, not Clifford, that leaves every outcome possible."""
    turns = "".join(f"ry({0.1 + at / 7}) q[{at}];\n" for at in range(qubits))
    return HEAD2 + f"qreg q[{qubits}];\ncreg c[{qubits}];\n{turns}measure q -> c;\n"


def fourier(qubits: int, number: int) -> str:
    """Return the quantum Fourier transform of |number>, whose amplitudes are known in closed form."""
    flips = "".join(f"x q[{at}];\n" for at in range(qubits) if number >> at & 1)
    steps = []
    for target in reversed(range(qubits)):
        steps.append(f"h q[{target}];")
        steps += [f"cp(pi/{1 << (target - control)}) q[{control}],q[{target}];" for control in range(target)]
    swaps = "".join(f"swap q[{at}],q[{qubits - 1 - at}];\n" for at in range(qubits // 2))
    return HEAD2 + f"qreg q[{qubits}];\n" + flips + "\n".join(steps) + "\n" + swaps


def doubling(head: str, register: str, levels: int, body: str = "x q; x q;") -> str:
    """Return a short program of 2^levels gates: each gate is the one before, twice."""
    levels_text = "".join(f"gate g{at} q {{ g{at - 1} q; g{at - 1} q; }}\n" for at in range(1, levels))
    return head + f"gate g0 q {{ {body} }}\n" + levels_text + f"{register}\ng{levels - 1} q;\n"
