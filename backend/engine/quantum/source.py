"""Checks of OpenQASM source before a parser reads it: version, size, registers, and the gates it defines."""

from __future__ import annotations

import re

from backend.http.errors import ApiProblem

SOURCE_BYTES = 256 * 1024
QUBITS = 5_000
BITS = 20_000
COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
"""An unclosed comment runs to the end; otherwise a source of comment openings would be scanned to its end for each
of them.
"""
HEADER = re.compile(r"\s*OPENQASM\s+(\d+)(?:\.\d+)?\s*;")
QUANTUM = re.compile(r"\bqreg\s+\w+\s*\[\s*(\d+)|\bqubit\s*\[\s*(\d+)")
CLASSICAL = re.compile(r"\bcreg\s+\w+\s*\[\s*(\d+)|\bbit\s*\[\s*(\d+)")
GATE = re.compile(r"\bgate\s+(\w+)")


def check(qasm: str) -> int:
    """Return the OpenQASM version of the header, 2 or 3. Raises 413 or 422 for a source that no parser should read.

    A register of a thousand million qubits is a short text, but a parser would create an object for every qubit.
    """
    size = len(qasm.encode(errors="surrogatepass"))
    if size > SOURCE_BYTES:
        raise ApiProblem(
            413,
            "the circuit is too large",
            f"its source has {size} bytes, {SOURCE_BYTES} are allowed",
            fix="define gates and use them, or split the circuit",
            more={"source_bytes": size, "most_source_bytes": SOURCE_BYTES},
        )
    bare = without_comments(qasm)
    header = HEADER.match(bare)
    if header is None or header[1] not in ("2", "3"):
        why = f"its header says OPENQASM {header[1]}" if header else "it has no OPENQASM header"
        raise ApiProblem(
            422, "the circuit cannot be read", why, fix="begin the source with OPENQASM 2.0; or OPENQASM 3.0;"
        )
    _declared("qubits", QUANTUM, bare, QUBITS)
    _declared("classical bits", CLASSICAL, bare, BITS)
    return int(header[1])


def without_comments(qasm: str) -> str:
    """Return the source with each comment replaced by one space."""
    return COMMENT.sub(" ", qasm)


def defined(qasm: str) -> frozenset[str]:
    """Return the names of the gates that the source defines."""
    return frozenset(GATE.findall(without_comments(qasm)))


def _declared(what: str, pattern: re.Pattern[str], bare: str, limit: int) -> None:
    digits = [first or second for first, second in pattern.findall(bare)]
    # A number of thousands of digits is not worth converting (and Python refuses to).
    count = limit + 1 if any(len(number) > 9 for number in digits) else sum(int(number) for number in digits)
    if count > limit:
        raise too_many(what, count, limit)


def too_many(what: str, count: int, limit: int) -> ApiProblem:
    """Return the 422 for too many qubits, classical bits or gates. Counting stops at most + 1."""
    member = what.replace(" ", "_")
    return ApiProblem(
        422,
        "the circuit is too large",
        f"it has {'more than ' + str(limit) if count == limit + 1 else count} {what}, {limit} are allowed",
        fix=f"use at most {limit} {what}",
        more={member: count, f"most_{member}": limit},
    )
