"""Redis and Valkey as a store.

endpoint: address of a server; connection: commands and replies; facts: version, settings and size of a server; method:
choice between RDB and key by key, with the reason; fingerprint: counts and digests of the data; compare: the native
server with the old one; sync: fetch an RDB from a live server; copy: copy key by key; scratch: the target's server
program as a converter; rdb: dump files and their placement; backup: files of a backup. keys, values and streams are the
building blocks of these modules.
"""
