"""The README's first command on a machine that nothing prepared: a stock Debian without Docker, and a clone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.documents.blocks import README, blocks
from tests.documents.clone import clone
from tests.documents.terminal import mounts, type_in
from tests.hosts.host import Host
from tests.hosts.recipe import Recipe

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
SECONDS = 2300
"""For a machine that does other things as well; it is told, not judged."""


@pytest.fixture
def machine() -> Iterator[Host]:
    with Host.boot(Recipe(docker=False), mounts()) as booted:
        yield booted


def test_the_first_command_works_on_a_clean_machine(machine: Host) -> None:
    (block,) = blocks(README, "machine")
    typed = type_in(machine, block.text, clone(machine), SECONDS)
    assert typed.code == 0, (
        f"{block.place} ends with exit code {typed.code}:\n{typed.shown[-8000:]}\n{machine.journal()}"
    )
    assert "omnimind-8000@1.service" in typed.shown and "This took" in typed.shown
    print(typed.shown[typed.shown.rindex("This took") :])
    assert machine.sh("docker ps -aq") == "", "a disposable host is left"
