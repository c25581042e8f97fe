"""Requests made up from the OpenAPI document, valid and not: none of them ends in an error of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.backend.world import World, world
from tests.services import Services

EXPECTED = (503, 504)
"""A store or the engine that does not answer in time says so; anything else from 500 up is a fault."""


@pytest.fixture(scope="module")
def served(stores: Services, data: World) -> Iterator[World]:
    """A worker and a database of its own: these requests make and delete things."""
    with world(stores, "openapi", workers=1, beside=data) as running:
        yield running


@pytest.fixture(scope="module")
def api(served: World) -> schemathesis.schemas.BaseSchema:
    """The document as a worker serves it."""
    return schemathesis.openapi.from_url(f"{served.url()}/openapi.json").exclude(
        path_regex="^/auth/logout|^/auth/password"
    )


MANY = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


def test_no_request_ends_in_a_500(api: schemathesis.schemas.BaseSchema, served: World) -> None:
    """Every operation of the document; not through schemathesis' own pytest hook, which pytest 9 does not know."""
    headers = {"Authorization": f"Bearer {served.tokens['admin']}"}
    faults, asked = [], 0

    def ask(case: schemathesis.Case) -> None:
        nonlocal asked
        asked += 1
        answer = case.call(headers=headers, timeout=120)
        if answer.status_code >= 500 and answer.status_code not in EXPECTED:
            faults.append(f"{case.method} {case.path}: {answer.status_code} {answer.text[:500]}")
        elif answer.status_code >= 400 and not answer.headers["content-type"][0].startswith("application/problem+json"):
            faults.append(
                f"{case.method} {case.path}: {answer.status_code} is no problem body but {answer.headers['content-type']}"
            )

    operations = [found.ok() for found in api.get_all_operations()]
    for operation in operations:
        MANY(given(case=operation.as_strategy())(ask))()
    assert faults == []
    assert len(operations) >= 20 and asked >= len(operations) * 10
