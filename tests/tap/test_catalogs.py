"""Catalogs as users write them: no key is lost if metadata is omitted or deselected."""

from __future__ import annotations

import pytest

from pipedrive_client import ConfigError
from tests.support.singer import run_tap, select


@pytest.mark.parametrize("entry", [{}, {"key_properties": []}, {"key_properties": ["no_column"]}])
def test_a_catalog_with_only_stream_names_is_accepted(small, entry):
    out = run_tap(small.config(), catalog={"streams": [{"tap_stream_id": "persons", **entry}]})
    assert set(out.records) == {"persons"}
    assert out.schemas["persons"]["key_properties"] == ["id"]
    assert [message["type"] for message in out.messages].count("SCHEMA") == 1
    assert out.faults() == []


def test_deselected_keys_are_emitted(small):
    catalog = select(small.config(), "persons")
    (entry,) = [one for one in catalog["streams"] if one["tap_stream_id"] == "persons"]
    for item in entry["metadata"]:
        if item["breadcrumb"] in (["properties", "id"], ["properties", "name"]):
            item["metadata"].update(selected=False, inclusion="available")
    out = run_tap(small.config(), catalog=catalog)
    assert "name" not in out.schemas["persons"]["schema"]["properties"]
    assert "name" not in out.records["persons"][0]
    assert len(out.latest("persons")) == len(out.records["persons"])
    assert out.faults() == []


ROOT: list[str] = []
MOMENT = "updated_since"


def catalog_of(*entries):
    return {
        "streams": [{"tap_stream_id": "deals", "stream": "deals", "schema": {}, **one} for one in entries]
    }


def metadata(**said):
    return [{"breadcrumb": ROOT, "metadata": {name.replace("_", "-"): value for name, value in said.items()}}]


def bounded(emulator) -> list[bool]:
    """Return whether all requests for deals were limited to changes."""
    asked = [one for one in emulator.log(full=True)["ordered"] if one["operation"] == "GET /api/v2/deals"]
    return [MOMENT in str(one) for one in asked]


@pytest.fixture
def state(small):
    return run_tap(small.config(), "deals").state


@pytest.mark.parametrize(
    "entry",
    [
        {"metadata": metadata(selected=True)},
        {"metadata": metadata(selected="true")},
        {"metadata": metadata(selected=True, replication_method="INCREMENTAL")},
        {"metadata": metadata(selected=True, replication_method="incremental")},
        {"metadata": metadata(selected=True, replication_key="update_time")},
        {"metadata": metadata(selected=True, replication_key="add_time")},
        {"metadata": metadata(selected=True), "replication_key": None, "key_properties": None},
        {"selected": True},
        {"schema": {"selected": True}},
        {"metadata": [{"breadcrumb": ["properties", "title"], "metadata": {"selected": True}}]},
        {
            "metadata": metadata(replication_method="INCREMENTAL", selected=True),
            "replication_method": "FULL_TABLE",
        },
    ],
    ids=str,
)
def test_a_catalog_that_only_selects_keeps_keys_and_incremental_reading(small, state, entry):
    small.reset()
    out = run_tap(small.config(), catalog=catalog_of(entry), state=state)
    assert out.schemas["deals"]["key_properties"] == ["id"]
    assert "title" in out.schemas["deals"]["schema"]["properties"]
    assert bounded(small) == [True]
    assert not out.records


@pytest.mark.parametrize(
    "entry",
    [
        {"metadata": metadata(selected=True, replication_method="FULL_TABLE")},
        {"metadata": metadata(selected=True, replication_method="full-table")},
        {"metadata": metadata(selected=True, forced_replication_method="FULL_TABLE")},
        {"replication_method": "FULL_TABLE"},
        {
            "metadata": metadata(selected=True, replication_method="FULL_TABLE"),
            "replication_method": "INCREMENTAL",
            "replication_key": "update_time",
        },
    ],
    ids=str,
)
def test_full_table_reads_everything_again(small, state, entry):
    small.reset()
    out = run_tap(small.config(), catalog=catalog_of(entry), state=state)
    assert bounded(small) == [False]
    assert len(out.records["deals"]) == len(run_tap(small.config(), "deals").records["deals"])


@pytest.mark.parametrize(
    "entry",
    [
        {"selected": False},
        {"selected": "false"},
        {"schema": {"selected": False}},
        {"selected": False, "metadata": metadata(inclusion="available")},
        {"selected": False, "metadata": metadata(selected_by_default=True)},
        {"metadata": metadata(selected=False)},
        {"metadata": metadata(selected="false"), "selected": True},
    ],
    ids=str,
)
def test_a_stream_that_is_deselected_is_not_read(small, entry):
    persons = {"tap_stream_id": "persons", "metadata": metadata(selected=True)}
    out = run_tap(small.config(), catalog=catalog_of(entry, persons))
    assert set(out.records) == {"persons"}
    assert "GET /api/v2/deals" not in small.requests()


def test_a_column_that_its_schema_deselects_is_left_out(small):
    schema = {"properties": {"title": {"selected": False}}}
    out = run_tap(small.config(), catalog=catalog_of({"schema": schema}))
    assert "title" not in out.schemas["deals"]["schema"]["properties"]
    assert "value" in out.schemas["deals"]["schema"]["properties"]


@pytest.mark.parametrize(
    ("entry", "facts"),
    [
        ({"metadata": metadata(selected=True, replication_method="LOG_BASED")}, ("deals", "LOG_BASED")),
        ({"metadata": metadata(selected="maybe")}, ("entry 1", "selected", "maybe")),
        ({"selected": 2}, ("deals", "selected", "2")),
        ({"replication_key": 5}, ("deals", "replication key")),
        ({"metadata": [{"breadcrumb": "properties", "metadata": {}}]}, ("metadata", "entry 1")),
    ],
    ids=str,
)
def test_a_catalog_with_unsupported_metadata_is_rejected(small, entry, facts):
    with pytest.raises(ConfigError) as refused:
        run_tap(small.config(), catalog=catalog_of(entry))
    assert all(fact in str(refused.value) for fact in facts)


def test_a_catalog_that_has_a_stream_twice_is_rejected(small):
    with pytest.raises(ConfigError, match="deals twice"):
        run_tap(small.config(), catalog=catalog_of({"selected": False}, {}))
