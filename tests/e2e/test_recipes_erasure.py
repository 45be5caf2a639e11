"""The recipe that erases a person, run exactly as written against the emulator."""

from __future__ import annotations

import csv
import json
import re

import pytest

from tests.support.recipes import follow, project, read, rows, settings
from tests.support.singer import Output

pytestmark = pytest.mark.xdist_group("meltano")

STREAMS = ("persons", "leads", "deals", "activities", "notes", "files", "organizations", "stages")
HELD = rb"lehmann|5550199|555-0199"
PERSON = 8  # of the seed: with a lead, a deal, a note and a file
Row = tuple[str, str]
"""Kind and id of a row."""


def writes(emulator) -> dict[str, int]:
    """Requests that may have changed something, by operation."""
    return {name: count for name, count in emulator.requests().items() if not name.startswith("GET ")}


def alive(row) -> bool:
    return not row.get("is_deleted") and row.get("active_flag", True)


def tell_of(emulator) -> dict[str, Row]:
    """Add rows about a person to the account, and similar rows of others."""
    body = {"name": "María Lehmann", "emails": [{"value": "Maria.Lehmann@post.example", "primary": True}]}
    emulator.call("PATCH", f"/api/v2/persons/{PERSON}", body)

    def add(kind: str, **values: object) -> Row:
        version = "v1" if kind == "notes" else "v2"
        return kind, str(emulator.post(f"/api/{version}/{kind}", values)["data"]["id"])

    deal = add("deals", title="Maria Lehmann deal", person_id=PERSON)
    party = [{"person_id": PERSON, "primary": True}]
    made = {
        "old deal": ("deals", "1"),
        "deal": deal,
        "colleague": add("persons", name="Mario Lehmeyer"),
        "activity": add("activities", subject="Call back", type="call", participants=party),
        "note": add("notes", content="Agreed on everything", deal_id=int(deal[1])),
    }
    # That note is old enough not to be read again because of those that follow.
    emulator.post("/_emulator/clock", {"advance_seconds": 86_400})
    mention = add("notes", content="<p>Ask Maria Lehmann, +49 (30) 555-0199</p>", org_id=1)
    return {**made, "mention": mention, "number": add("notes", content="Number 0049305550199", org_id=2)}


def decide(root, choices: dict[Row, str]) -> dict[str, set[Row]]:
    """Fill in the list as a reader would; returns its previous content, by the first column."""
    path = root / "output/erasure/found.csv"
    with path.open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    said: dict[str, set[Row]] = {}
    for row in found:
        key = (row["kind"], row["id"])
        said.setdefault(row["erase"], set()).add(key)
        row["erase"] = choices.get(key, row["erase"])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, found[0])
        writer.writeheader()
        writer.writerows(found)
    return said


def copied(root) -> tuple[set[Row], Output]:
    """Exported copy: rows of the account, and the tap's records about the person."""
    folder = root / "output/erasure"
    rows_by_kind = json.loads((folder / "copy.json").read_text(encoding="utf-8"))
    lines = (folder / "around.singer").read_text(encoding="utf-8").splitlines()
    given = {(kind, str(row["id"])) for kind, some in rows_by_kind.items() for row in some}
    return given, Output([json.loads(line) for line in lines])


def check_account(before, after, gone: set[Row]) -> None:
    """Check that these rows are deleted, and no others."""
    for kind in STREAMS:
        was, now = ({str(row["id"]) for row in tables[kind] if alive(row)} for tables in (before, after))
        assert was - now == {number for one, number in gone if one == kind}


def check_proof(root, gone: set[Row], renamed: Row) -> None:
    """Check that the proof has every id with its outcome, and no word about the person."""
    proof = (root / "output/erasure-proof.csv").read_text(encoding="utf-8")
    outcomes = {(one["kind"], one["id"]): one for one in csv.DictReader(proof.splitlines())}
    assert outcomes.keys() == {*gone, ("renamed_deals", renamed[1])}
    assert {
        key for key, one in outcomes.items() if one["outcome"] == "deleted" and one["seen_gone_at"]
    } == gone
    assert not re.search(HELD, proof.lower().encode())


def check_warehouse(root, after) -> None:
    """Check that the warehouse has all remaining rows, and no word about the person in any table."""
    for kind in ("persons", "leads", "activities", "notes", "files"):
        held = {str(number) for (number,) in rows(root, f"select id from pipedrive.{kind}")}
        assert held == {str(row["id"]) for row in after[kind] if alive(row)}
    tables = rows(root, "select table_name from information_schema.tables where table_type = 'BASE TABLE'")
    assert len(tables) >= len(STREAMS)
    for (table,) in tables:
        content = str(rows(root, f'select to_json(one) from pipedrive."{table}" one'))
        assert not re.search(HELD, content.lower().encode()), table


def check_files(root) -> None:
    """Check that no file of Meltano or of a command contains one of the words."""
    own = [path for path in root.rglob("*") if path.is_file() and path.resolve().is_relative_to(root)]
    assert {"meltano.db", "warehouse.duckdb", "erasure-proof.csv"} <= {path.name for path in own}
    assert [path for path in own if re.search(HELD, path.read_bytes().lower())] == []
    assert not (root / "output/erasure").exists()


@pytest.mark.soak
def test_erase_a_person(small, tmp_path):
    made = tell_of(small)
    before = small.dump()["tables"]
    small.post("/_emulator/log/clear")
    root, found = project(tmp_path), settings(small, *STREAMS)
    find, rest = read("erase-a-person").split("## Decide")
    copy, delete = rest.split("## Delete")

    follow(find, root, found)
    lead = next(row["id"] for row in before["leads"] if row["person_id"] == PERSON)
    hang_on = {
        (kind, str(row["id"]))
        for kind in ("notes", "activities", "files", "leads")
        for row in before[kind]
        if row.get("person_id") == PERSON or row.get("lead_id") == lead
    }
    said = decide(
        root, {made["deal"]: "rename", **{made[name]: "yes" for name in ("mention", "number", "old deal")}}
    )
    assert said["yes"] == {("persons", str(PERSON)), *hang_on}
    assert {made[name] for name in ("deal", "old deal", "note", "mention", "number")} <= said["?"]
    assert made["colleague"] not in said["?"]

    follow(copy, root, found)
    gone = said["yes"] | {made["mention"], made["number"], made["old deal"]}
    given, around = copied(root)
    assert given == {*gone, made["deal"]}
    assert around.records["person_updates"]
    mails = [row for row in before["mail_links"] if row.get("person_id") == PERSON]
    assert len(around.records["person_mail_messages"]) == len(mails) > 0
    held = {path.name.partition("-")[0] for path in (root / "output/erasure/files").iterdir()}
    assert held == {number for kind, number in gone if kind == "files"} != set()
    assert writes(small) == {}

    printed = "".join(follow(delete, root, found))
    after = small.dump()["tables"]
    check_account(before, after, gone)
    assert sum(writes(small).values()) == len(gone) + 1
    title = f"Deal {made['deal'][1]}"
    assert title in {row["title"] for row in after["deals"]}
    check_proof(root, gone, made["deal"])
    assert re.search(r"To be read anew: [1-9]", printed)  # the note under the deal, by now a day old
    check_warehouse(root, after)
    under = f"select cast(deal as json) ->> '$.title' from pipedrive.notes where id = {made['note'][1]}"
    assert rows(root, under) == [(title,)]
    check_files(root)
