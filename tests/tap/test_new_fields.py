"""Custom fields and options that are added between the pages of a run, or that no definition explains."""

from __future__ import annotations

import json

import pytest

from tap_pipedrive.custom_fields import definitions as rereading
from tests.support.faulty import run
from tests.tap.test_invalid_last_pages import StandIn, body, catalog

pytestmark = pytest.mark.dialects

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


def since(rows):
    """Return one page of the rows that were updated at or after the requested time."""

    def respond(query, _nth):
        bound = query.get("updated_since", [""])[0]
        return 200, body([one for one in rows if one["update_time"] >= bound]), {}

    return respond


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


def test_values_without_a_definition_are_reported_once_and_requested_once(stand_in, caplog):
    stand_in.deals = deals(*[[row(one, **{TIER: 9, LOST: "x"})] for one in range(1, 6)])
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    assert [one["tier"] for one in found.output.records["deals"]] == ["9"] * 5
    assert [one[LOST] for one in found.output.records["deals"]] == ["x"] * 5
    assert found.output.schemas["deals"]["schema"]["properties"][LOST]["type"] == ["string", "null"]
    told = [one.getMessage() for one in caplog.records if "Custom field column" in one.message]
    assert sorted((LOST in one, "tier" in one) for one in told) == [(False, True), (True, False)]
    assert stand_in.definitions_asked == 2


# --- what no definition explains ------------------------------------------------------------------


def test_values_defined_later_are_emitted_by_key_and_read_again_by_the_next_run(stand_in):
    case = "19-field-midrun"
    rows = [row(1), row(2, **{TIER: 2, SCORE: 42}), row(3)]
    for month, one in enumerate(rows, 1):  # further apart than the look-back
        one["update_time"] = f"2025-0{month}-01T00:00:00Z"
    stand_in.definitions = lambda _nth: BEFORE
    stand_in.deals = deals(rows[:1], rows[1:])
    first = run(stand_in.config, catalog=catalog(case))
    second = first.tables["deals"]["[2]"]
    assert (second["tier"], second[SCORE]) == ("2", "42")
    assert not first.output.faults()

    stand_in.definitions = lambda _nth: AFTER
    stand_in.deals = since(rows)
    healed = run(stand_in.config, catalog=catalog(case), before=first)
    second = healed.tables["deals"]["[2]"]
    assert (second["tier"], second["score"]) == ("Gold", 42)
    assert "unresolved" not in json.dumps(healed.output.state)
    asked = stand_in.definitions_asked
    third = run(stand_in.config, catalog=catalog(case), before=healed)
    assert (third.output.records, stand_in.definitions_asked) == ({}, asked)


def test_values_without_any_definition_are_not_read_again_and_cost_one_request(stand_in):
    rows = [row(1), row(2, **{TIER: 2, LOST: "x"})]
    stand_in.deals = since(rows)
    stand_in.definitions = lambda _nth: BEFORE
    first = run(stand_in.config, catalog=catalog("09-body-null"))
    asked = stand_in.definitions_asked
    again = run(stand_in.config, catalog=catalog("09-body-null"), before=first)
    assert (again.output.records, stand_in.definitions_asked) == ({}, asked + 1)
    last = run(stand_in.config, catalog=catalog("09-body-null"), before=again)
    assert (last.output.records, stand_in.definitions_asked) == ({}, asked + 1)


@pytest.mark.parametrize(
    ("value", "text"),
    [(42, "42"), ("x", "x"), ([1, 2], "[1,2]"), ({"value": 1.5}, '{"value":1.5}'), (False, "false")],
)
@pytest.mark.parametrize("mode", ["named", "keyed"])
def test_a_value_of_any_type_is_emitted_as_text(stand_in, mode, value, text):
    column = LOST if mode == "named" else f"{LOST}_unknown"
    stand_in.deals = deals(*[[row(one, **{LOST: value})] for one in (1, 2, 3)])
    found = run({**stand_in.config, "custom_fields": mode}, catalog=catalog("09-body-null"))
    assert [one[column] for one in found.output.records["deals"]] == [text] * 3
    assert not found.output.faults()


def test_a_key_with_only_nulls_has_no_column_until_it_has_a_value(stand_in):
    stand_in.deals = deals(
        *[[row(one, **{LOST: value})] for one, value in enumerate([None, None, None, 7], 1)]
    )
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    assert [one.get(LOST, "no column") for one in found.output.records["deals"]] == ["no column"] * 3 + ["7"]
    assert not found.output.faults()


def test_a_key_is_requested_again_on_later_pages(stand_in, monkeypatch):
    monkeypatch.setattr(rereading, "REREAD_SECONDS", 0.0)
    stand_in.definitions = lambda nth: BEFORE if nth < 5 else AFTER
    stand_in.deals = deals(*[[row(one, **{SCORE: one})] for one in range(1, 9)])
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    records = found.output.records["deals"]
    assert [one.get("score", one.get(SCORE)) for one in records[:3]] == ["1", "2", "3"]
    assert records[-1]["score"] == 8
    assert all(str(one.get("score") or one.get(SCORE)) == str(one["id"]) for one in records)
    assert not found.output.faults()
    again = run(stand_in.config, catalog=catalog("09-body-null"), before=found)
    assert [one["score"] for one in again.tables["deals"].values()] == list(range(1, 9))


def test_a_page_decoded_before_a_column_was_announced_keeps_its_values(stand_in):
    plain, new = [row(3)], [row(4, **{SCORE: 4})]
    stand_in.deals = deals([row(1)], [row(2, **{SCORE: 2})], plain, new, [row(5, **{SCORE: 5})], [row(6)])
    found = run(stand_in.config, catalog=catalog("09-body-null"))
    assert [one.get("score") for one in found.output.records["deals"]] == [None, 2, None, 4, 5, None]
    assert not found.output.faults()


@pytest.mark.parametrize("column", ["score", LOST])
def test_a_new_column_that_the_catalog_does_not_select_is_left_out(stand_in, column):
    chosen = catalog("09-body-null")
    chosen["streams"][0]["metadata"].append(
        {"breadcrumb": ["properties", column], "metadata": {"selected": False}}
    )
    stand_in.deals = deals([row(1)], [row(2, **{SCORE: 2, LOST: "x"})], [row(3, **{SCORE: 3, LOST: "x"})])
    found = run(stand_in.config, catalog=chosen)
    assert all(column not in one for one in found.output.records["deals"])
    assert column not in found.output.schemas["deals"]["schema"]["properties"]
    other = {"score": LOST, LOST: "score"}[column]
    assert [one.get(other) is not None for one in found.output.records["deals"]] == [False, True, True]


@pytest.mark.parametrize(("status", "said"), [(403, "custom_fields to nested"), (500, "500"), (401, "401")])
@pytest.mark.parametrize("values", [{SCORE: 42}, {TIER: 2}])
def test_a_failed_second_read_of_definitions_ends_the_run_and_the_next_run_recovers(
    stand_in, values, status, said
):
    stand_in.definitions = lambda nth: BEFORE if nth == 1 else status
    pages = [[row(1)], [row(2, **values)]]
    stand_in.deals = deals(*pages)
    struck = run(stand_in.config, catalog=catalog("09-body-null"))
    assert struck.code
    assert "dealFields" in struck.error
    assert said in struck.error
    assert [*struck.tables["deals"]] == ["[1]"]
    stand_in.definitions = lambda _nth: AFTER
    healed = run(stand_in.config, catalog=catalog("09-body-null"), before=struck)
    table = healed.tables["deals"]
    assert (healed.code, *table) == (0, "[1]", "[2]")
    assert (table["[2]"]["score"], table["[2]"]["tier"]) == ((42, "A") if SCORE in values else (None, "Gold"))


# --- other lists ----------------------------------------------------------------------------------


def entry(stream):
    root = {"breadcrumb": [], "metadata": {"selected": True}}
    return {"streams": [{"tap_stream_id": stream, "stream": stream, "schema": {}, "metadata": [root]}]}


def test_a_field_and_an_option_of_persons_added_between_two_pages_are_read(stand_in):
    rows = [row(1), row(2, **{TIER: 2, SCORE: 42})]
    stand_in.entity = "person"
    respond = deals(*[[one] for one in rows])
    stand_in.lists["/api/v2/persons"] = lambda query: respond(query, 0)
    found = run(stand_in.config, catalog=entry("persons"))
    assert [(one["tier"], one.get("score")) for one in found.output.records["persons"]] == [
        ("A", None),
        ("Gold", 42),
    ]


def lead(one, **values):
    moment = f"2025-02-01T00:00:0{one}.000Z"
    return {
        "id": f"00000000-0000-0000-0000-00000000000{one}",
        "title": "L",
        "update_time": moment,
        TIER: 1,
        **values,
    }


def leads(rows, size=2):
    """Return a page of a v1 list, with pages that share a row."""

    def respond(query):
        start = int(query.get("start", ["0"])[0])
        page, more = rows[start : start + size], start + size < len(rows)
        place = {"start": start, "limit": size, "more_items_in_collection": more, "next_start": start + size}
        content = {"success": True, "data": page, "additional_data": {"pagination": place}}
        return 200, json.dumps(content).encode(), {}

    return respond


def test_a_field_added_between_two_pages_of_a_v1_list_is_read(stand_in):
    rows = [lead(1), lead(2), lead(3, **{TIER: 2, SCORE: 42})]
    stand_in.lists["/v1/leads"] = leads(rows)
    found = run(stand_in.config, catalog=entry("leads"), page=2)
    assert [(one["tier"], one.get("score")) for one in found.output.records["leads"]] == [
        ("A", None),
        ("A", None),
        ("Gold", 42),
    ]


def test_a_list_of_v1_emits_parts_without_a_definition_by_key_and_reads_them_again(stand_in):
    stand_in.definitions = lambda _nth: BEFORE
    rows = [lead(1), lead(2), lead(3, **{LOST: 10, f"{LOST}_currency": "EUR"})]
    stand_in.lists["/v1/leads"] = leads(rows)
    found = run(stand_in.config, catalog=entry("leads"), page=2)
    last = found.output.records["leads"][-1]
    assert (last[LOST], last[f"{LOST}_currency"]) == ("10", "EUR")
    assert not found.output.faults()
    stand_in.definitions = lambda _nth: [*BEFORE, definition(LOST, "Price", "monetary")]
    healed = run(stand_in.config, catalog=entry("leads"), page=2, before=found)
    last = healed.output.records["leads"][-1]
    assert (last["price"], last["price_currency"]) == (10, "EUR")
