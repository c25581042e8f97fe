"""What a browser is told with every answer: which hosts the page may talk to, and what it can never do, whatever is injected into it."""

from __future__ import annotations

from backend.page.cluster import Cluster

Headers = list[tuple[bytes, bytes]]

SELF = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "object-src 'none'",
)
UNUSED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
"""Features of a browser that the page has no use for."""
FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in UNUSED).encode()),
)


def security(cluster: Cluster, name: str) -> Headers:
    """Return the headers of an answer to a browser that asked for the host `name`; scripts may connect to the backends there and nowhere else."""
    connect = " ".join(("connect-src", "'self'", *cluster.urls(name), *cluster.urls(name, "ws")))
    return [*FIXED, (b"content-security-policy", "; ".join((*SELF, connect)).encode())]
