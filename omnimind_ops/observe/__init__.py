"""Read-only: machine → Facts. Start with machine.py and docker.py."""
