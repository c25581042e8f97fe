"""omnimind: move a host from Docker Compose to native systemd services, data included, in one reversible step."""

__version__ = "0.2.0"
