"""What the tap emits is what the target takes: every column of every stream that can be written."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.custom_fields import slug as tap_slug
from target_pipedrive.customs import slug
from target_pipedrive.entities import ENTITIES
from target_pipedrive.entity_plan import EntityPlan
from target_pipedrive.settings import Options, StreamSettings
from tests.support.singer import run_tap
from tests.target.helpers import Loader

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


def test_what_the_tap_wrote_is_unchanged_where_it_came_from(small, tmp_path):
    """Every writable stream with all its columns and custom fields; of field definitions the custom ones."""
    out = run_tap(small.config(), *WRITABLE)
    small.post("/_emulator/log/clear")
    messages = []
    for name in WRITABLE:
        kept = [one for one in out.records[name] if not one.get("is_deleted")]
        kept = [one for one in kept if one.get("is_custom_field", True)]
        messages += [out.schemas[name], *({"type": "RECORD", "stream": name, "record": one} for one in kept)]
    run = Loader(small.config(), tmp_path)(messages)
    told = {(one["stream"], one["outcome"], one["error"] or one["note"]) for one in run.results}
    assert {one for one in told if one[1] != "unchanged"} == {
        ("projects", "skipped", "is deleted in the input; set allow_deletes")
    }
    assert not [name for name in small.requests() if not name.startswith("GET")]


def test_every_entity_is_a_stream_of_the_tap():
    assert set(ENTITIES) <= set(STREAMS)


@pytest.mark.parametrize(
    "label", ["Margin %", "Крепёж", "2nd phone", "  Spaced  out ", "ÄÖÜ/x", "%", "A" * 80]
)
def test_tap_and_target_name_custom_columns_alike(label):
    assert slug(label) == tap_slug(label)
