"""The web application: one process per systemd unit.

Start in main.py. `python -m backend` serves the API; `python -m backend.page` serves the page.

Import time matters: six workers start at every cutover. Nothing here imports a client library or torch before it is
needed.
"""
