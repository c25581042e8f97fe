"""What README and guide tell a person to type on a host is typed there, block by block, in their order.

The blocks build on each other.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.documents.blocks import Block, host_blocks
from tests.documents.clone import FOLDER, clone
from tests.documents.terminal import mounts, type_in
from tests.hosts.host import Host
from tests.hosts.sample import boot_sample

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1600)]
SECONDS = 1500


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with boot_sample(points=2_000, mounts=mounts()) as booted:
        clone(booted)
        yield booted


@pytest.mark.parametrize("block", host_blocks(), ids=lambda block: block.place)
def test_the_commands_work_as_they_stand(host: Host, block: Block) -> None:
    typed = type_in(host, block.text, FOLDER, SECONDS)
    assert typed.code == 0, (
        f"{block.place} ends with exit code {typed.code}:\n{block.text}\n{typed.shown[-6000:]}\n{host.journal()}"
    )


def test_the_story_ends_with_native_services_alone(host: Host) -> None:
    assert host.sh("docker ps -aq") == ""
    assert type_in(host, "omnimind health", "/root", 120).code == 0
