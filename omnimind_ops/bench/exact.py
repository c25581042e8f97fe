"""Exact search over vectors in memory, and recall of a response. numpy is imported when needed: every service has it, a
minimal installation may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TIE = 1e-5
"""Scores closer than this are equal: either point may be in a response."""


@dataclass(frozen=True)
class NearestPoints:
    """The ids of the exact top k, and the lowest score among them."""

    ids: tuple[str, ...]
    least: float


class Exact:
    """All vectors of a collection, compared one by one with its own distance: Cosine, Dot, Euclid or Manhattan."""

    def __init__(self, ids: Sequence[str], vectors: Any, distance: str) -> None:
        import numpy as np

        self.ids = list(ids)
        self.distance = distance
        self._rows = np.asarray(vectors, dtype=np.float64)
        if distance == "Cosine":
            self._rows = _unit(self._rows)

    def scores(self, vector: Sequence[float]) -> Any:
        """Return the score of every row; larger is nearer."""
        import numpy as np

        query = np.asarray(vector, dtype=np.float64)
        if self.distance == "Euclid":
            return -np.linalg.norm(self._rows - query, axis=1)
        if self.distance == "Manhattan":
            return -np.abs(self._rows - query).sum(axis=1)
        return self._rows @ (_unit(query[None, :])[0] if self.distance == "Cosine" else query)

    def nearest(self, scores: Any, k: int) -> NearestPoints:
        """Return the k best of these scores."""
        import numpy as np

        k = min(k, len(self.ids))
        best = np.argsort(-scores, kind="stable")[:k]
        return NearestPoints(tuple(self.ids[at] for at in best), float(scores[best[-1]]))

    def recall(self, vector: Sequence[float], response_ids: Sequence[str], k: int) -> float:
        """Return the share of the exact top k in a response; points with the same score as the k-th count as equal to
        it.
        """
        scores = self.scores(vector)
        exact = self.nearest(scores, k)
        row_of = {id_: at for at, id_ in enumerate(self.ids)}
        correct = [
            id_ for id_ in dict.fromkeys(response_ids) if id_ in row_of and scores[row_of[id_]] >= exact.least - TIE
        ]
        return min(len(correct), len(exact.ids)) / len(exact.ids) if exact.ids else 1.0


def _unit(rows: Any) -> Any:
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1, lengths)
