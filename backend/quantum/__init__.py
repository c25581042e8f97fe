"""/quantum: circuits, checked and passed on to the engine.

Start in routes.py. The engine runs them: backend/engine/quantum.
"""
