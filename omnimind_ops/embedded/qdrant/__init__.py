"""A stand-in for the Qdrant server: its REST API over Qdrant's own storage engine (`qdrant-edge-py`).

Start here. `__main__` reads the command line, `settings` the configuration, `server` runs `app`.
A request goes `routes/<noun>` -> `requests/<noun>` (is it one?) -> `convert/<noun>` (JSON to engine types) ->
`storage/collection` (the engine).
`storage/` keeps the directory layout of the real server, `snapshots/` packs and unpacks its snapshot files.

Why it exists: where there is no network and no Qdrant binary, `qdrant-client` still gets a server whose data the real one
can take over. What differs is written where it differs: search `Stand-in:`. The large ones:

* search is exact (a flat scan); an HNSW graph is only built by `--optimize`, offline, because the engine holds Python's
  global lock for as long as a call takes and building a graph takes minutes;
* one node; no gRPC, TLS, JWT, rate limits, shard keys, inference or partial snapshots.

Its answers are compared with those of a real server: tests/embedded/test_qdrant_replay.py and qdrant_differences.toml.
"""
