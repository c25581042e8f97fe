"""The built page on its own port: static files, and the addresses of the backends.

Start at __main__.py. headers.py defines the security headers.
"""
