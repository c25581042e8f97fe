"""Identity of a model: 16 hex digits that change with anything that changes an embedding.

They stay the same when a folder is copied.
"""

from __future__ import annotations

import hashlib

from backend.engine.cpu import weights
from backend.engine.folder import Folder


def digest(content: str, folder: Folder, precision: str) -> str:
    """Return the identity. `content` identifies the transformer's weights, e.g. Weights.digest()."""
    layers = [
        layer if isinstance(layer, str) else f"{layer.activation} {weights.read(layer.path).digest()}"
        for layer in folder.layers
    ]
    description = (
        f"{content} {precision} {folder.poolings} {layers} {folder.max_tokens} {folder.lower} {folder.prompt!r}"
    )
    return hashlib.blake2b(description.encode(), digest_size=8).hexdigest()
