"""Other starts: a Redis newer than the packaged one, and a backup instead of the container's data."""

from __future__ import annotations

import pytest

from tests.hosts import tool, wheelhouse
from tests.hosts.sample import FOLDER, boot_sample
from tests.hosts.wget import GET

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_redis_newer_than_the_packaged_one_is_copied_key_by_key_and_a_backup_replaces_qdrants_data() -> None:
    with boot_sample(points=2_000, redis="newer", mounts=[wheelhouse.mount()]) as host:
        tool.place(host)
        before = tool.census(host, native=False)
        host.sh("docker stop $(docker ps -q --filter label=com.docker.compose.service=qdrant)")
        host.sh(
            f"tar -C {FOLDER}/data -czf /testhost/qdrant.tar.gz qdrant && cd /testhost && sha256sum qdrant.tar.gz > qdrant.tar.gz.sha256"
        )
        host.sh("docker start $(docker ps -aq --filter label=com.docker.compose.service=qdrant)")
        host.wait_for((*GET.split(), "http://127.0.0.1:6333/readyz"), 30, "qdrant")
        said = tool.migrate(host, "--qdrant-backup", "/testhost/qdrant.tar.gz")
        assert "logical" in said.stderr
        assert tool.census(host, native=True) == before
        tool.omnimind(host, "finish", "--yes")
        assert host.sh("docker ps -aq") == ""
        assert host.exists(f"{FOLDER}/data/qdrant"), "bind mounts are the person's own"
        refused = tool.omnimind(host, "rollback", "--yes", check=False)
        assert refused.returncode == 1 and "finish" in refused.stderr
