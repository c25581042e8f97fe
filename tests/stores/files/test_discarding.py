"""Trees that are never thrown away."""

from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.discard import discard


@pytest.mark.parametrize("path", ["/", "/proc", "/tmp"])
def test_top_directories_are_never_discarded(path: str) -> None:
    with pytest.raises(Problem):
        discard(Path(path))
