"""References to other rows: by id, external id, JSON text, or missing; labels of leads by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.forking import forking
from tests.target.helpers import adding, record, rows, schema

pytestmark = pytest.mark.dialects

CASE = Path(__file__).parents[1] / "resources" / "cases" / "target" / "41-refs"


def test_references_as_people_write_them(small, tmp_path):
    files = {one: str(tmp_path / one) for one in ("ledger_path", "results_path", "rejects_path")}
    config = tmp_path / "config.json"
    config.write_text(json.dumps(small.config(**files)))
    done = forking("target_pipedrive").finish(
        tmp_path, "--config", str(config), content=(CASE / "input.singer").read_bytes()
    )
    assert done.returncode == 1
    results = [json.loads(line) for line in Path(files["results_path"]).read_text().splitlines()]
    ids = {str(one["key"]["external_id"]): one["id"] for one in results if one["outcome"] == "created"}
    failed = {one["key"]["external_id"]: one["error"] for one in results if one["outcome"] == "failed"}
    assert failed.keys() == {"i", "j", "l"}
    assert all("org_id" in one for one in failed.values())
    held = {name: small.get(f"/api/v2/deals/{ids[name]}")["data"]["org_id"] for name in "abcdefghk"}
    five, seven = int(ids["5"]), int(ids["7"])
    assert held == {
        **dict.fromkeys("abgh", five),
        **dict.fromkeys("cd", seven),
        **dict.fromkeys("ef", None),
        "k": 2,
    }


BLANK = [
    None,
    "",
    " ",
    "\u00a0",
    {"external_id": None},
    {"external_id": ""},
    {"external_id": "\u2003"},
    {"externalId": "null"},
    {"EXTERNAL_ID": " "},
    '{"external_id": null}',
    {"id": None},
    {"id": ""},
]


@pytest.mark.parametrize(
    ("table", "column", "number"),
    [("persons", "org_id", 1), ("deals", "person_id", 1), ("activities", "deal_id", 1)],
)
def test_blank_references_are_null(load, small, table, column, number):
    row = next(
        one
        for one in small.rows(table)
        if one[column] and not one.get("is_deleted") and not one.get("is_archived")
    )
    came = {}
    for blank in BLANK:
        small.call("PATCH", f"/api/v2/{table}/{row['id']}", {column: number})
        run = load(rows(table, {"id": row["id"], column: blank}, keys=["id"]))
        held = small.get(f"/api/v2/{table}/{row['id']}")["data"][column]
        came[repr(blank)] = (run.outcomes, run.errors, held)
    assert all(one == came["None"] for one in came.values()), came
    assert not came["None"][1]


@pytest.mark.parametrize("blank", BLANK, ids=repr)
def test_a_blank_reference_of_a_new_row_is_left_out(load, small, blank):
    run = load(rows("deals", {"title": "D", "person_id": blank, "org_id": 1}), **adding("deals"))
    assert run.outcomes == ["created"], run.errors
    assert small.get(f"/api/v2/deals/{run.ids[0]}")["data"]["person_id"] is None


KNOWN = [5, 5.0, "5", "5.0", " 5 ", "\u00a05"]


@pytest.mark.parametrize("stored", KNOWN, ids=repr)
@pytest.mark.parametrize(
    ("parent", "child", "column"),
    [
        ({"name": "Five"}, "persons", "org_id"),
        ({"name": "Five"}, "deals", "org_id"),
        ({"name": "Five"}, "activities", "org_id"),
    ],
)
def test_every_spelling_of_an_external_id_names_the_row(load, small, stored, parent, child, column):
    title = {"persons": "name", "deals": "title", "activities": "subject"}[child]
    made = rows("organizations", {"external_id": stored, **parent}, keys=["external_id"])
    named = [
        {"external_id": f"c{n}", title: "C", column: {"external_id": one}} for n, one in enumerate(KNOWN)
    ]
    run = load(made, rows(child, *named, keys=["external_id"]))
    assert set(run.outcomes) == {"created"}, run.errors
    held = {small.get(f"/api/v2/{child}/{one}")["data"][column] for one in run.ids[1:]}
    assert held == {int(run.ids[0])}


def test_another_object_is_rejected(load):
    sent = [{"id": 1, "org_id": one} for one in ({}, {"name": "Acme"}, [1, 2], '{"a": 1}')]
    run = load(rows("persons", *sent, keys=["id"]))
    assert run.outcomes == ["failed"] * 4
    assert all("org_id" in one for one in run.errors)


# --- labels of leads -----------------------------------------------------------------------------


@pytest.fixture
def labels(small):
    return {one["name"]: one["id"] for one in small.get("/v1/leadLabels")["data"]}


@pytest.fixture
def lead(small):
    return next(one["id"] for one in small.rows("leads") if not one["is_archived"])


def test_labels_of_leads_by_name(load, small, labels, lead):
    first, second = list(labels)[:2]
    both = {labels[first], labels[second]}
    for given in (
        [first, second],
        f"{first}, {second}",
        json.dumps([first.upper(), f" {second}\u00a0"]),
        [{"name": first}, {"id": labels[second]}],
        [labels[first], second],
    ):
        small.call("PATCH", f"/v1/leads/{lead}", {"label_ids": []})
        run = load(rows("leads", {"id": lead, "label_ids": given}, keys=["id"]))
        assert (run.outcomes, run.errors) == (["updated"], []), given
        assert set(small.get(f"/v1/leads/{lead}")["data"]["label_ids"]) == both
        assert load(rows("leads", {"id": lead, "label_ids": given}, keys=["id"])).outcomes == ["unchanged"]


@pytest.mark.parametrize("stream", ["add_lead", "addLead", "leads"])
def test_new_leads_accept_labels_by_name(load, small, labels, stream):
    name = next(iter(labels))
    column = "labelIds" if stream == "addLead" else "label_ids"
    run = load(rows(stream, {"title": "L", "person_id": 1, column: name}), **adding("leads"))
    assert run.outcomes == ["created"], run.errors
    assert small.get(f"/v1/leads/{run.ids[0]}")["data"]["label_ids"] == [labels[name]]


def test_an_unknown_label_is_reported_with_the_closest_matches(load, labels, lead):
    name = next(iter(labels))
    run = load(rows("leads", {"id": lead, "label_ids": f"{name}x"}, keys=["id"]))
    assert run.outcomes == ["failed"]
    assert f"nearest: {name}" in run.errors[0]
    assert "label_ids" in run.errors[0]


def test_a_label_with_a_comma_and_one_of_two_equal_labels(load, small, lead):
    made = [small.post("/v1/leadLabels", {"name": "Hot, really", "color": "red"})["data"]["id"]]
    for color in ("blue", "green"):
        small.post("/v1/leadLabels", {"name": "Twin", "color": color})
    run = load(
        rows(
            "leads", {"id": lead, "label_ids": "Hot, really"}, {"id": lead, "label_ids": "Twin"}, keys=["id"]
        )
    )
    assert run.outcomes == ["updated", "failed"]
    assert small.get(f"/v1/leads/{lead}")["data"]["label_ids"] == made
    assert "use the id" in run.errors[0]


def test_labels_are_read_once(load, small, labels):
    name = next(iter(labels))
    small.post("/_emulator/log/clear")
    sent = [record("leads", title=f"L{n}", person_id=1, label_ids=[name]) for n in range(5)]
    load(schema("leads", "title person_id label_ids"), *sent, **adding("leads"))
    assert small.requests()["GET /api/v1/leadLabels"] == 1
