"""Writes in the ledger."""

from __future__ import annotations

from target_pipedrive.ledger.store import Ledger


def test_an_update_leaves_the_id_of_the_row_that_was_added(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite", account=None)
    ledger.begin()
    ledger.intend(b"one", "deals", "add_deal", "2026-01-01T00:00:00Z")
    ledger.done(b"one", "deals", "add_deal", "5")
    ledger.done(b"one", "deals", "", None)
    ledger.commit()
    assert [entry.id for entry in ledger.writes()] == ["5"]
    ledger.close()


def test_what_was_forgotten_is_not_left_in_the_file(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path, account=None)
    for number in range(500):
        ledger.link("persons", f"person{number}@x.example", str(number), "sheet")
    ledger.close()
    ledger = Ledger(path, account=None)
    assert ledger.forget("persons", "person77@x.example") == 1
    ledger.close()
    held = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"person77@" not in held
    assert b"person78@" in held
