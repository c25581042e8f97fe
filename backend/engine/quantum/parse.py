"""Parser from OpenQASM 2 and 3 to Qiskit circuits, in the child. An `include` never reads a file."""

from __future__ import annotations

import re
from collections.abc import Callable

from qiskit import QuantumCircuit, qasm2, qasm3

from backend.engine.quantum.source import check, defined
from backend.http.errors import ApiProblem

QASM2_PLACE = re.compile(r'^"?<input>:(\d+),(\d+): ?(.*?)"?$', re.DOTALL)
QASM3_PLACE = re.compile(r"^[\"']*L?(\d+)[:,]C?(\d+): ?(.*?)[\"']*$", re.DOTALL)
INCLUDES = {2: "qelib1.inc", 3: "stdgates.inc"}


def parse(source: str) -> tuple[QuantumCircuit, int]:
    """Return the circuit and its OpenQASM version. Raises 422 with line and column (from 1) where they are known."""
    version = check(source)
    reader: Callable[[str], QuantumCircuit] = _qasm2 if version == 2 else _qasm3
    try:
        circuit = reader(source)
    except ApiProblem:
        raise
    except RecursionError:
        raise _refused(version, "it is nested too deeply", {}) from None
    except Exception as error:  # on invalid programs, the importers raise IndexError, TypeError and others
        raise _refused(version, *_message(error)) from error
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise _refused(version, f"it has inputs without a value: {names}", {})
    return circuit, version


def _qasm2(source: str) -> QuantumCircuit:
    """Parse OpenQASM 2, with the gates that Qiskit's own exporter assumes (sx, swap, p, …).

    A gate that the source defines overrides this list; otherwise the parser would silently use its own. Without a
    search path, the only include found is the built-in qelib1.inc, so "/etc/passwd" is refused.
    """
    overridden = defined(source) | {"delay"}
    instructions = [gate for gate in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if gate.name not in overridden]
    return qasm2.loads(
        source, include_path=(), custom_instructions=instructions, custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL
    )


def _qasm3(source: str) -> QuantumCircuit:
    """Parse OpenQASM 3. The importer refuses every include except the built-in stdgates.inc."""
    return qasm3.loads(source)


def _message(error: Exception) -> tuple[str, dict[str, object]]:
    """Return an importer's message and its position (line and column from 1)."""
    text = str(error).strip("'")
    for pattern in (QASM2_PLACE, QASM3_PLACE):
        if match := pattern.match(text):
            return match[3], {"line": int(match[1]), "column": int(match[2]) + 1}
    cause = error.__cause__.args[0] if error.__cause__ is not None and error.__cause__.args else None
    token = getattr(cause, "offendingToken", None)  # ANTLR's bail-out strategy does not put this into its message
    if token is not None:
        unexpected = "the end" if token.text == "<EOF>" else repr(token.text)
        return f"{unexpected} is not expected here", {"line": int(token.line), "column": int(token.column) + 1}
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, {}


def _refused(version: int, detail: str, place: dict[str, object]) -> ApiProblem:
    where = f"line {place['line']}, column {place['column']}: " if place else ""
    fix = f"correct the OpenQASM {version} source; the only file it may include is {INCLUDES[version]}"
    return ApiProblem(422, "the circuit cannot be read", f"{where}{detail}", fix=fix, more=place)
