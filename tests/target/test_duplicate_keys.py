"""Several records with one key and different values are reported, and written as `on_duplicate_key` sets."""

from __future__ import annotations

import random
from itertools import count

import pytest

from target_pipedrive.record.key_lines import KeyLines
from tests.target.helpers import record, rows, schema, state

A, B, C = {"name": "Ann A"}, {"name": "Ann B"}, {"name": "Ann C"}
OTHER = {"external_id": "x-2", "name": "Other"}


def keyed(*values, key="external_id", of="x-1"):
    return [{key: of, **one} for one in values]


def persons(*records, keys=("external_id",)):
    return rows("persons", *records, keys=keys)


def named(small, prefix="Ann"):
    return [one["name"] for one in small.rows("persons") if one["name"].startswith(f"{prefix} ")]


def writes(small):
    """Requests that write persons."""
    return sum(number for name, number in small.requests().items() if not name.startswith("GET"))


@pytest.fixture
def load_persons(small, load):
    def run(*records, **config):
        small.post("/_emulator/log/clear")
        return load(persons(*records), state({"n": 1}), **config)

    return run


# --- the report -----------------------------------------------------------------------------------


def test_all_are_written_in_their_order_and_each_later_one_is_reported(small, load_persons, caplog):
    caplog.set_level("INFO", "target-pipedrive")
    run = load_persons(*keyed(A, B), OTHER, *keyed(C))
    assert run.outcomes == ["created", "updated", "created", "updated"]
    assert named(small) == ["Ann C"]
    assert [one["note"] for one in run.results] == [
        None,
        "line 2 has the same key",
        None,
        "line 3 has the same key",
    ]
    assert (
        "Same key as an earlier record, with other values, in persons: 2 records (first: lines 2 and 3); "
        "all are written in their order, see on_duplicate_key"
    ) in caplog.text
    again = load_persons(*keyed(A, B), OTHER, *keyed(C))
    assert again.outcomes == ["updated", "updated", "unchanged", "updated"]


def test_records_with_the_same_values_or_of_another_key_or_stream_are_not_reported(load, caplog):
    caplog.set_level("INFO", "target-pipedrive")
    mapped = {"streams": {"others": {"entity": "persons"}}}
    run = load(
        persons(*keyed(A, A), OTHER),
        rows("others", *keyed(B), keys=["external_id"]),
        [schema("add_note", "content deal_id"), *(record("add_note", content=c, deal_id=1) for c in "xy")],
        **mapped,
    )
    assert run.outcomes == ["created", "unchanged", "created", "updated", "created", "created"]
    assert "Same key" not in caplog.text
    assert {one["note"] for one in run.results} == {None}


@pytest.mark.parametrize(
    ("entity", "first", "second", "settings"),
    [
        ("persons", {"id": 1, "name": "Ann A"}, {"id": "1.0", "name": "Ann B"}, {}),
        (
            "persons",
            {"email": "Ann@x.io", "name": "Ann A"},
            {"email": " ann@X.io", "name": "Ann B"},
            {"match_on": {"persons": ["email"]}},
        ),
        (
            "deal_products",
            {"deal_id": 1, "product_id": 2, "item_price": 1, "quantity": 1},
            {"deal_id": "1", "product_id": 2, "item_price": 2, "quantity": 1},
            {"match_on": {"deal_products": ["product_id"]}},
        ),
    ],
)
def test_keys_are_compared_in_the_form_in_which_rows_are_found(load, entity, first, second, settings):
    run = load(rows(entity, first, second), on_duplicate_key="fail", **settings)
    assert [one["outcome"] == "failed" for one in run.results] == [False, True], run.results
    assert "line 2 has the same key and other values" in run.errors[0]


def test_rows_of_different_parents_have_different_keys(load):
    lines = [{"deal_id": deal, "product_id": 2, "item_price": deal, "quantity": 1} for deal in (1, 2)]
    run = load(
        rows("deal_products", *lines),
        on_duplicate_key="fail",
        match_on={"deal_products": ["product_id"]},
    )
    assert "failed" not in run.outcomes


@pytest.mark.parametrize("choice", ["fail", "last"])
def test_one_user_may_follow_several_deals(small, load, choice):
    followers = [{"deal_id": deal, "user_id": 2} for deal in (3, 4, 6)]
    run = load(rows("deal_followers", *followers), on_duplicate_key=choice)
    assert run.outcomes == ["created"] * 3
    follows = {one["parent"] for one in small.rows("followers") if one["user_id"] == 2}
    assert follows >= {f"deals:{deal}" for deal in (3, 4, 6)}
    assert not run.target.facts()["same_keys"]


# --- fail -----------------------------------------------------------------------------------------


def test_fail_rejects_all_but_the_first_with_its_key_and_both_lines(small, load_persons):
    run = load_persons(*keyed(A, B, C), on_duplicate_key="fail", on_error="continue")
    assert run.outcomes == ["created", "failed", "failed"]
    assert named(small) == ["Ann A"]
    assert [one["column"] for one in run.results[1:]] == ["external_id"] * 2
    assert run.errors[0] == (
        "persons (external_id x-1): external_id: line 2 has the same key and other values; send one record "
        "for each row, or set on_duplicate_key to write or last (line 3)."
    )
    assert "line 2 has the same key" in run.errors[1]
    assert len(run.rejects.read_text().splitlines()) == 3
    quiet = load_persons(*keyed(A, B, C), on_duplicate_key="fail", on_error="continue")
    assert (quiet.outcomes, writes(small)) == (["unchanged", "failed", "failed"], 0)


# --- last -----------------------------------------------------------------------------------------


def test_last_writes_only_the_last_record_and_nothing_in_the_next_run(small, load_persons, caplog):
    caplog.set_level("INFO", "target-pipedrive")
    run = load_persons(*keyed(A, B), OTHER, *keyed(C), on_duplicate_key="last")
    assert run.outcomes == ["skipped", "skipped", "created", "created"]
    assert (named(small), writes(small)) == (["Ann C"], 2)
    assert run.results[0]["note"] == "line 5 has the same key, and is the last one"
    assert run.results[3]["note"] == "line 3 has the same key"
    assert "only the last record of a key is written, see on_duplicate_key" in caplog.text
    assert run.states == [{"n": 1}]
    again = load_persons(*keyed(A, B), OTHER, *keyed(C), on_duplicate_key="last")
    assert (again.outcomes, writes(small)) == (["skipped", "skipped", "unchanged", "unchanged"], 0)
    turned = load_persons(*keyed(B, C, A), OTHER, on_duplicate_key="last")
    assert (named(small), writes(small)) == (["Ann A"], 1), turned.results


def test_last_does_not_count_a_record_that_cannot_be_written(small, load_persons):
    broken = {"external_id": "x-1", "name": "Ann C", "_sdc_deleted_at": "perhaps"}
    run = load_persons(*keyed(A, B), broken, on_duplicate_key="last")
    assert run.outcomes == ["skipped", "created", "failed"]
    assert named(small) == ["Ann B"]


def test_last_keeps_the_order_of_records_and_their_references(small, load):
    people = keyed(A, B)
    deals = [
        {"external_id": f"d-{n}", "title": f"Deal {n}", "person_id": {"external_id": "x-1"}} for n in (1, 2)
    ]
    notes = [
        schema("add_note", "content deal_id"),
        record("add_note", content="n", deal_id={"external_id": "d-2"}),
    ]
    run = load(
        rows("deals", *deals, keys=["external_id"]),
        persons(*people),
        notes,
        state({"n": 2}),
        on_duplicate_key="last",
    )
    assert run.outcomes == ["created", "created", "skipped", "created", "created"]
    (person,) = [one for one in small.rows("persons") if one["name"] == "Ann B"]
    assert [one["person_id"] for one in small.rows("deals")[-2:]] == [person["id"]] * 2
    assert run.states == [{"n": 2}]


def test_last_finds_references_by_name_to_rows_of_the_same_input(small, load):
    deal = {"external_id": "d-1", "title": "Deal", "person_name": "Ann B"}
    run = load(persons(*keyed(A, B)), rows("deals", deal, keys=["external_id"]), on_duplicate_key="last")
    assert run.outcomes == ["skipped", "created", "created"]
    assert named(small) == ["Ann B"]


def test_last_writes_nothing_of_a_truncated_input(small, load):
    run = load(persons(*keyed(A, B)), torn=9, on_duplicate_key="last")
    assert "are written, except 1, because later ones may have the same keys" in str(run.error)
    assert (named(small), run.outcomes, run.states) == ([], [], [])
    whole = load(persons(*keyed(A, B)), on_duplicate_key="last")
    assert (named(small), whole.outcomes) == (["Ann B"], ["skipped", "created"])


@pytest.mark.parametrize("policy", ["write", "last", "fail"])
def test_a_dry_run_has_the_outcomes_of_the_real_run(small, load_persons, policy):
    records = [*keyed(A, B), OTHER, *keyed(C), *keyed(C)]
    before = small.snapshot()
    dry = load_persons(*records, on_duplicate_key=policy, on_error="continue", dry_run=True)
    assert small.snapshot() == before
    real = load_persons(*records, on_duplicate_key=policy, on_error="continue")
    shown = [[(one["outcome"], one["note"], one["error"]) for one in run.results] for run in (dry, real)]
    assert shown[0] == shown[1]


def version(number, *records):
    head, *found = persons(*records)
    closed = {"type": "ACTIVATE_VERSION", "stream": "persons", "version": number}
    return [head, *({**one, "version": number} for one in found), closed]


def test_mirror_deletes_missing_rows_although_earlier_records_of_a_key_were_skipped(small, load):
    settings = {"mirror": True, "allow_deletes": True, "on_duplicate_key": "last"}
    load(version(1, *keyed(A), OTHER), **settings)
    run = load(version(2, *keyed(B, C)), **settings)
    assert run.outcomes == ["skipped", "updated", "deleted"]
    assert named(small) == ["Ann C"]
    assert named(small, "Other") == []


# --- memory ---------------------------------------------------------------------------------------


def test_the_table_of_keys_finds_what_a_dictionary_finds():
    numbers, found, lines = random.Random(7), {}, KeyLines()
    for line in range(1, 30_000):
        key, content = ("s", str(numbers.randrange(9_000))), bytes([numbers.randrange(3), 0, 0, 0])
        earlier = found.get(key)
        expected = earlier[0] if earlier and earlier[1] != content else 0
        assert lines.put(key, line, content) == expected
        found[key] = (line, content)
    assert all(lines.line_of(key) == line for key, (line, _) in found.items())
    assert lines.line_of(("s", "none")) == 0


def test_the_line_of_the_first_record_stays_if_it_is_kept():
    lines, numbers = KeyLines(), count(1)
    found = [
        lines.put("k", next(numbers), content, keep=True) for content in (b"aaaa", b"bbbb", b"aaaa", b"cccc")
    ]
    assert found == [0, 1, 0, 1]


def test_the_summary_names_streams_with_equal_keys(load_persons):
    run = load_persons(*keyed(A, B, C))
    assert run.target.facts()["same_keys"] == [{"stream": "persons", "records": 2, "first_lines": [2, 3]}]
