"""Read-only inspection: machine → Facts. Start with machine.py and docker.py."""
