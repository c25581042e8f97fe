"""The firewall of this host: Docker passes it by for the ports that it publishes; native services do not."""

from __future__ import annotations

import re

from omnimind_ops.tools.shell import run

_DROPS = re.compile(r"hook input [^;]*;\s*policy drop;")


def firewall() -> str:
    """Return the name of the active firewall that filters incoming connections, "" for none."""
    if "Status: active" in run(("ufw", "status"), timeout=10, check=False).out:
        return "ufw"
    if run(("firewall-cmd", "--state"), timeout=10, check=False).out.strip() == "running":
        return "firewalld"
    rules = run(("nft", "list", "ruleset"), timeout=10, check=False)
    return "nftables" if rules.ok and _DROPS.search(rules.out) else ""


def note(ports: tuple[str, ...]) -> str:
    """Return what to know of the firewall before ports stay open, "" without a firewall."""
    name = firewall() if ports else ""
    if not name:
        return ""
    numbers = sorted({entry.rpartition(":")[2] for entry in ports}, key=int)
    allow = {"ufw": "; ".join(f"ufw allow {number}/tcp" for number in numbers)}.get(name, f"allow {', '.join(numbers)}")
    return f"{name} is active. It did not filter the containers' ports, and it filters native services: {allow}"
