"""Failed records: a message with stream, key and fix, and a line in the reject file."""

from __future__ import annotations

import io
import json
import re

import pytest

from target_pipedrive.record.errors import StreamFault
from target_pipedrive.target import TargetPipedrive
from tests.support.emulator import Emulator
from tests.support.forking import forking
from tests.target.helpers import Loader, adding, lines_of, record, rows, schema, state

WRONG = {
    "a wrong type": ("deals", {"id": 3, "value": "lots"}, "value must be a number such as"),
    "a wrong date": (
        "deals",
        {"id": 3, "expected_close_date": "soon"},
        "expected_close_date must be a date such as",
    ),
    "a wrong id": ("deals", {"id": 3, "person_id": "Anna"}, "person_id must be an integer"),
    "a wrong word": ("persons", {"id": 3, "marketing_status": "subscribe"}, "did you mean subscribed?"),
    "a list that is none": (
        "deals",
        {"id": 3, "label_ids": {"a": 1}},
        "must be a list, not an object",
    ),
    "an unknown column": ("deals", {"id": 3, "tilte": "x"}, "property tilte is not known; nearest: title"),
    "a dead row": ("deals", {"id": 99999, "title": "x"}, "which does not exist in this account"),
    "a dead reference": (
        "deals",
        {"id": 3, "org_id": {"external_id": "no"}},
        "is not in this ledger: load that record too",
    ),
    "what Pipedrive refuses": ("deals", {"id": 3, "stage_id": 99999}, "stage_id is rejected by Pipedrive: "),
    "a part of an address that there is not": (
        "organizations",
        {"id": 4, "address": {"country": "EE"}},
        "address has no value yet",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_each_fault_is_reported_and_the_run_continues(load, case):
    stream, values, sentence = WRONG[case]
    other = "products" if stream != "products" else "deals"
    run = load(
        rows(stream, values, keys=["id"]),
        rows(other, {"id": 1, "name": "Still written"}, keys=["id"]),
        on_stream_error="reject",
    )
    assert run.error is None
    assert run.outcomes == ["failed", "updated"]
    assert sentence in run.errors[0]
    assert run.errors[0].startswith(f"{stream} (id {values['id']}): ")
    rejected = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    assert [one["type"] for one in rejected] == ["SCHEMA", "RECORD"]
    assert rejected[1]["record"] == values
    assert rejected[1]["error"]


def test_a_feature_missing_from_the_plan_fails_only_the_record(tmp_path):
    with Emulator("--burst", "0", "--plan", "lite", seed="small") as lite:
        load = Loader(lite.config(), tmp_path)
        run = load(
            rows("update_person", {"id": 3, "birthday": "1990-01-01"}), rows("add_deal", {"title": "A"})
        )
    assert run.error is None
    assert run.outcomes == ["failed", "created"]
    assert "Contact Sync is off" in run.errors[0]


def test_no_personal_data_in_sentences(load):
    run = load(rows("persons", {"id": 3, "org_id": "jane.doe@example.com"}, keys=["id"]))
    assert "jane" not in run.errors[0]


def test_max_failures_stops_the_run(load):
    bad = [{"title": str(number), "value": "x"} for number in range(50)]
    run = load(rows("add_deal", *bad), max_failures=5)
    assert "Stopped after" in str(run.error)
    assert len(run.results) < 50


def test_an_unknown_stream_fails_by_default_and_can_be_ignored(load):
    strange = [schema("dealz", "id"), record("dealz", id=1)]
    run = load(strange, state({"n": 1}))
    assert isinstance(run.error, StreamFault)
    assert "neither an action nor an entity; nearest: deals" in str(run.error)
    assert (run.results, run.states) == ([], [])
    run = load(strange, on_stream_error="reject")
    assert "neither an action nor an entity; nearest: deals" in run.errors[0]
    assert load(strange, unknown_streams="ignore").results == []


def test_reject_files_are_kept(load, tmp_path):
    path = tmp_path / "kept.singer"
    for _ in range(2):
        load(rows("add_deal", {"value": 1}), rejects_path=str(path))
    assert sorted(one.name for one in tmp_path.glob("kept*")) == ["kept-2.singer", "kept.singer"]


BAD = {
    # fault: messages, and the facts in the message: stream and key, field, fix
    "wrong type": (
        rows("deals", {"id": 5, "value": "lots"}, keys=["id"]),
        ("deals (id 5)", "value", "must be a number"),
    ),
    "missing required key": (
        rows("add_deal", {"value": 3}, keys=["value"]),
        ("add_deal (value 3)", "title", "needs"),
    ),
    "unknown column": (
        rows("persons", {"id": 5, "nmae": "x"}, keys=["id"]),
        ("persons (id 5)", "nmae", "nearest: name"),
    ),
    "unknown option": (
        rows("deals", {"id": 6, "Tier": "Platinum"}, keys=["id"]),
        ("deals (id 6)", "Tier", "known: Gold, Silver, Bronze; or set create_options"),
    ),
    "dead reference by external id": (
        rows("deals", {"id": 7, "org_id": {"external_id": "gone"}}, keys=["id"]),
        ("deals (id 7)", "org_id", "load that record too, or omit the column"),
    ),
    "dead reference by id": (
        rows("deals", {"id": 8, "person_id": 99999}, keys=["id"]),
        ("deals (id 8)", "person_id", "does not exist"),
    ),
    "ambiguous match": (
        rows("twins", {"code": "t", "email": "twin@two.example", "name": "T"}, keys=["code"]),
        ("twins (code t)", "by email", "merge them, match on more fields, or set on_ambiguous"),
    ),
    "invalid JSON": ('{"type": "RECORD", "stream": "deals", "rec', ("Line", "not a Singer", "correct the")),
    "before SCHEMA": (record("notes", id=1), ("notes", "precede its SCHEMA", "send the SCHEMA first")),
    "key violation": (
        [schema("products", "id name", ["id"]), record("products", name="No id")],
        ("products", "id is empty", "fill it, or take it out of key_properties"),
    ),
    "archived": (
        rows("deals", {"id": 17, "title": "New"}, keys=["id"]),
        ("deals (id 17)", "archived", "send is_archived: false"),
    ),
    "unknown stream": (
        rows("dealz", {"id": 1}, keys=["id"]),
        ("dealz (id 1)", "neither an action nor an entity", "nearest: deals"),
    ),
    "no object": (
        '{"type": "RECORD", "stream": "dealz", "record": 7}',
        ("dealz", "record", "must be an object"),
    ),
    "a batch": ('{"type": "BATCH", "stream": "deals"}', ("Line", "BATCH", "send RECORD messages")),
}  # fmt: skip


def twins(small):
    for _ in range(2):
        small.post("/api/v2/persons", {"name": "T", "emails": [{"value": "twin@two.example"}]})


def without_line(sentence):
    return re.sub(r"[Ll]ine \d+", "line", sentence)


def test_all_kinds_of_faults_in_one_run(load, small):
    twins(small)
    assert 17 in [one["id"] for one in small.get("/api/v2/deals/archived")["data"]]
    settings = {
        "streams": {"twins": {"entity": "persons", "match_on": ["email"], "ignore": ["code"]}},
        "results_path": str(load.folder / "all.jsonl"),
        "on_stream_error": "reject",
    }
    messages = []
    for number, (bad, _) in enumerate(BAD.values()):
        messages += [bad, rows("persons", {"id": number + 10, "name": f"Good {number}"}, keys=["id"])]
    run = load(*messages, **settings)
    assert run.error is None
    names = {one["id"]: one["name"] for one in small.rows("persons")}
    assert [names[number + 10] for number in range(len(BAD))] == [f"Good {n}" for n in range(len(BAD))]
    rejected = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    told = [one["error"] for one in rejected if "error" in one]
    assert len(told) == len(BAD)
    for case, (_, parts) in BAD.items():
        assert [one for one in told if all(part in one for part in parts)], (case, parts, told)
    # As it is, the file is rejected in the same way; corrected, all of it is written.
    again = load(*run.rejects.read_text().splitlines(), **settings)
    assert again.error is None
    lines = [json.loads(line) for line in again.rejects.read_text().splitlines()]
    repeated = [one["error"] for one in lines if "error" in one]
    assert sorted(map(without_line, told)) == sorted(map(without_line, repeated))


def test_a_corrected_reject_file_is_written(load, small):
    twins(small)
    run = load(
        *[bad for case, (bad, _) in BAD.items() if case not in ("ambiguous match", "a batch", "no object")],
        on_stream_error="reject",
    )
    mended = run.rejects.read_text()
    for wrong, right in {
        '"lots"': "5",
        '"record": {"value": 3}': '"record": {"value": 3, "title": "T"}',
        "nmae": "name",
        "Platinum": "Gold",
        "gone": "here",
        "99999": "1",
        '"title": "New"': '"title": "New", "is_archived": false',
        '"name": "No id"': '"name": "No id", "id": 1',
        '{\\"type\\": \\"RECORD\\", \\"stream\\": \\"deals\\", \\"rec': "",
        "dealz": "deals",
        '"properties": {"id": {}, "title": {}}': '"properties": {"id": {}, "title": {}, "is_archived": {}}',
        '"properties": {"value": {}}}': '"properties": {"value": {}, "title": {}}}',
    }.items():
        assert wrong in mended, wrong
        mended = mended.replace(wrong, right)
    again = load(
        rows("organizations", {"external_id": "here", "name": "Here"}, keys=["external_id"]),
        schema("notes", "id", ["id"]),
        *mended.splitlines(),
    )
    assert again.error is None
    assert again.errors == []


def test_a_missing_right_fails_the_record_only(tmp_path, caplog):
    with Emulator("--burst", "0", "--scopes", "base,deals:full,users:read", seed="small") as limited:
        load = Loader(
            {
                "api_url": limited.url,
                "oauth_token_url": f"{limited.url}/oauth/token",
                "client_id": "emulator-client",
                "client_secret": "emulator-secret",
                "refresh_token": "emulator-refresh-token",
            },
            tmp_path,
        )
        run = load(
            rows("add_person", {"name": "P"}),
            rows("add_deal", {"title": "A"}),
            rows("update_product", {"id": 1, "name": "X"}, keys=["id"]),
            rows("add_deal", {"title": "B"}),
        )
    assert run.error is None
    assert run.outcomes == ["failed", "created", "failed", "created"]
    assert "update_product (id 1): Pipedrive rejects the record: " in run.errors[1]
    assert "PATCH /api/v2/products/1 returned 403" in caplog.text


@pytest.mark.parametrize("end", [b'{"type": "STATE", "value": {"n"', b'{"type": "RECORD", "x": "\xc3'])
def test_a_partial_line_at_the_end_is_truncated_input_and_not_a_record(small, tmp_path, end):
    before = len(small.rows("products"))
    wanted = [{"name": "One"}, {"name": "Two"}]
    whole = lines_of(rows("products", *wanted), state({"n": 2})).encode()
    config = tmp_path / "config.json"
    settings = {name: str(tmp_path / name) for name in ("ledger_path", "rejects_path", "results_path")}
    config.write_text(json.dumps(small.config(**settings, **adding("products"))))
    target = forking("target_pipedrive")
    cut = whole[: whole.rindex(b'{"type": "STATE"')] + end
    done = target.finish(tmp_path, "--config", str(config), content=cut)
    told = done.stderr.decode()
    assert done.returncode == 1
    assert "The input ended unexpectedly within line 4" in told
    assert "incomplete Singer message" in told
    assert "run the same again" in told
    assert "Traceback" not in told
    assert done.stdout == b""
    assert not (tmp_path / "rejects_path").exists()
    assert (tmp_path / "results_path").read_text().count("created") == 2
    # The same input again: nothing is added twice.
    done = target.finish(tmp_path, "--config", str(config), content=whole)
    assert (done.returncode, done.stdout) == (0, b'{"n": 2}\n')
    assert len(small.rows("products")) == before + 2


def test_a_complete_last_line_without_a_line_end_is_accepted(small, tmp_path):
    text = lines_of(rows("products", {"name": "One"}, {"name": "Two"})).rstrip("\n")
    target = TargetPipedrive(
        config=small.config(ledger_path=str(tmp_path / "own.sqlite"), **adding("products"))
    )
    target.listen(io.StringIO(text))
    assert sorted(one["name"] for one in small.rows("products")[-2:]) == ["One", "Two"]
    assert target.engine_failures == 0


@pytest.mark.parametrize("declared", [{}, {"schema": {"type": "object"}}, {"schema": {"properties": {}}}])
@pytest.mark.parametrize("column", ["org_name_x", "Nothing", "titel"])
def test_rejects_of_a_schema_without_columns_can_be_piped_in_again(load, small, declared, column):
    """The first reject must not determine the stream's columns."""
    begin = {"type": "SCHEMA", "stream": "deals", "key_properties": ["id"], **declared}
    first = load(
        begin,
        record("deals", id=3, value=7),
        record("deals", id=4, value=8, **{column: "x"}),
        record("deals", id=5, value=9, **{column: "y"}),
    )
    assert first.outcomes == ["updated", "failed", "failed"]
    again = load(*first.rejects.read_text().splitlines())
    assert (again.error, again.outcomes) == (None, ["failed", "failed"])
    assert all(column in error for error in again.errors)
    corrected = first.rejects.read_text().replace(f'"{column}"', '"title"')
    corrected = corrected.replace('"properties":{', '"properties":{"title":{},')
    assert load(*corrected.splitlines()).outcomes == ["updated", "updated"]
    assert [one["title"] for one in small.rows("deals") if one["id"] in (4, 5)] == ["x", "y"]


@pytest.mark.parametrize(
    ("settings", "good", "bad", "key"),
    [
        ({}, {"external_id": "d-1"}, {"external_id": "d-2"}, {"external_id": "d-2"}),
        ({"write": "update"}, {"id": 1}, {"id": 2}, {"id": 2}),
        ({"external_id": "nr"}, {"nr": "d-1"}, {"nr": "d-2"}, {"nr": "d-2"}),
        ({"match_on": ["title"]}, {"title": "One"}, {"title": "Two"}, {"title": "Two"}),
    ],
)
def test_records_without_key_properties_are_identified_by_their_match_columns(load, settings, good, bad, key):
    messages = rows("sheet", {"title": "A", **good, "value": 1}, {"title": "B", **bad, "value": "x"})
    run = load(*messages, streams={"sheet": {"entity": "deals", **settings}})
    assert run.outcomes[1:] == ["failed"]
    assert run.results[1]["key"] == key
    assert run.errors[0].startswith(f"sheet ({next(iter(key))} {next(iter(key.values()))}): value must be")


def test_an_action_without_key_properties_names_its_records_by_id(load):
    run = load(*rows("update_deal", {"id": 1, "value": "x"}))
    assert run.errors[0].startswith("update_deal (id 1): value must be")


def test_a_run_without_records_leaves_no_results_of_the_run_before(load, tmp_path):
    results, rejects = tmp_path / "results.jsonl", tmp_path / "rejects.singer"
    settings = {"results_path": str(results), "rejects_path": str(rejects)}
    first = rows("deals", {"id": 1, "title": "T"}, {"id": 2, "value": "x"}, keys=["id"])
    load(*first, **settings)
    assert len(results.read_text().splitlines()) == 2
    kept = rejects.read_text()
    load(schema("deals", "id title", ["id"]), **settings)
    assert results.read_text() == ""
    assert rejects.read_text() == kept
    assert not (tmp_path / "rejects-2.singer").exists()
    assert results.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("stream", "values", "scopes"),
    [
        ("notes", {"id": 1, "content": "Changed"}, "deals:full or contacts:full"),
        (
            "add_deal_product",
            {"id": 1, "product_id": 1, "item_price": 1, "quantity": 1},
            "deals:full or products:full",
        ),
        ("delete_lead_label", {"id": "00000000-0000-0000-0000-000000000000"}, "leads:full"),
    ],
)
def test_a_write_without_its_scope_names_the_scope(stream, values, scopes, load, small):
    rules = [
        {"operation": name, "kind": "status_before", "status": 403, "error": "Scope and URL mismatch"}
        for name in ("PUT /v1/notes/{id}", "POST /api/v2/deals/{id}/products", "DELETE /v1/leadLabels/{id}")
    ]
    small.post("/_emulator/faults", rules)
    run = load(rows(stream, values))
    assert run.outcomes == ["failed"]
    assert f"the OAuth app lacks the scope {scopes};" in run.errors[0]
