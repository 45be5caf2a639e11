"""Facts that recorded responses of live accounts settled, and that both dialects follow."""

from __future__ import annotations

import re

import pytest

from tests.conftest import DIALECTS
from tests.emulator.direct import Direct

SECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
MILLISECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


@pytest.fixture(scope="module", params=DIALECTS)
def account(request):
    """An account of each dialect."""
    direct = Direct(dialect=request.param)
    yield direct
    direct.close()


def rows(direct, path, **query):
    answer = direct.ask("GET", path, query={"limit": 50, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_fractions_of_seconds_are_rejected_in_bounds(account):
    def status(moment):
        return account.ask("GET", "/api/v2/deals", query={"updated_since": moment}).status_code

    assert [status("2026-01-01T00:00:00Z"), status("2026-01-01T00:00:00.000Z")] == [200, 400]


@pytest.mark.parametrize("path", ["/api/v2/deals", "/api/v2/persons", "/api/v2/activities"])
def test_v2_times_have_whole_seconds(account, path):
    found = [row[name] for row in rows(account, path) for name in ("add_time", "update_time") if row[name]]
    assert found
    assert all(SECONDS.match(text) for text in found)


@pytest.mark.parametrize(
    ("path", "query"),
    [("/v1/leads", {}), ("/v1/leadLabels", {}), ("/v1/mailbox/mailThreads", {"folder": "inbox"})],
)
def test_leads_labels_and_mails_have_milliseconds(account, path, query):
    found = [row["add_time"] for row in rows(account, path, **query)]
    assert found
    assert all(MILLISECONDS.match(text) for text in found)


@pytest.mark.parametrize("path", ["/api/v2/deals", "/api/v2/persons", "/api/v2/organizations"])
def test_custom_fields_without_a_value_are_null_and_labels_are_lists(account, path):
    found = rows(account, path)
    names = {frozenset(row["custom_fields"]) for row in found}
    assert len(names) == 1
    assert any(None in row["custom_fields"].values() for row in found)
    assert {type(row["label_ids"]) for row in found} == {list}


def test_sets_accept_arrays_and_bodies_no_hashes_at_the_top_level(account):
    fields = account.app.account.custom_fields("deals").values()
    field = next(field for field in fields if field["field_type"] == "set")
    key, option = field["key"], field["options"][0]["id"]

    def status(body):
        return account.ask("PATCH", "/api/v2/deals/1", json_body=body).status_code

    custom = [{"custom_fields": {key: value}} for value in ([option], str(option))]
    assert [*map(status, custom), status({key: [option]})] == [200, 400, 400]


def test_the_reset_of_a_window_is_in_seconds(account):
    answer = account.ask("GET", "/api/v2/deals")
    assert 0 <= int(answer.headers["x-ratelimit-reset"]) <= 2


@pytest.mark.parametrize("path", ["/v1/no_such_path", "/api/v2/no_such_path", "/mcp"])
def test_an_unknown_path_without_a_token_is_unauthorized(account, path):
    assert [account.ask("GET", path, token=token).status_code for token in (None, "emulator-token")] == [
        401,
        404,
    ]
