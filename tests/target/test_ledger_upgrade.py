"""Ledgers of earlier releases, and `ledger relink` and `forget`."""

from __future__ import annotations

import sqlite3

import pytest

from pipedrive_client import ConfigError
from target_pipedrive.ledger.cli import ledger
from target_pipedrive.ledger.store import Ledger
from tests.target.helpers import rows

# As the previous release wrote them: unmodified external ids.
FIRST_VERSION = """
create table meta (name text primary key, value text not null) without rowid;
create table links (
    entity text not null, external_id text not null, id text not null, stream text not null,
    linked_at text not null, primary key (entity, external_id)) without rowid;
create index links_by_id on links (entity, id);
create table writes (
    identity blob primary key, stream text not null, action text not null, state text not null,
    id text, begun_at text not null, ended_at text) without rowid;
create index writes_by_id on writes (action, id);
insert into meta values ('version', '1');
"""


@pytest.fixture
def old(tmp_path):
    """Write a ledger of the first version with these links."""

    def write(*links):
        path = tmp_path / "ledger.sqlite"
        db = sqlite3.connect(path)
        db.executescript(FIRST_VERSION)
        for at, (entity, external_id, row_id) in enumerate(links):
            moment = f"2026-01-01T00:00:{at:02d}Z"
            db.execute(
                "insert into links values (?, ?, ?, ?, ?)", (entity, external_id, row_id, entity, moment)
            )
        db.commit()
        db.close()
        return path

    return write


def links(path):
    store = Ledger(path, account=None)
    found = {(one.entity, one.external_id): one.id for one in store.links()}
    store.close()
    return found


SPELLINGS = [
    ("5.0", 5),
    ("5.0", "5"),
    (" 5 ", 5.0),
    ("5", 5.0),
    ("Cafe\u0301", "Caf\u00e9"),
    ("A\u00a0B", "A B"),
    ("1e+16", 10**16),
    ("plain-1", "plain-1"),
]


@pytest.mark.parametrize(("stored", "sent"), SPELLINGS, ids=repr)
@pytest.mark.parametrize(
    ("table", "column"), [("persons", "name"), ("organizations", "name"), ("products", "name")]
)
def test_rows_of_an_older_ledger_are_found(load, small, old, stored, sent, table, column):
    before = len(small.rows(table))
    path = old((table, stored, "2"))
    run = load(rows(table, {"external_id": sent, column: "Known"}, keys=["external_id"]))
    assert (run.outcomes, run.ids) == (["updated"], ["2"]), run.errors
    assert len(small.rows(table)) == before
    assert len(links(path)) == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_references_find_rows_of_an_older_ledger(load, old, dry_run):
    old(("organizations", "7.0", "2"))
    run = load(
        rows(
            "persons", {"external_id": "p", "name": "P", "org_id": {"external_id": 7}}, keys=["external_id"]
        ),
        dry_run=dry_run,
    )
    assert run.outcomes == ["created"], run.errors


def test_two_spellings_of_one_id_are_reported_and_the_exact_one_wins(load, old, caplog):
    path = old(
        ("persons", "5", "2"), ("persons", "5.0", "3"), ("persons", " 6", "4"), ("persons", "6.0", "5")
    )
    run = load(
        rows(
            "persons",
            {"external_id": 5.0, "name": "A"},
            {"external_id": 6, "name": "B"},
            keys=["external_id"],
        )
    )
    assert run.ids == ["2", "5"]
    assert links(path) == {("persons", "5"): "2", ("persons", "6"): "5"}
    assert "'5.0'" in caplog.text
    assert "' 6'" in caplog.text


def test_links_of_blank_ids_are_dropped_and_their_rows_stay(load, small, old, caplog):
    path = old(("persons", "", "2"), ("persons", " ", "3"), ("persons", "nan", "4"), ("persons", "x", "5"))
    sent = rows("persons", {"external_id": "x", "name": "X"}, keys=["external_id"])
    run = load(
        sent, {"type": "ACTIVATE_VERSION", "stream": "persons", "version": 1}, mirror=True, allow_deletes=True
    )
    assert run.ids == ["5"], run.results
    assert links(path) == {("persons", "x"): "5"}
    assert "blank external id" in caplog.text
    assert not any(one["is_deleted"] for one in small.rows("persons") if one["id"] in (2, 3, 4))


def test_mirror_keeps_rows_under_another_spelling(load, small, old):
    old(("persons", "5.0", "2"), ("persons", " 6 ", "3"))
    sent = rows(
        "persons", {"external_id": 5, "name": "A"}, {"external_id": "6", "name": "B"}, keys=["external_id"]
    )
    run = load(
        sent, {"type": "ACTIVATE_VERSION", "stream": "persons", "version": 1}, mirror=True, allow_deletes=True
    )
    assert run.outcomes == ["updated", "updated"]
    assert not any(one["is_deleted"] for one in small.rows("persons") if one["id"] in (2, 3))


# --- people who merge rows in Pipedrive ----------------------------------------------------------

MERGES = [("persons", "name"), ("organizations", "name"), ("deals", "title")]


@pytest.mark.parametrize(("table", "column"), MERGES)
def test_relink_sets_the_remaining_row(load, small, tmp_path, capsys, table, column):
    first = load(
        rows(
            table,
            {"external_id": 5, column: "One"},
            {"external_id": "b", column: "Two"},
            keys=["external_id"],
        )
    )
    gone, left = first.ids
    small.call("PUT", f"/v1/{table}/{gone}/merge", {"merge_with_id": int(left)})
    lost = load(rows(table, {"external_id": 5, column: "Still"}, keys=["external_id"]))
    assert lost.outcomes == ["failed"]
    assert f"ledger relink {table} {gone}" in lost.errors[0]
    ledger(["relink", table, gone, left, "--ledger", str(tmp_path / "ledger.sqlite")])
    assert f"Linked 1 external id to {table} {left}" in capsys.readouterr().out
    found = load(rows(table, {"external_id": 5.0, column: "Still"}, keys=["external_id"]))
    assert (found.outcomes, found.ids) == (["updated"], [left])
    assert small.get(f"/api/v2/{table}/{left}")["data"][column] == "Still"


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["persons", "99", "2"], "No external id is linked to persons 99"),
        (["person", "1", "2"], "persons"),
        (["persons", "1", "1.0"], "different ids"),
        (["persons", "", "2"], "different ids"),
    ],
)
def test_relink_reports_what_it_cannot_do(old, arguments, fact):
    path = old(("persons", "a", "1"))
    with pytest.raises(ConfigError, match=fact):
        ledger(["relink", *arguments, "--ledger", str(path)])
    assert links(path) == {("persons", "a"): "1"}


def test_forget_accepts_any_spelling_but_no_blank(old):
    path = old(("persons", "5.0", "1"), ("persons", "b", "2"))
    with pytest.raises(ConfigError, match="blank"):
        ledger(["forget", "persons", " ", "--ledger", str(path)])
    ledger(["forget", "persons", "5", "--ledger", str(path)])
    assert links(path) == {("persons", "b"): "2"}
