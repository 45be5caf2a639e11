"""The same input a second time writes nothing, whatever was in it."""

from __future__ import annotations

import pytest

from target_pipedrive.entities import ENTITIES
from tests.target.entity_records import records_of
from tests.target.helpers import rows


def writes(account):
    return {name: count for name, count in account.requests().items() if not name.startswith("GET")}


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_x(entity, load, small):
    records = records_of(small).get(entity)
    if not records:
        pytest.skip("none")
    message = rows(entity, *records, keys=["external_id"])
    run = load(message)
    print(entity, {k:v for k,v in small.requests().items() if "{id}" in k})
    small.post("/_emulator/log/clear")
    again = load(message)
    assert not run.errors
    assert not writes(small)
