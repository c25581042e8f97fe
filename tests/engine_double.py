"""A container engine and a service manager at the rim: the programs `docker` and `systemctl` on PATH, with a file as
their state; and `runuser`, which is asked for psql, and whose PostgreSQL is empty. What they are asked to change is in `calls`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DOCKER = r"""
import json, pathlib, sys
file, words = pathlib.Path(@FILE@), sys.argv[1:]
state = json.loads(file.read_text())
if not state["answers"]:
    sys.exit("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
def find(name):
    found = [c for c in state["containers"] if name in (c["Id"], c["Name"].lstrip("/"))]
    if not found:
        print(f"Error response from daemon: No such container: {name}", file=sys.stderr)
    return found
def write(*changed):
    state["calls"].append(" ".join(changed))
    file.write_text(json.dumps(state))
match words:
    case ["version", *_]:
        print("20.10.24")
    case ["ps", *_]:
        print(*(c["Id"] for c in state["containers"]), sep="\n")
    case ["volume", "ls", *_]:
        print(*state["volumes"], sep="\n")
    case ["volume", "inspect", *names]:
        for name in set(names) - set(state["volumes"]):
            print(f"Error response from daemon: get {name}: no such volume", file=sys.stderr)
        there = [name for name in names if name in state["volumes"]]
        print(json.dumps([{"Name": name, "Driver": "local", "Options": None} for name in there]))
        sys.exit(len(there) != len(names))
    case ["volume", "rm", name]:
        state["volumes"].remove(name)
        write("volume rm", name)
    case ["inspect", "--type", "container", *names]:
        found = [c for name in names for c in find(name)]
        print(json.dumps(found))
        sys.exit(len(found) != len(names))
    case ["inspect", "--format", form, name]:
        (one,) = find(name) or sys.exit(1)
        policy = one["HostConfig"]["RestartPolicy"]
        print(str(one["State"]["Running"]).lower() if "Running" in form else f"{policy['Name']}:0")
    case ["start", name]:
        (one,) = find(name) or sys.exit(1)
        one["State"]["Running"] = True
        write("start", name)
    case ["update", policy, *names]:
        for name in names:
            (one,) = find(name) or sys.exit(1)
            one["HostConfig"]["RestartPolicy"]["Name"] = policy.partition("=")[2]
        write("update", policy, *names)
    case ["rm", name]:
        (one,) = find(name) or sys.exit(1)
        state["containers"].remove(one)
        write("rm", name)
    case _:
        sys.exit(f"the double of docker does not know {words}")
"""
SYSTEMCTL = r"""
import json, pathlib, sys
file, words = pathlib.Path(@FILE@), sys.argv[1:]
if words[0] == "show":
    names = words[words.index("--") + 1:]
    print("\n\n".join(f"Id={name}\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled" for name in names))
else:
    state = json.loads(file.read_text())
    state["calls"].append("systemctl " + " ".join(words[:2]))
    file.write_text(json.dumps(state))
"""


@dataclass(frozen=True)
class Double:
    """The state that both programs share."""

    file: Path

    @property
    def state(self) -> dict[str, Any]:
        """All of it."""
        data: dict[str, Any] = json.loads(self.file.read_text())
        return data

    @property
    def calls(self) -> tuple[str, ...]:
        """Every change that was asked for, in order."""
        return tuple(self.state["calls"])

    @property
    def running(self) -> frozenset[str]:
        """The names of the containers that run."""
        return frozenset(c["Name"].lstrip("/") for c in self.state["containers"] if c["State"]["Running"])

    def set(self, **members: object) -> None:
        """Change the state by hand."""
        self.file.write_text(json.dumps({**self.state, **members}))

    def remove(self, *names: str) -> None:
        """`docker rm` by somebody else."""
        self.set(containers=[c for c in self.state["containers"] if c["Name"].lstrip("/") not in names])

    def add(self, container: Mapping[str, object]) -> None:
        """`docker create` by somebody else."""
        self.set(containers=[*self.state["containers"], container])


def container(
    id: str, name: str, service: str, mounts: Sequence[tuple[str, str, str]] = (), project: str = "omnimind"
) -> dict[str, object]:
    """A stopped container as `docker inspect` describes it; mounts are (kind, folder or volume, target)."""
    labels = {f"com.docker.compose.{key}": value for key, value in (("project", project), ("service", service))}
    return {
        "Id": id,
        "Name": f"/{name}",
        "Image": "sha256:0",
        "Config": {"Image": service, "Labels": labels, "Env": []},
        "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
        "State": {"Running": False, "Status": "exited", "Pid": 0},
        "NetworkSettings": {},
        "Mounts": [
            {
                "Type": kind,
                "Name": origin if kind == "volume" else "",
                "Source": origin if kind == "bind" else f"/var/lib/docker/volumes/{origin}/_data",
                "Destination": target,
                "RW": True,
            }
            for kind, origin, target in mounts
        ],
    }


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    """Put both programs first on PATH."""
    file, programs = folder / "engine.json", folder / "bin"
    file.write_text(json.dumps({"answers": True, "containers": [], "volumes": [], "calls": []}))
    programs.mkdir()
    for name, text in (
        ("docker", DOCKER),
        ("systemctl", SYSTEMCTL),
        ("runuser", "# psql: there is nothing in PostgreSQL"),
    ):
        program = programs / name
        program.write_text(f"#!{sys.executable} -IS\n{text.replace('@FILE@', repr(str(file)))}")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return Double(file)
