"""Before a start by systemd: a port that somebody else has. systemd would only say that a dependency failed, and not of
whom.
"""

from __future__ import annotations

from omnimind_ops.catalogue import Service, services
from omnimind_ops.embedded import ports
from omnimind_ops.managers import Manager
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World

FIX = "stop what holds it, or choose another port in omnimind.toml and run: sudo omnimind converge"


def check(world: World, manager: Manager) -> None:
    """Raise a Problem that names the holder of each port that a service of ours is to take and cannot; what runs has
    its port itself.
    """
    every = services(world)
    states = manager.states([name for one in every for name in (*one.sockets, *one.processes)])

    def is_asleep(one: Service) -> bool:
        return all(states[name].state in ("stopped", "failed") for name in (*one.sockets, *one.processes))

    if bad := ports.taken(one.port for one in every if one.port and is_asleep(one)):
        said = ports.refuse(bad)
        raise Problem(said.what, said.why, FIX, log=said.log)
