"""Followers and participants that Pipedrive itself adds to a new row: its owner, and its contact person."""

from __future__ import annotations

import pytest

from tests.target.case_folders import writes_of
from tests.target.helpers import Loader, rows

ABOVE = {
    "deal_followers": ("deals", "deal_id", {"title": "New"}),
    "person_followers": ("persons", "person_id", {"name": "New"}),
    "organization_followers": ("organizations", "organization_id", {"name": "New"}),
}
EVERY = pytest.mark.parametrize("stream", sorted(ABOVE))
OWNER, OTHER = 2, 3


@pytest.fixture
def account(observed):
    return observed


@pytest.fixture
def run(account, tmp_path):
    return Loader(account.config(), tmp_path)


def followed(stream, *users):
    """A new row of a user, with followers."""
    above, column, values = ABOVE[stream]
    row = {"external_id": "a", "owner_id": OWNER, **values}
    below = [{column: {"external_id": "a"}, "user_id": user} for user in users]
    return [*rows(above, row, keys=["external_id"]), *rows(stream, *below, keys=[column, "user_id"])]


def followers(account, stream, run):
    place = f"{ABOVE[stream][0]}:{run.ids[0]}"
    return sorted(one["user_id"] for one in account.rows("followers") if one["parent"] == place)


@EVERY
@pytest.mark.parametrize("owner_requests", [1, 2])
def test_the_owner_may_follow_before_the_follower_is_added(owner_requests, stream, account, run):
    account.post("/_emulator/delays", {"owner_requests": owner_requests})
    messages = followed(stream, OWNER, OTHER)
    ended = run(*messages, max_concurrency=1)
    assert ended.errors == []
    assert followers(account, stream, ended) == [OWNER, OTHER]
    account.post("/_emulator/log/clear")
    assert set(run(*messages).outcomes) == {"unchanged"}
    assert writes_of(account) == []


@EVERY
def test_a_follower_that_is_rejected_and_does_not_exist_fails(stream, run):
    ended = run(*followed(stream, 999_999))
    assert ended.outcomes[-1] == "failed"


@EVERY
def test_a_mirror_keeps_the_owner(stream, account, run):
    def version(number):
        messages = followed(stream, OTHER)
        marked = [
            {**one, "version": number} if one["type"] == "RECORD" and one["stream"] == stream else one
            for one in messages
        ]
        return [*marked, {"type": "ACTIVATE_VERSION", "stream": stream, "version": number}]

    first = run(*version(1), mirror=True, allow_deletes=True)
    for number in (2, 3):
        account.post("/_emulator/log/clear")
        ended = run(*version(number), mirror=True, allow_deletes=True)
        assert (ended.error, writes_of(account)) == (None, [])
    assert followers(account, stream, first) == [OWNER, OTHER]


@pytest.mark.parametrize("keys", [["external_id"], ["deal_id", "person_id"]])
def test_the_contact_person_of_a_deal_is_a_participant_already(keys, account, run):
    person = {"external_id": "p", "deal_id": {"external_id": "d"}, "person_id": 5}
    other = {**person, "external_id": "q", "person_id": 6}
    named = [
        {name: value for name, value in one.items() if name in {*keys, "deal_id", "person_id"}}
        for one in (person, other)
    ]
    deal = rows("deals", {"external_id": "d", "title": "T", "person_id": 5}, keys=["external_id"])
    messages = [*deal, *rows("deal_participants", *named, keys=keys)]
    ended = run(*messages)
    assert (ended.errors, sorted(ended.outcomes)) == ([], ["created", "created", "unchanged"])
    account.post("/_emulator/log/clear")
    again = run(*messages)
    assert (again.errors, set(again.outcomes)) == ([], {"unchanged"})
    assert writes_of(account) == []
    joined = [one["person_id"] for one in account.rows("participants") if str(one["deal_id"]) == ended.ids[0]]
    assert sorted(joined) == [5, 6]


def test_a_participant_that_does_not_exist_fails(run):
    ended = run(
        rows(
            "deal_participants",
            {"external_id": "p", "deal_id": 1, "person_id": 999_999},
            keys=["external_id"],
        )
    )
    assert ended.outcomes == ["failed"]


def test_a_contact_person_that_left_in_the_input_is_removed(account, run):
    deal = rows("deals", {"external_id": "d", "title": "T", "person_id": 5}, keys=["external_id"])
    person = {"external_id": "p", "deal_id": {"external_id": "d"}, "person_id": 5}
    first = run(*deal, *rows("deal_participants", person, keys=["external_id"]))
    gone = rows("deal_participants", {**person, "is_deleted": True}, keys=["external_id"])
    assert run(*gone, allow_deletes=True).outcomes == ["deleted"]
    left = [one for one in account.rows("participants") if str(one["deal_id"]) == first.ids[0]]
    assert [one["active_flag"] for one in left] == [False]
