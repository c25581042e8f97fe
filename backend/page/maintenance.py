"""`python -m backend.page.maintenance --while PID ADDRESS:PORT...`: answer every request with 503 and Retry-After.

It stands in for the old containers between their stop and the start of the native services, and ends with process PID,
the migration. It reads nothing but requests, and needs neither settings nor files.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from omnimind_ops.tools.notify import notify

RETRY_SECONDS = 30
HEAD_SECONDS, REST_SECONDS = 5.0, 1.0
LIMIT = 64 << 10
BACKLOG = 512
POLL_SECONDS = 0.2
DETAIL = "OmniMind is moving to new services on this machine. It will be back in a few minutes."
PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{RETRY_SECONDS // 3}">
<title>OmniMind is moving</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem }}</style>
</head>
<body>
<h1>OmniMind is moving</h1>
<p>{DETAIL} This page reloads by itself.</p>
</body>
</html>
"""
PROBLEM = json.dumps(
    {
        "type": "about:blank",
        "title": "OmniMind is moving",
        "status": 503,
        "detail": DETAIL,
        "fix": f"try again in {RETRY_SECONDS} s",
    }
)
WANTS_HTML = re.compile(rb"^accept:.*text/html", re.IGNORECASE | re.MULTILINE)


def answer(head: bytes) -> bytes:
    """Return the response to a request: a page for a browser, JSON for other clients, no body for HEAD."""
    is_page = bool(WANTS_HTML.search(head))
    body = (PAGE if is_page else PROBLEM).encode()
    headers = (
        "HTTP/1.1 503 Service Unavailable",
        f"Content-Type: {'text/html; charset=utf-8' if is_page else 'application/problem+json'}",
        f"Content-Length: {len(body)}",
        f"Retry-After: {RETRY_SECONDS}",
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join((*headers, "", "")).encode() + (b"" if head.startswith(b"HEAD ") else body)


def listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Return a socket for each address ("0.0.0.0:8000", "[::]:8000"); one that cannot be had is named and left out."""
    sockets = []
    for text in addresses:
        address, _, port = text.rpartition(":")
        family = socket.AF_INET6 if address.startswith("[") else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if family is socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((address.strip("[]"), int(port)))
        except OSError as error:
            made.close()
            sys.stderr.write(f"cannot listen on {text}: {error.strerror}\n")
            continue
        sockets.append(made)
    return sockets


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request. What the client still sends is read, so that no reset overtakes the answer."""
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        writer.write(answer(head))
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(REST_SECONDS):
            while await reader.read(LIMIT):
                pass
    writer.close()


async def ended(pid: int) -> None:
    """Return when a process has ended."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:  # an old kernel, or one that does not allow it
        while _lives(pid):
            await asyncio.sleep(POLL_SECONDS)
        return
    loop.add_reader(process, over.set)
    await over.wait()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def serve(sockets: Sequence[socket.socket], pid: int) -> None:
    """Answer on these sockets until the process ends."""
    for item in sockets:
        await asyncio.start_server(handle, sock=item, backlog=BACKLOG, limit=LIMIT)
    notify("READY=1")
    await ended(pid)


def main() -> None:
    """Serve; exit 1 if no address can be had."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--while", dest="pid", type=int, required=True)
    parser.add_argument("addresses", nargs="+")
    options = parser.parse_args()
    sockets = listen(options.addresses)
    if not sockets:
        sys.exit(1)
    asyncio.run(serve(sockets, options.pid))


if __name__ == "__main__":
    main()
