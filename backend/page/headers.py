"""Security headers of every response: the page's allowed hosts, and limits that hold even for injected code."""

from __future__ import annotations

from collections.abc import Mapping

from backend.page.cluster import Cluster

Headers = Mapping[str, str]

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
"""Browser features that the page does not use."""
FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in UNUSED),
}


def security(cluster: Cluster, name: str) -> Headers:
    """Return the headers of a response for host `name`. Scripts may connect only to the backends on that host."""
    connect = " ".join(("connect-src", "'self'", *cluster.urls(name), *cluster.urls(name, "ws")))
    return {**FIXED, "content-security-policy": "; ".join((*SELF, connect))}
