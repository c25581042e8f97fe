"""The step that carries the old backend's own variables. Pure."""

from __future__ import annotations

from omnimind_ops.model.backend_env import BackendEnvPayload
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.plan import Step, Undo
from omnimind_ops.paths import Paths
from omnimind_ops.planning.source import Source


def backend_env(source: Source, goal: Goal) -> Step:
    """Return the step; the variables themselves are read when it runs."""
    ports = {"qdrant": goal.qdrant_port, "redis": goal.redis_port, "backend": goal.backend_ports[0]}
    addresses = {name: f"127.0.0.1:{ports[role]}" for name, role in source.services.items() if role in ports}
    payload = BackendEnvPayload(source.backend, f"{Paths().config}/backend.env", addresses)
    return Step.of("carry-backend-env", payload, "carry the old backend's own variables, as comments", Undo.YES)
