"""`raft_state.json`: the identity of this server.

Only `this_peer_id` matters on a single node; the rest is what the real server expects.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from .files import read_json, write_json


def peer_id(storage: Path) -> int:
    """Return the id of this peer. The first start generates it (below 2^53, so that every JSON reader keeps it
    exact).
    """
    path = storage / "raft_state.json"
    known = read_json(path)
    if known:
        return int(known["this_peer_id"])
    new = secrets.randbelow(1 << 53) + 1
    conf = {"voters": [new], "learners": [], "voters_outgoing": [], "learners_next": [], "auto_leave": False}
    state = {
        "state": {"hard_state": {"term": 0, "vote": 0, "commit": 0}, "conf_state": conf},
        "latest_snapshot_meta": {"term": 0, "index": 0},
        "apply_progress_queue": None,
        "first_voter": new,
        "peer_address_by_id": {},
        "peer_metadata_by_id": {},
        "this_peer_id": new,
    }
    write_json(path, state)
    return new


def replica_state(peer: int) -> dict[str, object]:
    """Return `replica_state.json` of a shard that is only on this node."""
    return {"is_local": True, "this_peer_id": peer, "peers": {str(peer): "Active"}}


SHARD_CONFIG = {"type": "ReplicaSet"}
