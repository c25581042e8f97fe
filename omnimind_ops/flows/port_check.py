"""Port check before a start by systemd.

systemd would only report that a dependency failed, not which process holds the port.
"""

from __future__ import annotations

from omnimind_ops.catalogue import Service, services
from omnimind_ops.embedded import ports
from omnimind_ops.managers import Manager
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import World

FIX = "stop the program that uses it, or set another port in omnimind.toml and run: sudo omnimind converge"


def check(world: World, manager: Manager) -> None:
    """Raise Problem naming the holder of each port that a service needs and cannot get.

    Running services are skipped: they hold their ports themselves.
    """
    all_services = services(world)
    states = manager.states([name for service in all_services for name in (*service.sockets, *service.processes)])

    def is_asleep(service: Service) -> bool:
        return all(states[name].state in ("stopped", "failed") for name in (*service.sockets, *service.processes))

    if taken := ports.taken(service.port for service in all_services if service.port and is_asleep(service)):
        problem = ports.refuse(taken)
        raise Problem(problem.what, problem.why, FIX, log=problem.log)
