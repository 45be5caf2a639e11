"""Deletes after a merge: the survivor and its child rows stay as long as one external id needs them."""

from __future__ import annotations

import pytest

from target_pipedrive.catalog.entities import BELOW, ENTITIES
from target_pipedrive.ledger.cli import ledger
from tests.target.case_folders import writes_of
from tests.target.helpers import rows

pytestmark = pytest.mark.dialects

NAMES = {"deals": "title", "persons": "name", "organizations": "name"}
LINE = {"product_id": 1, "item_price": 77, "quantity": 1}
GONE = {"external_id": "a", "is_deleted": True}


@pytest.fixture
def mirror(load):
    load.config |= {"allow_deletes": True, "mirror": True}
    return load


def keyed(stream, *records):
    return rows(stream, *records, keys=["external_id"])


def merged(small, load, entity, *, by_people=False):
    """Two rows by external ids, of which the first is merged into the second; their ids."""
    first, second = load(keyed(entity, *({"external_id": one, NAMES[entity]: one} for one in "ab"))).ids
    if entity == "deals":
        lines = ({"external_id": one, "deal_id": {"external_id": one}, **LINE} for one in "ab")
        followers = ({"external_id": one, "deal_id": {"external_id": one}, "user_id": 5} for one in "ab")
        assert load(keyed("deal_products", *lines), keyed("deal_followers", *followers)).errors == []
    if by_people:
        path = f"/api/v1/{entity}/{first}/merge"
        small.call("PUT", path, {"merge_with_id": int(second)})
        ledger(["relink", entity, first, second, "--ledger", str(load.folder / "ledger.sqlite")])
    else:
        load(rows(f"merge_{entity}", {"id": int(first), "merge_with_id": int(second)}))
    small.post("/_emulator/log/clear")
    return int(first), int(second)


def is_there(small, entity, number):
    return any(one["id"] == number for one in small.get(f"/api/v2/{entity}?limit=500")["data"])


def lines_left(small):
    return [one["deal_id"] for one in small.rows("deal_products") if one["item_price"] == 77]


@pytest.mark.parametrize("entity", sorted(NAMES))
@pytest.mark.parametrize("by_people", [False, True])
def test_a_deleted_record_of_a_merged_row_leaves_the_survivor(small, mirror, entity, by_people):
    _, survivor = merged(small, mirror, entity, by_people=by_people)
    run = mirror(keyed(entity, GONE))
    assert (run.outcomes, writes_of(small)) == (["unchanged"], [])
    assert "other external ids link to this row too (b)" in run.results[0]["note"]
    assert is_there(small, entity, survivor)
    again = mirror(keyed(entity, GONE))
    assert (again.outcomes, is_there(small, entity, survivor)) == (["unchanged"], True)
    assert mirror(keyed(entity, {**GONE, "external_id": "b"})).outcomes == ["deleted"]
    assert not is_there(small, entity, survivor)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_the_survivor_is_deleted_with_its_last_external_id(small, mirror, order):
    _, survivor = merged(small, mirror, "persons")
    run = mirror(keyed("persons", *({**GONE, "external_id": one} for one in order)))
    assert sorted(run.outcomes) == ["deleted", "unchanged"]
    assert not is_there(small, "persons", survivor)
    assert len(writes_of(small)) == 1


def test_a_stream_of_deletes_leaves_the_survivor_too(small, mirror):
    _, survivor = merged(small, mirror, "deals")
    settings = {"streams": {"gone": {"entity": "deals", "write": "delete"}}}
    assert mirror(keyed("gone", {"external_id": "a"}), **settings).outcomes == ["unchanged"]
    assert is_there(small, "deals", survivor)


def test_an_id_in_the_record_deletes_its_row_regardless_of_links(small, mirror):
    _, survivor = merged(small, mirror, "deals")
    assert mirror(rows("deals", {"id": survivor, "is_deleted": True}, keys=["id"])).outcomes == ["deleted"]
    assert not is_there(small, "deals", survivor)


@pytest.mark.parametrize("matched", ["a", "x"])
def test_two_records_that_match_one_row_share_it(small, mirror, matched):
    settings = {"match_on": {"persons": ["name"]}}
    mirror(keyed("persons", {"external_id": "b", "name": "Both"}), **settings)
    if matched == "a":
        mirror(keyed("persons", {"external_id": "a", "name": "Both"}), **settings)
    run = mirror(keyed("persons", {"external_id": matched, "name": "Both", "is_deleted": True}), **settings)
    assert run.outcomes == ["unchanged"]
    assert [one["is_deleted"] for one in small.rows("persons") if one["name"] == "Both"] == [False]


@pytest.mark.parametrize("by_people", [False, True])
def test_child_rows_of_a_merged_deal_move_to_the_survivor(small, mirror, by_people):
    _, survivor = merged(small, mirror, "deals", by_people=by_people)
    assert lines_left(small) == [survivor, survivor]
    run = mirror(keyed("deal_products", GONE), keyed("deal_followers", GONE))
    assert run.outcomes == ["deleted", "unchanged"]
    assert lines_left(small) == [survivor]
    assert any(
        one["user_id"] == 5 and one["parent"] == f"deals:{survivor}" for one in small.rows("followers")
    )
    again = mirror(keyed("deal_products", GONE), keyed("deal_followers", GONE))
    assert again.outcomes == ["unchanged", "unchanged"]
    assert len(writes_of(small)) == 1


def test_child_rows_move_to_the_survivor_of_a_merge_in_the_same_run(small, mirror):
    first, second = mirror(keyed("deals", *({"external_id": one, "title": one} for one in "ab"))).ids
    lines = [{"external_id": one, "deal_id": {"external_id": one}, **LINE} for one in "ab"]
    mirror(keyed("deal_products", *lines))
    merge = rows("merge_deals", {"id": int(first), "merge_with_id": int(second)})
    run = mirror(merge, keyed("deal_products", GONE), max_concurrency=1)
    assert run.outcomes == ["merged", "deleted"]
    assert lines_left(small) == [int(second)]


def test_mirror_deletes_missing_child_rows_of_a_merged_deal(small, mirror):
    _, survivor = merged(small, mirror, "deals")
    kept = {"external_id": "b", "deal_id": {"external_id": "b"}}
    version = {"type": "ACTIVATE_VERSION", "stream": "deal_products", "version": 1}
    others = {"type": "ACTIVATE_VERSION", "stream": "deal_followers", "version": 1}
    run = mirror(
        keyed("deal_products", {**kept, **LINE}),
        version,
        keyed("deal_followers", {**kept, "user_id": 5}),
        others,
    )
    assert run.outcomes == ["unchanged", "unchanged", "deleted"]
    assert lines_left(small) == [survivor]
    assert any(
        one["user_id"] == 5 and one["parent"] == f"deals:{survivor}" for one in small.rows("followers")
    )


def test_every_entity_with_a_parent_is_treated_as_a_child():
    with_parent = {name for name, one in ENTITIES.items() if one.parent}
    assert {one for below in BELOW.values() for one in below} == with_parent
