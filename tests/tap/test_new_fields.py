"""Custom fields and options that are added between the pages of a run, or that no definition explains."""

from __future__ import annotations

import pytest

from tests.support.faulty import run
from tests.tap.test_answers_of_a_stand_in import StandIn, body, catalog

TIER, SCORE, LOST = "01" * 20, "02" * 20, "03" * 20


def definition(key, name, kind, options=None):
    return {
        "field_code": key,
        "field_name": name,
        "field_type": kind,
        "is_custom_field": True,
        "options": options,
    }


BEFORE = [definition(TIER, "Tier", "enum", [{"id": 1, "label": "A"}])]
AFTER = [
    definition(TIER, "Tier", "enum", [{"id": 1, "label": "A"}, {"id": 2, "label": "Gold"}]),
    definition(SCORE, "Score", "double"),
]


def row(one, **values):
    return {
        "id": one,
        "title": f"Deal {one}",
        "update_time": f"2025-02-01T00:00:0{one}Z",
        "custom_fields": {TIER: 1, **values},
    }


@pytest.fixture
def stand_in():
    server = StandIn()
    server.definitions = lambda nth: BEFORE if nth == 1 else AFTER
    yield server
    server.close()


def deals(*pages):
    cursors = [f"c{at}" for at in range(1, len(pages))]

    def respond(query, _nth):
        at = cursors.index(query["cursor"][0]) + 1 if "cursor" in query else 0
        return 200, body(pages[at], cursors[at] if at < len(cursors) else None), {}

    return respond


def test_a_field_and_an_option_added_between_two_pages_are_read(stand_in):
    stand_in.deals = deals([row(1)], [row(2, **{TIER: 2, SCORE: 42})], [row(3, **{SCORE: None})])
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    messages = [one for one in found.output.messages if one["type"] in ("SCHEMA", "RECORD")]
    assert [one["type"] for one in messages] == ["SCHEMA", "RECORD", "SCHEMA", "RECORD", "RECORD"]
    assert "score" not in messages[0]["schema"]["properties"]
    assert messages[2]["schema"]["properties"]["score"]["type"] == ["number", "null"]
    tiers = [
        (one["record"]["tier"], one["record"].get("score")) for one in messages if one["type"] == "RECORD"
    ]
    assert tiers == [("A", None), ("Gold", 42), ("A", None)]
    assert stand_in.definitions_asked == 2


def test_an_option_added_between_two_pages_is_read_on_pages_of_structs(stand_in):
    stand_in.deals = deals([row(1)], [row(2)], [row(3)], [row(4, **{TIER: 2})], [row(5, **{TIER: 2})])
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    assert [one["tier"] for one in found.output.records["deals"]] == ["A", "A", "A", "Gold", "Gold"]
    assert stand_in.definitions_asked == 2


def test_what_no_definition_explains_is_reported_once_and_asked_for_once(stand_in, caplog):
    stand_in.deals = deals(*[[row(one, **{TIER: 9, LOST: "x"})] for one in range(1, 6)])
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    assert [one["tier"] for one in found.output.records["deals"]] == ["9"] * 5
    assert [one[LOST] for one in found.output.records["deals"]] == ["x"] * 5
    assert found.output.schemas["deals"]["schema"]["properties"][LOST]["type"] == ["string", "null"]
    told = [one.getMessage() for one in caplog.records if "Custom field column" in one.message]
    assert sorted((LOST in one, "tier" in one) for one in told) == [(False, True), (True, False)]
    assert stand_in.definitions_asked == 2
