"""What the tap emits is what the target takes: every column of every stream that can be written."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.custom_fields import slug as tap_slug
from target_pipedrive.customs import slug
from target_pipedrive.entities import ENTITIES
from target_pipedrive.entity_plan import EntityPlan
from target_pipedrive.settings import Options, StreamSettings

WRITABLE = [name for name in STREAMS if name in ENTITIES]


class NoFields:
    """An account without custom fields."""

    def find(self, *_):
        return None

    def definitions(self, _):
        return []


@pytest.mark.parametrize("name", WRITABLE)
def test_every_column_of_the_tap_is_written_or_dropped(name):
    plan = EntityPlan(ENTITIES[name], name, StreamSettings(), Options(), NoFields())
    plan.bind(STREAMS[name].schema)
    known = {one.source for one in plan.bindings} | set(plan.not_written)
    assert known == set(STREAMS[name].schema)


def test_every_entity_is_a_stream_of_the_tap():
    assert set(ENTITIES) <= set(STREAMS)


@pytest.mark.parametrize(
    "label", ["Margin %", "Крепёж", "2nd phone", "  Spaced  out ", "ÄÖÜ/x", "%", "A" * 80]
)
def test_tap_and_target_name_custom_columns_alike(label):
    assert slug(label) == tap_slug(label)
