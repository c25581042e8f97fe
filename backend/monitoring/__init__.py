"""/health, /system, /metrics and /ws/telemetry.

Start in routes/. readiness.py is the deep check, probes.py its probe of each service, sampler.py one sample of the
machine.
"""
