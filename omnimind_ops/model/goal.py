"""Goal: the desired state of the machine, read by roles, templates and planning.

Contains no secrets: those stay in files under secrets/.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """Everything a role or template may need. Paths are absolute text."""

    # where services listen
    backend_ports: tuple[int, ...] = (8000, 8080, 3001)
    workers: int = 2
    frontend_port: int = 3000
    redis_port: int = 6379
    postgres_port: int = 5432
    qdrant_port: int = 6333
    # names
    user: str = "omnimind"
    database: str = "omnimind"
    collection: str = "universal_machine_embeddings"
    # operation
    model: str = ""  # folder of a sentence-transformers model, or its name on a hub; "" is the installed model
    mode: str = "auto"  # of the engine on a CPU: auto, exact, fast
    open_reads: bool = False  # users on this host may read without logging in
    # where data is stored
    uploads: str = "/var/lib/omnimind/uploads"
    qdrant_home: str = "/var/lib/qdrant"
    redis_dir: str = "/var/lib/redis"
    # what is installed
    version: str = ""  # of omnimind
    python: str = "/usr/bin/python3"  # interpreter of the venv; readable by every user, never under a home
    lock: str = "cpu"  # cpu, cu12, cu13
    wheelhouse: str = ""  # folder of wheels for hosts without a network; "" uses the index
    qdrant_binary: str = ""  # staged executable that role qdrant installs
    qdrant_packages: tuple[str, ...] = ()  # distribution packages that the program needs
    qdrant_version: str = ""  # "1.20.0"
    qdrant_static: str = ""  # staged web UI, "" for none
    gpu: bool = False
    systemd: int = 252  # version found; units are generated for it
