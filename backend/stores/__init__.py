"""What the workers keep things in, one file per store, and the engine, which they ask over its socket. Start in link.py: how a server is asked."""
