"""OpenQASM 2 and 3 to a circuit of Qiskit, in the child; no file is ever read for an `include`."""

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
    """Return the circuit and the version of OpenQASM it was written in; raises a 422 with line and column (from 1)
    where they are known.
    """
    version = check(source)
    reader: Callable[[str], QuantumCircuit] = _qasm2 if version == 2 else _qasm3
    try:
        circuit = reader(source)
    except ApiProblem:
        raise
    except RecursionError:
        raise _refused(version, "it is nested too deeply", {}) from None
    except Exception as error:  # the importers raise IndexError, TypeError and others for faulty programs
        raise _refused(version, *_told(error)) from error
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise _refused(version, f"it has inputs without a value: {names}", {})
    return circuit, version


def _qasm2(source: str) -> QuantumCircuit:
    """Read OpenQASM 2 with the gates that Qiskit's own exporter takes for granted (sx, swap, p, …).

    A gate that the source defines itself is taken from there: for the names in this list the parser would silently put
    its own instead. Without a search path no include but qelib1.inc, which is built in, is found: not "/etc/passwd"
    either.
    """
    own = defined(source) | {"delay"}
    known = [gate for gate in qasm2.LEGACY_CUSTOM_INSTRUCTIONS if gate.name not in own]
    return qasm2.loads(
        source, include_path=(), custom_instructions=known, custom_classical=qasm2.LEGACY_CUSTOM_CLASSICAL
    )


def _qasm3(source: str) -> QuantumCircuit:
    """Read OpenQASM 3; the importer refuses every include but stdgates.inc, which is built in."""
    return qasm3.loads(source)


def _told(error: Exception) -> tuple[str, dict[str, object]]:
    """Return what an importer says, and where: line and column from 1."""
    text = str(error).strip("'")
    for pattern in (QASM2_PLACE, QASM3_PLACE):
        if found := pattern.match(text):
            return found[3], {"line": int(found[1]), "column": int(found[2]) + 1}
    cause = error.__cause__.args[0] if error.__cause__ is not None and error.__cause__.args else None
    token = getattr(cause, "offendingToken", None)  # ANTLR's bail-out strategy keeps its message for itself
    if token is not None:
        seen = "the end" if token.text == "<EOF>" else repr(token.text)
        return f"{seen} is not expected here", {"line": int(token.line), "column": int(token.column) + 1}
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, {}


def _refused(version: int, detail: str, place: dict[str, object]) -> ApiProblem:
    where = f"line {place['line']}, column {place['column']}: " if place else ""
    fix = f"correct the OpenQASM {version} source; the only file it may include is {INCLUDES[version]}"
    return ApiProblem(422, "the circuit cannot be read", f"{where}{detail}", fix=fix, more=place)
