"""A health report as a table, one line, JSON, Prometheus text or the watch screen. Start with output.py."""
