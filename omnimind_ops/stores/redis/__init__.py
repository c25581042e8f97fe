"""Redis and Valkey as a store. endpoint: where a server listens; facts: what it is; method: RDB or key by key, and why;
fingerprint: what it holds; sync: take an RDB of a live server; copy: key by key; scratch: the target's own server as a
converter; rdb: dump files and where they go; backup: the files of a backup. wire, keys, values and streams are what
those are made of.
"""
