"""Followers: Pipedrive itself adds the owner of a new row a moment after it."""

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
def account(_accounts):
    account = _accounts("small", "observed")
    account.reset()
    return account


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
