"""Port check before a start by systemd.

systemd would only report that a dependency failed, not which process holds the port.
"""

from __future__ import annotations

from omnimind_ops.catalogue import Service, services
from omnimind_ops.embedded import ports
from omnimind_ops.managers import Manager
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World

FIX = "stop what holds it, or choose another port in omnimind.toml and run: sudo omnimind converge"


def check(world: World, manager: Manager) -> None:
    """Raise Problem naming the holder of each port that a service needs and cannot get.

    Running services are skipped: they hold their ports themselves.
    """
    every = services(world)
    states = manager.states([name for one in every for name in (*one.sockets, *one.processes)])

    def is_asleep(one: Service) -> bool:
        return all(states[name].state in ("stopped", "failed") for name in (*one.sockets, *one.processes))

    if bad := ports.taken(one.port for one in every if one.port and is_asleep(one)):
        said = ports.refuse(bad)
        raise Problem(said.what, said.why, FIX, log=said.log)
