"""/quantum: circuits, validated and passed to the engine.

Start in routes.py. The engine runs them: backend/engine/quantum.
"""
