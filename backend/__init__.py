"""The web application, one process per systemd unit. Start in main.py; `python -m backend` serves it, `python -m
backend.page` the page.

Light on purpose: six of these start at a cutover, so nothing here imports a client library, let alone torch, before it
is needed.
"""
