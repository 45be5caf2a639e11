"""The sheet of docs/recipes/sync-a-sheet.md: 200 rows as a salesperson writes them, ten with a mistake."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from tests.target.case_folders import writes_of
from tests.target.helpers import lines_of, rows

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
RECIPE = (RECIPES / "sync-a-sheet.md").read_text(encoding="utf-8")
STREAMS = re.search(r"STREAMS='(.*?)'", RECIPE, re.DOTALL)
SETTINGS = {"streams": json.loads(STREAMS[1]) if STREAMS else {}, "missing_references": "create"}
MISTAKES = {
    # number: column, correct value, facts of the message
    "N-1017": ("owner_email", "olga@nordwind.example", ["e-mail address of a user", "correct it"]),
    "N-1038": ("owner_email", "mari@nordwind.example", ["deactivated", "active one"]),
    "N-1059": ("stage", "Proposal", ["name of a stage", "nearest: Proposal", "'Propsal'"]),
    "N-1072": ("label", "Warm", ["no such option", "nearest: Hot", "'Hott'"]),
    "N-1096": ("expected_close", "2026-07-09", ["a date such as", "'31.12.2026'"]),
    "N-1111": ("expected_close", "2026-09-17", ["a date such as", "'2026-11-31'"]),
    "N-1134": ("value", "42750 EUR", ["a number such as", "'12,500 EUR'"]),
    "N-1150": ("value", "13550 EUR", ["currency", "a code such as EUR", "'4200 Taler'"]),
    "N-1167": ("title", "Service contract for Sundby Solar", ["needs title"]),
    "N-1189": ("contact_email", "ines.moreau@lindau-stahl.example", ["not an e-mail address", "correct it"]),
}
SYMBOLS = {"€": "EUR"}


def sheet():
    """The rows, with column names as the reader of sheets in meltano.yml emits them."""
    with (RECIPES / "sheets" / "deals.csv").open(encoding="utf-8", newline="") as file:
        names = [one.lower().replace(" ", "_") for one in next(csv.reader(file))]
        return list(csv.DictReader(file, names))


def corrected():
    return [
        {**one, MISTAKES[one["number"]][0]: MISTAKES[one["number"]][1]} if one["number"] in MISTAKES else one
        for one in sheet()
    ]


def named(small, table, key="name"):
    return {one["id"]: one[key] for one in small.rows(table)}


def expected(small):
    """The expected state of each deal of the corrected sheet."""
    owners = {one["email"]: one["id"] for one in small.rows("users")}
    stages = {one["name"]: one["id"] for one in small.rows("stages")}
    labels = {"Hot": 1, "Warm": 2, "Cold": 3}
    found = {}
    for one in corrected():
        number = re.search(r"[\d.]+", one["value"])[0]
        currency = one["value"].replace(number, "").strip()
        found[one["number"]] = {
            "title": one["title"],
            "value": float(number),
            "currency": SYMBOLS.get(currency, currency),
            "owner": owners[one["owner_email"]],
            "stage": stages[one["stage"]],
            "organization": one["organization"],
            "person": (one["contact"], one["contact_email"]),
            "labels": {labels[name] for name in one["label"].split(", ") if name},
            "close": one["expected_close"] or None,
        }
    return found


def written(small, ids):
    """The state of the deals in the account, by number in the sheet."""
    deals = {str(one["id"]): one for one in small.rows("deals")}
    organizations = named(small, "organizations")
    persons = {
        one["id"]: (one["name"], one["emails"][0]["value"]) for one in small.rows("persons") if one["emails"]
    }
    return {
        number: {
            "title": deals[row_id]["title"],
            "value": float(deals[row_id]["value"]),
            "currency": deals[row_id]["currency"],
            "owner": deals[row_id]["owner_id"],
            "stage": deals[row_id]["stage_id"],
            "organization": organizations[deals[row_id]["org_id"]],
            "person": persons[deals[row_id]["person_id"]],
            "labels": set(deals[row_id]["label_ids"] or ()),
            "close": deals[row_id]["expected_close_date"],
        }
        for number, row_id in ids.items()
    }


def test_a_sheet_of_a_salesperson_is_written_and_its_mistakes_are_explained(small, load):
    before = small.dump()["tables"]
    messages = rows("sheet", *sheet(), keys=["number"])
    dry = load(messages, dry_run=True, **SETTINGS)
    assert dry.error is None
    assert (dry.outcomes.count("created"), dry.outcomes.count("failed")) == (190, 10)
    assert small.dump()["tables"] == before

    run = load(messages, **SETTINGS)
    assert run.outcomes == dry.outcomes
    assert run.errors == dry.errors
    ids = {one["key"]["number"]: one["id"] for one in run.results if one["outcome"] == "created"}
    right = expected(small)
    assert written(small, ids) == {number: right[number] for number in ids}
    lines = re.findall(r"^sheet \(number .*$", RECIPE, re.MULTILINE)
    shown = [".*".join(map(re.escape, one.split("…"))) for one in lines]
    assert len(shown) == len(MISTAKES)
    for failed in (one for one in run.results if one["outcome"] == "failed"):
        column, _, facts = MISTAKES[failed["key"]["number"]]
        assert failed["column"] == column
        assert all(fact in failed["error"] for fact in facts), failed["error"]
        assert f"line {failed['line']}" in failed["error"]
        assert any(re.fullmatch(one, failed["error"]) for one in shown), failed["error"]
        assert not re.search(r"POST|PATCH|/api|ERR_|SCHEMA|JSON|null", failed["error"]), failed["error"]

    rejects = [json.loads(line) for line in run.rejects.read_text().splitlines()]
    for one in (one for one in rejects if one["type"] == "RECORD"):
        column, value, _ = MISTAKES[one["record"]["number"]]
        one["record"][column] = value
    piped = load(lines_of(rejects), **SETTINGS)
    assert piped.outcomes == ["created"] * 10
    ids |= {one["key"]["number"]: one["id"] for one in piped.results}
    assert written(small, ids) == right
    new = [
        one["name"]
        for one in small.rows("organizations")
        if one["id"] not in named_before(before, "organizations")
    ]
    assert sorted(new) == sorted({one["organization"] for one in corrected()})

    small.post("/_emulator/log/clear")
    again = load(rows("sheet", *corrected(), keys=["number"]), **SETTINGS)
    assert again.outcomes == ["unchanged"] * 200
    assert writes_of(small) == []


def named_before(tables, table):
    return {one["id"] for one in tables[table]}
