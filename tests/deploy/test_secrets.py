"""Secrets: made once, kept, derived, and never where somebody looks."""

from __future__ import annotations

import pytest

from deploy import secrets
from deploy.roles import base
from omnimind_ops.model.goal import Goal

from .conftest import File, prepare, tar_answer

MADE = {name: f"secret-of-{name}" for name in secrets.NAMES}


def here(*names: str) -> tuple[File, ...]:
    return tuple(File(secrets.path_of(name), MADE[name] + "\n", 0o600) for name in names)


def test_the_scram_verifier_is_the_one_of_rfc_7677() -> None:
    # The RFC's example: password "pencil", this salt, 4096 rounds; StoredKey and ServerKey follow from its messages.
    import base64

    verifier = secrets.scram("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    assert secrets.is_scram_of(verifier, "pencil")
    assert not secrets.is_scram_of(verifier, "pencils")


@pytest.mark.parametrize("stored", ["", "md5abc", "SCRAM-SHA-256$1:a$b:c", "SCRAM-SHA-256$4096$x"])
def test_another_kind_of_verifier_is_not_ours(stored: str) -> None:
    assert not secrets.is_scram_of(stored, "pencil")


def test_a_host_without_secrets_gets_all_of_them_and_nothing_is_shown(goal: Goal) -> None:
    result = prepare(base.configure, goal)
    assert result.changes == 2
    assert set(result.files) == {secrets.path_of(name) for name in (*secrets.NAMES, *secrets.DERIVED)}
    assert all("content not shown" in line for line in result.lines)


def test_existing_secrets_keep_their_value_and_a_missing_one_is_made(goal: Goal) -> None:
    result = prepare(
        base.configure,
        goal,
        {"tar --no-recursion": tar_answer(*here("postgres.password", "redis.password", "qdrant.key"))},
    )
    assert [line.split()[1] for line in result.lines if ".password" in line or ".key" in line] == [
        secrets.path_of("redis-app.password")
    ]


def test_no_secret_is_on_a_command_line_or_in_a_line_for_people(goal: Goal) -> None:
    result = prepare(base.configure, goal, {"tar --no-recursion": tar_answer(*here(*secrets.NAMES))})
    assert result.uploads
    for value in MADE.values():
        assert value.encode() in b"".join(result.uploads)
        assert value not in result.shell
        assert value not in "\n".join(result.lines)
