"""Probes: is a service useful, not only alive."""
