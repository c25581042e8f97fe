"""omnimind: from Docker Compose to native systemd services, with the data, in one act that can be undone."""

__version__ = "0.2.0"
