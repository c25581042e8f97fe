"""Who listens on a port: from a made-up /proc, from this machine, and what systemd says."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from omnimind_ops.model.facts import Container, Holder, Publish
from omnimind_ops.observe import ports
from omnimind_ops.tools import systemctl

FIXTURES = Path(__file__).parents[1] / "fixtures"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
INSIDE = "c" * 64


def row(local: str, inode: int, state: str = "0A") -> str:
    return f"   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 100 0 0 10 0\n"


def process(proc: Path, pid: int, program: str, inode: int, cgroup: str) -> None:
    (proc / str(pid) / "fd").mkdir(parents=True)
    (proc / str(pid) / "fd" / "3").symlink_to(f"socket:[{inode}]")
    (proc / str(pid) / "comm").write_text(f"{program}\n")
    (proc / str(pid) / "cgroup").write_text(cgroup)


def container(name: str, **parts: object) -> Container:
    plain: dict[str, object] = {
        "id": INSIDE, "name": name, "image": "", "project": "", "service": "", "working_dir": "", "config_files": (), "running": True,
        "restart_policy": "no", "pid": 1, "ip": "", "user": "",
    }  # fmt: skip
    return Container(**{**plain, **parts})  # type: ignore[arg-type]


def test_listeners_are_joined_to_programs_units_and_containers(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(
        HEAD
        + row("0100007F:18EB", 11)
        + row("00000000:18BD", 12)
        + row("00000000:1F40", 13)
        + row("00000000:0BB8", 14)
        + row("0100007F:9999", 15, "01")
    )
    (tmp_path / "net/tcp6").write_text(HEAD + row("00000000000000000000000001000000:1538", 16))
    process(tmp_path, 50, "redis-server", 11, "0::/system.slice/redis-server.service\n")
    process(tmp_path, 60, "docker-proxy", 12, "0::/system.slice/docker.service\n")
    process(tmp_path, 70, "python3", 13, f"0::/system.slice/docker-{INSIDE}.scope\n")
    process(tmp_path, 90, "python3", 13, "0::/x\n")  # a worker that was forked
    result = ports.holders(
        (
            container("qdrant", id="d" * 64, ports=(Publish("0.0.0.0", 6333, 6333),)),
            container("old", id="e" * 64, running=False, ports=(Publish("", 3000, 80),)),
            container("hostnet"),
        ),
        tmp_path,
    )
    assert result == (
        Holder(3000, "0.0.0.0", 0, ""),
        Holder(5432, "::1", 0, ""),
        Holder(6333, "0.0.0.0", 60, "docker-proxy", "qdrant", "docker.service"),
        Holder(6379, "127.0.0.1", 50, "redis-server", "", "redis-server.service"),
        Holder(8000, "0.0.0.0", 70, "python3", "hostnet", f"docker-{INSIDE}.scope"),
    )


def test_a_port_published_on_another_address_is_another_containers(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(HEAD + row("0100007F:1F40", 1))
    process(tmp_path, 60, "docker-proxy", 1, "")
    both = (
        container("lan", ports=(Publish("192.0.2.1", 8000, 80),)),
        container("loopback", ports=(Publish("127.0.0.1", 8000, 80),)),
    )
    assert [holder.container for holder in ports.holders(both, tmp_path)] == ["loopback"]


def test_our_own_socket_is_seen_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        mine = [holder for holder in ports.holders() if holder.port == port]
    assert [(holder.address, holder.pid) for holder in mine] == [("127.0.0.1", os.getpid())]
    assert not [holder for holder in ports.holders() if holder.port == port]


def test_socket_units_are_read_from_systemctl_show() -> None:
    assert systemctl.parse_sockets((FIXTURES / "sockets-257.txt").read_text()) == {8000: "omnimind-8000.socket"}


def test_versions_and_units() -> None:
    assert systemctl.parse_version("systemd 249 (249.11-0ubuntu3.12)\n+PAM +AUDIT") == 249
    assert systemctl.parse_version("") == 0
    old = "9:name=systemd:/docker/" + "a" * 64 + "/system.slice/ssh.service\n0::/\n"
    assert systemctl.unit_of(old) == "ssh.service"
    assert (
        systemctl.unit_of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/jupyter.service\n")
        == "jupyter.service"
    )
    assert systemctl.unit_of("0::/init.scope\n") == ""
    assert systemctl.unit_of("garbage") == ""
