"""/health, /system, /metrics and /ws/telemetry.

Start in routes/. readiness.py is the deep check, probes.py what it asks each service,
sampler.py one look at the machine.
"""
