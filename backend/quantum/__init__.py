"""/quantum: circuits. The engine runs them (backend/engine/quantum); here they are only checked and passed on."""
