"""One file for each first word of a URL: /health, /system, /metrics, /ws/telemetry."""
