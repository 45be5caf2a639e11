"""The target accepts the tap's records: every column of every writable stream."""

from __future__ import annotations

import pytest

from pipedrive_client.fields import FieldDefinition
from pipedrive_singer.column_names import slug
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.custom_fields.columns import assign_columns
from tap_pipedrive.settings import FieldMode, OptionMode
from target_pipedrive.catalog.entities import ENTITIES, ENTITY_OF_STREAM
from target_pipedrive.custom_fields.columns import by_name
from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.settings import Options, StreamSettings
from tests.support.singer import run_tap
from tests.target.helpers import Loader

WRITABLE = [name for name in STREAMS if name in ENTITIES]


class NoFields:
    """An account without custom fields."""

    currencies = row_names = None

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


def piped_back(account, folder, names):
    """Outcomes of the records of these streams in their own account, and the writes."""
    (folder / "files").mkdir(exist_ok=True)
    files = str(folder / "files")
    out = run_tap(account.config(files_dir=files), *names)
    account.post("/_emulator/log/clear")
    messages = [one for one in out.messages if one["type"] != "STATE"]
    run = Loader(account.config(files_dir=files), folder)(messages)
    assert run.error is None
    assert {one["stream"] for one in run.results} == set(names)
    told = {(one["stream"], one["outcome"], one["error"] or one["note"]) for one in run.results}
    return told, [name for name in account.requests() if not name.startswith("GET")]


DELETED = {
    (name, "skipped", "is deleted in the input; set allow_deletes") for name in ("deals", "projects", "users")
}


@pytest.mark.parametrize("seed", ["small", pytest.param("medium", marks=pytest.mark.soak)])
@pytest.mark.dialects(always=True)
def test_output_of_the_tap_is_unchanged_in_its_own_account(seed, dialect, request, tmp_path):  # noqa: ARG001 - of the seed
    """Every stream that can be written, with all its rows, columns and custom fields."""
    told, writes = piped_back(request.getfixturevalue(seed), tmp_path, [*WRITABLE, *ENTITY_OF_STREAM])
    assert {one for one in told if one[1] != "unchanged"} == DELETED
    assert writes == []


def test_field_definitions_of_a_larger_account_are_unchanged_too(medium, tmp_path):
    """Those of Pipedrive's own fields among them, whose types no custom field can have."""
    told, writes = piped_back(medium, tmp_path, [name for name in WRITABLE if name.endswith("_fields")])
    assert {one[1] for one in told} == {"unchanged"}
    assert writes == []


def test_every_entity_is_a_stream_of_the_tap():
    assert set(ENTITIES) <= set(STREAMS)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Margin %", "margin"),
        ("Крепёж", "krepezh"),
        ("2nd phone", "_2nd_phone"),
        ("  Spaced  out ", "spaced_out"),
        ("ÄÖÜ/x", "aou_x"),
        ("%", ""),
        ("A" * 80, "a" * 36),
        ("A" * 35 + " b", "a" * 35),
    ],
)
def test_custom_columns_are_named_from_their_labels(label, name):
    assert slug(label, 36) == name


@pytest.mark.parametrize("field_type", ["varchar", "enum", "address", "timerange"])
def test_the_target_recognizes_truncated_column_names_of_long_labels(field_type):
    """Alone, and with a piece of the key beside another of the same beginning."""
    fields = [
        FieldDefinition(key=key * 40, name="Delivery " * 20 + key, field_type=field_type) for key in "abc"
    ]
    for given in (fields[:1], fields):
        columns = assign_columns(
            given, remembered={}, reserved=(), mode=FieldMode.NAMED, options=OptionMode.BOTH
        )
        for column in columns:
            last = column.definition.parts[-1] if column.definition.parts else None
            found = by_name(given, column.part_name(last.suffix) if last else column.name)
            assert found
            assert found.definition is column.definition
            assert found.part == (last.key if last else None)
