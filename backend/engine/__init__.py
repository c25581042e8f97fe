"""The engine: the only process that may own the GPU. Start in app.py; `python -m backend.engine` serves it."""
