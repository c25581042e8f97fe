"""Ports on the host other than inside the containers: they answer natively, on the same addresses; the plan says so."""

from __future__ import annotations

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.host import Host
from tests.hosts.sample import FOLDER, USER, boot_sample
from tests.hosts.wget import GET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
REMAP = (
    "s/8000:8000/9000:8000/; s/3000:80/80:80/; s/6333:6333/16333:6333/; s/6379:6379/127.0.0.1:16379:6379/;"
    "s#- ./data/uploads:/app/uploads#&\\n      - ./app.sqlite3:/app/app.sqlite3#"
)
MOVED = "/var/lib/omnimind/files/app/app.sqlite3"
OUTSIDE = "$(ip -4 -o addr show docker0 | awk '{split($4, part, \"/\"); print part[1]}')"
"""An address of the host that is not loopback."""


def answers(host: Host, address: str) -> dict[str, str]:
    """Return what the first byte of an answer of each port says, "" for none."""
    asked = {
        "backend": f"{GET} http://{address}:9000/health/",
        "page": f"{GET} http://{address}/",
        "qdrant": f"{GET} http://{address}:16333/readyz",
        "redis": f"exec 3<>/dev/tcp/{address}/16379; printf 'PING\\r\\n' >&3; read -t 2 -r line <&3; echo \"$line\"",
    }
    found = {name: host.run(("bash", "-c", command), check=False) for name, command in asked.items()}
    return {name: said.stdout.strip() if said.returncode == 0 else "" for name, said in found.items()}


def test_ports_are_taken_as_they_were_published() -> None:
    with boot_sample(points=500, mounts=[wheelhouse.mount()]) as host:
        tool.place(host)
        host.sh(
            f"echo kept > app.sqlite3; sed -i '{REMAP}' docker-compose.yml; docker-compose up -d --no-build",
            user=USER,
            cwd=FOLDER,
            timeout=180,
        )
        host.wait_for(("bash", "-c", f"{GET} http://127.0.0.1:9000/health/"), 60, "the backend")
        shown = tool.omnimind(host, *tool.WORDS, "--dry-run", "--json", "--listen", "as-before")
        items = {(i["kind"], i["name"]): i for i in tool.results(shown)[0]["data"]["fates"]}
        assert items["port", "0.0.0.0:9000 → 8000/tcp"]["to"] == "0.0.0.0:9000"
        assert items["port", "127.0.0.1:16379 → 6379/tcp"]["to"] == "127.0.0.1:16379"
        assert items["file", f"{FOLDER}/app.sqlite3"]["to"] == MOVED
        said = tool.migrate(host, "--listen", "as-before")
        assert "backend is replaced by OmniMind's own backend" in said.stderr
        assert all(answers(host, "127.0.0.1").values())
        outside = answers(host, OUTSIDE)
        assert outside.pop("redis") == "" and all(outside.values()), "Redis was published on loopback only"
        key = host.read("/etc/omnimind/secrets/redis.password").strip()
        assert host.sh(f"REDISCLI_AUTH={key} redis-cli -p 16379 ping") == "PONG"
        assert host.read(f"{FOLDER}/app.sqlite3") == host.read(MOVED) == "kept\n"
        assert host.run((tool.PROGRAM, "health"), check=False).returncode == 0
        assert "0 changes" in tool.migrate(host, "--listen", "as-before").stdout
        tool.omnimind(host, "rollback", "--yes")
        host.wait_for(("bash", "-c", f"{GET} http://127.0.0.1:9000/health/"), 60, "the old backend")
        assert all(answers(host, "127.0.0.1").values())
