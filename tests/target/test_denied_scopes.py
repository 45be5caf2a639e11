"""Writes without their OAuth scope: announced before the first write, and failures of their records."""

from __future__ import annotations

import pytest

from pipedrive_emulator.rules.auth import all_scopes
from tests.target.helpers import Loader, rows

CASES = {
    "update": ("persons", {"id": 1, "name": "Changed"}, "contacts:full", "update_person"),
    "delete": ("persons", {"id": 1, "is_deleted": True}, "contacts:full", "delete_person"),
    "add": ("deals", {"title": "New", "external_id": "x"}, "deals:full", "add_deal"),
    "action": ("add_note", {"content": "New", "deal_id": 1}, "deals:full or contacts:full", "add_note"),
    "lookup": ("organizations", {"id": 1, "name": "N"}, "contacts:full", "lookup of organizations"),
}


@pytest.fixture
def app(load, small):
    """Return a loader with the scopes that an app was granted, and without a fault in them."""

    def granted(scopes):
        small.post("/_emulator/oauth", {"scopes": sorted(scopes), "expire": True})
        config = {name: value for name, value in load.config.items() if name != "api_token"}
        return Loader(
            config
            | {
                "client_id": "emulator-client",
                "client_secret": "emulator-secret",
                "refresh_token": "emulator-refresh-token",
                "oauth_token_url": f"{small.url}/oauth/token",
            },
            load.folder,
        )

    yield granted
    small.post("/_emulator/oauth", {"scopes": None})


def warnings(caplog):
    return [one.getMessage() for one in caplog.records if one.levelname == "WARNING" and "scopes" in one.msg]


@pytest.mark.parametrize("case", CASES)
def test_a_stream_without_its_scopes_is_announced_and_its_records_fail(case, app, small, caplog):
    stream, values, scopes, what = CASES[case]
    lost = {*scopes.replace(" or ", " ").split()} | ({"contacts:read"} if case == "lookup" else set())
    before = small.snapshot()
    load = app(all_scopes() - lost)
    run = load(rows(stream, values, values | {"id": 2} if "id" in values else values), allow_deletes=True)
    (warning,) = warnings(caplog)
    for fact in (f"scopes of stream {stream}", scopes, what):
        assert fact in warning
    assert set(run.outcomes) == {"failed"}
    for error in run.errors:
        assert f"lacks the scope {scopes if case != 'lookup' else 'contacts:read or contacts:full'}" in error
    assert small.snapshot() == before
    # The rejected records are written once the scope is granted.
    small.post("/_emulator/oauth", {"scopes": None, "expire": True})
    again = load(run.rejects.read_text(), allow_deletes=True)
    assert again.errors == []
    assert small.snapshot() != before


def test_the_announcement_comes_before_the_first_write_of_any_stream(app, caplog):
    load = app(all_scopes() - {"contacts:full"})
    run = load(
        rows("deals", {"title": "A", "external_id": "a"}), rows("persons", {"name": "B", "external_id": "b"})
    )
    assert sorted(run.outcomes) == ["created", "failed"]
    (warning,) = warnings(caplog)
    assert "add_person, update_person require contacts:full" in warning
    assert "delete_person" not in warning


@pytest.mark.parametrize("scopes", [None, "all"])
def test_nothing_is_announced_with_every_scope_or_an_api_token(scopes, app, load, caplog):
    run = (app(all_scopes()) if scopes else load)(rows("persons", {"id": 1, "name": "Changed"}))
    assert run.outcomes == ["updated"]
    assert warnings(caplog) == []
