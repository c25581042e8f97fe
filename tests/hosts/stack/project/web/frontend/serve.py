"""The old frontend: static files on port 80. Stands in for nginx."""

import functools
import http.server
import os
import signal

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # PID 1 has no default action for signals
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/site")
http.server.ThreadingHTTPServer(("0.0.0.0", 80), handler).serve_forever()
