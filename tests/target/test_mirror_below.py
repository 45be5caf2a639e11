"""`mirror` of child rows: products of deals, followers, participants, comments and similar."""

from __future__ import annotations

import sqlite3

import pytest

from tests.target.helpers import rows

pytestmark = pytest.mark.dialects

LINE = {"product_id": 1, "item_price": 77, "quantity": 1}
CHILDREN = {
    "deal_products": ("deal_id", [1, 2], LINE),
    "deal_discounts": ("deal_id", [1, 2], {"amount": 5, "type": "amount", "description": "Rebate"}),
    "deal_participants": ("deal_id", [2, 3], {"person_id": 5}),
    "deal_followers": ("deal_id", [1, 2], {"user_id": 5}),
    "person_followers": ("person_id", [3, 4], {"user_id": 5}),
    "note_comments": ("note_id", [1, 2], {"content": "Seen"}),
    "product_variations": ("product_id", [1, 2], {"name": "Large"}),
}
"""Entity -> column of the parent, two parents, and other values of a row."""


def version(stream, number, *records):
    messages = rows(stream, *records, keys=["external_id"])
    return [*messages, {"type": "ACTIVATE_VERSION", "stream": stream, "version": number}]


def children(stream):
    """A child row of each of two parents."""
    column, parents, values = CHILDREN[stream]
    return [
        {"external_id": name, column: parent, **values} for name, parent in zip("ab", parents, strict=True)
    ]


@pytest.fixture
def mirror(load):
    load.config |= {"mirror": True, "allow_deletes": True}
    return load


def deletes(small):
    return [one["path"] for one in small.log(full=True)["ordered"] if one["method"] == "DELETE"]


def break_ledger(run, statement):
    with sqlite3.connect(run.folder / "ledger.sqlite") as db:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize("stream", sorted(CHILDREN))
def test_a_child_row_is_deleted_only_under_its_own_parent(stream, mirror, small):
    first, second = children(stream)
    assert mirror(version(stream, 1, first, second)).outcomes == ["created", "created"]
    run = mirror(version(stream, 2, second))
    assert run.outcomes == ["unchanged", "deleted"], run.errors
    column, (parent, _), _ = CHILDREN[stream]
    (path,) = deletes(small)
    assert f"/{parent}/" in path
    again = mirror(version(stream, 3, second))
    assert (again.outcomes, len(deletes(small))) == (["unchanged"], 1)
    assert column in first


def test_followers_of_several_deals_are_kept_apart(mirror, small):
    three = [
        {"external_id": name, "deal_id": deal, "user_id": 5}
        for name, deal in zip("abc", (1, 2, 3), strict=True)
    ]
    mirror(version("deal_followers", 1, *three))
    run = mirror(version("deal_followers", 2, three[1]))
    assert run.outcomes == ["unchanged", "deleted", "deleted"]
    assert sorted(
        one["parent"] for one in small.rows("followers") if one["user_id"] == 5 and one["id"] > 29
    ) == ["deals:2"]
    assert mirror(version("deal_followers", 3, three[1], three[0])).outcomes == ["unchanged", "created"]


def test_products_are_deleted_before_their_deal(mirror, small):
    deals = [{"external_id": name, "title": name} for name in "xy"]
    lines = [{"external_id": name, "deal_id": {"external_id": name}, **LINE} for name in "xy"]
    mirror(version("deals", 1, *deals), version("deal_products", 1, *lines))
    run = mirror(version("deals", 2, deals[0]), version("deal_products", 2, lines[0]))
    assert run.outcomes == ["unchanged", "unchanged", "deleted", "deleted"]
    assert ["products" in one for one in deletes(small)] == [True, False]


def test_a_wrong_parent_in_the_ledger_deletes_nothing(mirror, small):
    first, second = children("deal_products")
    run = mirror(version("deal_products", 1, first, second))
    break_ledger(run, "update parents set parent = '3' where external_id = 'a'")
    before = small.rows("deal_products")
    run = mirror(version("deal_products", 2, second))
    assert run.outcomes == ["unchanged", "unchanged"]
    assert "not below this deal_id" in run.results[1]["note"]
    assert (small.rows("deal_products"), deletes(small)) == (before, [])


def test_a_deleted_record_with_a_wrong_parent_deletes_nothing(mirror, small):
    first, second = children("deal_products")
    mirror(rows("deal_products", first, second))
    before = small.rows("deal_products")
    run = mirror(rows("deal_products", {**first, "deal_id": 2, "is_deleted": True}, second))
    assert run.outcomes in (["failed", "unchanged"], ["unchanged", "unchanged"])
    assert small.rows("deal_products") == before
    assert deletes(small) == []
    assert mirror(rows("deal_products", first)).outcomes == ["unchanged"]


def test_parents_are_added_to_a_ledger_of_an_earlier_release(mirror, small):
    first, second = children("deal_products")
    run = mirror(version("deal_products", 1, first, second))
    break_ledger(run, "drop table parents")
    run = mirror(version("deal_products", 2, second))
    assert run.outcomes == ["unchanged", "failed"]
    assert "deal_id" in run.errors[0]
    assert deletes(small) == []
    assert mirror(version("deal_products", 3, first, second)).outcomes == ["unchanged", "unchanged"]
    assert mirror(version("deal_products", 4, second)).outcomes == ["unchanged", "deleted"]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status_after"])
def test_a_delete_whose_response_is_lost_is_made_once(kind, mirror, small):
    first, second = children("deal_products")
    mirror(version("deal_products", 1, first, second))
    fault = {
        "operation": "DELETE /api/v2/deals/{id}/products/{product_attachment_id}",
        "nth": 1,
        "kind": kind,
    }
    small.post("/_emulator/faults", [{**fault, **({"status": 500} if "status" in kind else {})}])
    assert mirror(version("deal_products", 2, second)).outcomes == ["unchanged", "deleted"]
    small.post("/_emulator/faults", [])
    assert mirror(version("deal_products", 2, second)).outcomes == ["unchanged"]
    left = [one["deal_id"] for one in small.rows("deal_products") if one["item_price"] == 77]
    assert left == [2]


def test_a_row_that_a_user_deleted_is_added_again_after_its_tombstone(mirror, small):
    given = {"external_id": "a", "name": "Gone"}
    made = mirror(rows("organizations", given)).ids[0]
    small.call("DELETE", f"/api/v2/organizations/{made}")
    run = mirror(rows("organizations", {"external_id": "a", "is_deleted": True}))
    assert run.outcomes == ["unchanged"]
    assert mirror(rows("organizations", given)).outcomes == ["created"]
