"""Settings of the old Qdrant that bear on its data are carried; where it keeps its files is not."""

from __future__ import annotations

from deploy.own_files import nested
from omnimind_ops.stores.qdrant.carried import carried_settings

ENVIRONMENT = {
    "QDRANT__STORAGE__WAL__WAL_CAPACITY_MB": "64",
    "QDRANT__STORAGE__ON_DISK_PAYLOAD": "true",
    "QDRANT__STORAGE__STORAGE_PATH": "/elsewhere",
    "QDRANT__SERVICE__API_KEY": "secret",
    "PATH": "/bin",
}


def test_the_environment_is_carried_without_paths_and_secrets() -> None:
    carried = carried_settings(ENVIRONMENT)
    assert carried == ("storage.on_disk_payload=true", "storage.wal.wal_capacity_mb=64")
    assert nested(carried) == {"storage": {"on_disk_payload": True, "wal": {"wal_capacity_mb": 64}}}


def test_the_environment_wins_over_files_and_a_later_file_over_an_earlier() -> None:
    first = {"storage": {"wal": {"wal_capacity_mb": 8, "wal_segments_ahead": 3}, "snapshots_path": "/s"}}
    second = {
        "storage": {"wal": {"wal_segments_ahead": 0}, "performance": {"max_search_threads": 2}},
        "log_level": "INFO",
    }
    assert nested(carried_settings(ENVIRONMENT, (first, second))) == {
        "storage": {
            "on_disk_payload": True,
            "wal": {"wal_capacity_mb": 64, "wal_segments_ahead": 0},
            "performance": {"max_search_threads": 2},
        }
    }


def test_texts_lists_and_nothing() -> None:
    document = {"storage": {"name": "yes", "list": [1, "a"], "nothing": None, "size": 1.5}}
    assert nested(carried_settings({}, (document,))) == {"storage": {"name": "yes", "list": [1, "a"], "size": 1.5}}
    assert carried_settings({}, ({"service": {"http_port": 1}}, {})) == ()


def test_a_value_for_a_section_is_left_out() -> None:
    strange = {"QDRANT__STORAGE__WAL": "5", "QDRANT__STORAGE__WAL__WAL_CAPACITY_MB": "64"}
    assert nested(carried_settings(strange)) == {"storage": {"wal": {"wal_capacity_mb": 64}}}
