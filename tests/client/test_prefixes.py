"""Prefixes of v1 (`/v1`, `/api/v1`): chosen by host and path, and the other one after "Unknown method"."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from pipedrive_client import BudgetSpent, MissingScope, NotFound, Unauthorized, UnknownMethod
from pipedrive_client.http.prefixes import Prefixes

UNKNOWN = {"success": False, "error": "Unknown method .", "error_info": "x", "data": None}
MISSING = {"success": False, "error": "Project not found", "data": None}
COMPANY, COMMON = "https://acme.pipedrive.com", "https://api.pipedrive.com"


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        (COMPANY, "/v1/projects/5/plan", "/api/v1/projects/5/plan"),
        (COMPANY, "/v1/projects/5/groups?x=/v1/a", "/api/v1/projects/5/groups?x=/v1/a"),
        (COMPANY, "/v1/projects/5/activities", "/api/v1/projects/5/activities"),
        (COMPANY, "/v1/projects/5/plan/tasks/7", "/api/v1/projects/5/plan/tasks/7"),
        (COMPANY, "/api/v1/projects/5/plan", "/api/v1/projects/5/plan"),
        (COMPANY, "/v1/projects/5/planned", "/v1/projects/5/planned"),
        (COMPANY, "/v1/projects/5", "/v1/projects/5"),
        (COMPANY, "/v1/notes", "/v1/notes"),
        (COMPANY, "/api/v1/notes", "/api/v1/notes"),
        (COMPANY, "/api/v2/deals/1", "/api/v2/deals/1"),
        (COMMON, "/v1/projects/5/plan", "/v1/projects/5/plan"),
        (COMMON, "/api/v1/leads", "/v1/leads"),
        (COMMON, "/api/v1/mailbox/mailThreads/3/mailMessages", "/v1/mailbox/mailThreads/3/mailMessages"),
        (COMMON, "/api/v1/leadLabels", "/v1/leadLabels"),
        (COMMON, "/api/v1/leadSources", "/v1/leadSources"),
        (COMMON, "/api/v1/goals/find?is_active=true", "/v1/goals/find?is_active=true"),
        (COMMON, "/api/v1/leadFields", "/api/v1/leadFields"),
        ("https://proxy.example", "/v1/projects/5/plan", "/v1/projects/5/plan"),
        ("https://acme.pipedrive.com.example", "/v1/projects/5/plan", "/v1/projects/5/plan"),
    ],
)
def test_the_host_decides_the_prefix_of_a_path(base_url, path, expected):
    assert Prefixes().path(base_url, "GET", path) == expected


@pytest.fixture
def only(wire, reply):
    """Make the server know v1 below one prefix only."""

    def serve(prefix, otherwise=None):
        wire.otherwise = lambda seen: (
            (otherwise or reply()) if seen.path.startswith(f"{prefix}/") else reply(404, UNKNOWN)
        )

    return serve


@pytest.mark.parametrize(("known", "asked"), [("/api/v1", "/v1"), ("/v1", "/api/v1")])
def test_an_unknown_method_is_tried_under_the_other_prefix_and_that_is_remembered(
    client, wire, only, known, asked
):
    only(known)
    for number in (1, 2, 3):
        client.request("GET", f"{asked}/projects/{number}/plan", params={"a": 1})
    assert wire.paths == [
        f"{asked}/projects/1/plan?a=1",
        *(f"{known}/projects/{number}/plan?a=1" for number in (1, 2, 3)),
    ]


def test_methods_and_paths_are_remembered_one_by_one(client, wire, only):
    only("/api/v1")
    client.request("GET", "/v1/leads/0f3c-1/files")
    client.request("GET", "/v1/leads/aa9-2/files")
    client.request("PUT", "/v1/leads/0f3c-1/files", json={})
    client.request("GET", "/v1/leads")
    assert [path.startswith("/v1/") for path in wire.paths] == [
        *(True, False),
        False,
        *(True, False),
        *(True, False),
    ]


def test_a_write_is_tried_under_the_other_prefix_too(client, wire, only):
    only("/api/v1")
    client.request("POST", "/v1/notes", json={"content": "x"})
    assert [(one.method, one.path, one.body) for one in wire.seen] == [
        ("POST", "/v1/notes", b'{"content":"x"}'),
        ("POST", "/api/v1/notes", b'{"content":"x"}'),
    ]


def test_rejected_under_both_prefixes_is_an_error_that_names_both_and_costs_one_request_from_then_on(
    client, wire, only
):
    only("/none")
    for asked in (["/v1/notes/1", "/api/v1/notes/1"], ["/v1/notes/2"]):
        del wire.seen[:]
        with pytest.raises(UnknownMethod) as raised:
            client.request("GET", asked[0], label="notes")
        assert wire.paths == asked
        for fact in ("/v1", "/api/v1", "404", "Unknown method", "company_domain"):
            assert fact in raised.value.message
        assert (raised.value.status, raised.value.label) == (404, "notes")
        assert not isinstance(raised.value, NotFound)


def test_v2_has_one_prefix(client, wire, only):
    only("/none")
    with pytest.raises(UnknownMethod):
        client.request("GET", "/api/v2/deals/1")
    assert wire.paths == ["/api/v2/deals/1"]


def test_a_missing_row_is_not_requested_elsewhere(client, wire, only, reply):
    only("/api/v1", reply(404, MISSING))
    for number in (1, 2):
        with pytest.raises(NotFound, match="Project not found"):
            client.request("GET", f"/v1/projects/{number}/plan")
    assert len(wire.seen) == 3


def test_a_delete_is_not_done_where_the_method_is_unknown(client, wire, reply):
    wire.answer(reply(502, b"x"))
    wire.otherwise = lambda _: reply(404, UNKNOWN)
    with pytest.raises(UnknownMethod):
        client.request("DELETE", "/v1/notes/1")


def test_the_retry_of_a_failure_stays_with_the_other_prefix(client, wire, reply):
    wire.answer(reply(404, UNKNOWN), reply(503, b"x"))
    client.request("GET", "/v1/notes")
    assert wire.paths == ["/v1/notes", "/api/v1/notes", "/api/v1/notes"]


def test_a_rejected_token_does_not_try_the_other_prefix(client, wire, reply):
    wire.otherwise = lambda _: reply(401, {"success": False, "error": "unauthorized access"})
    with pytest.raises(Unauthorized):
        client.request("GET", "/v1/notes")
    assert len(wire.seen) == 1


@pytest.fixture
def app(connect, wire, reply):
    """Return the client of an app that was granted these scopes."""

    def granted(scope):
        token = {
            "access_token": "a",
            "refresh_token": "r",
            "expires_in": 3600,
            "token_type": "Bearer",
            "scope": scope,
        }
        wire.answer(reply(200, token))
        oauth = {
            "client_id": "i",
            "client_secret": "s",
            "refresh_token": "r",
            "oauth_token_url": f"{wire.url}/token",
        }
        return connect(api_token=None, **oauth)

    return granted


MISMATCH = {"success": False, "error": "Scope and URL mismatch", "errorCode": 403}


@pytest.mark.parametrize(
    ("method", "path", "granted", "requests"),
    [
        ("GET", "/v1/projects/5/plan", "projects:read", 2),
        ("GET", "/v1/projects/5/plan", "deals:read", 1),
        ("GET", "/v1/projects/5/plan", None, 1),
        ("GET", "/v1/projects/5/plan", "", 1),
        ("GET", "/api/v2/projects/archived?limit=5", "projects:read", 1),
        ("GET", "/api/v2/projects/archived?limit=5", "deals:read", 1),
        ("POST", "/v1/notes", "deals:full", 2),
        ("POST", "/v1/notes", "deals:read", 1),
    ],
)
def test_a_scope_mismatch_is_about_the_url_only_if_the_scope_is_granted(
    app, wire, reply, method, path, granted, requests
):
    client = app(granted)
    wire.answer(*[reply(403, MISMATCH)] * requests)
    has_it = granted in ("projects:read", "deals:full")
    with pytest.raises(UnknownMethod if has_it else MissingScope, match="Scope and URL mismatch") as raised:
        client.request(method, path)
    assert len(wire.seen) == 1 + requests
    message = raised.value.message
    assert ("although the app has the scope" in message) == has_it
    assert ("lacks the scope" in message) == (not has_it)
    assert ("try an API token" in message) == (has_it and "/v2/" in path)
    assert "limit" not in message


def test_a_download_finds_its_prefix(client, wire, only, reply):
    only("/api/v1", reply(200, b"bytes", {"Content-Type": "application/octet-stream"}))
    chunks = []
    client.stream_to("/v1/files/1/download", chunks.append, cost=0, label=None)
    assert (b"".join(chunks), len(wire.seen)) == (b"bytes", 2)


def test_one_thread_tries_the_prefix_and_the_others_wait_for_it(connect, wire, only):
    only("/api/v1")
    client = connect(max_concurrency=8)

    def ask(number):
        return client.request("GET", f"/v1/projects/{number}/plan").status

    assert list(client.ordered_map(ask, range(40))) == [200] * 40
    assert [path.startswith("/v1/") for path in wire.paths] == [True, *[False] * 40]


@pytest.mark.parametrize(
    ("paths", "failures"),
    [
        pytest.param(["/v1/notes", "/v1/files"], 0, id="other operations"),
        # A server that does not respond would cost one timeout per thread, one after the other.
        pytest.param(["/v1/notes/1", "/v1/notes/2"], 1, id="after one that failed"),
    ],
)
def test_requests_do_not_wait_for_each_other(paths, failures, connect, wire, reply):
    both, first = threading.Barrier(2, timeout=5), [reply(503)] * failures

    def answer(_):
        if first:
            return first.pop()
        both.wait()
        return reply()

    wire.otherwise = answer
    client = connect(max_concurrency=2)
    assert [one.status for one in client.ordered_map(partial(client.request, "GET"), paths)] == [200, 200]


def test_a_prefix_that_stops_working_is_left_and_used_again(client, wire, reply):
    unknown = reply(404, UNKNOWN)
    wire.answer(unknown, reply(), reply(404, MISSING), unknown, reply())
    client.request("GET", "/v1/notes/1")
    with pytest.raises(NotFound):
        client.request("GET", "/v1/notes/2")
    # The prefix that was served is rejected, and the other one was before.
    with pytest.raises(UnknownMethod, match="also below"):
        client.request("GET", "/v1/notes/3")
    client.request("GET", "/v1/notes/4")
    assert wire.paths == ["/v1/notes/1", *(f"/api/v1/notes/{number}" for number in (1, 2, 3, 4))]


def test_a_prefix_that_was_served_and_is_rejected_later_is_changed(client, wire, reply):
    wire.answer(reply(), reply(404, UNKNOWN), reply(), reply())
    for number in (1, 2, 3):
        client.request("GET", f"/v1/notes/{number}")
    assert wire.paths == ["/v1/notes/1", "/v1/notes/2", "/api/v1/notes/2", "/api/v1/notes/3"]


def test_a_response_outweighs_the_rejection_of_a_parallel_request():
    prefixes = Prefixes()
    prefixes.reject(UnknownMethod("Unknown method", status=404), COMPANY, "GET", "/v1/notes/1")
    prefixes.accept(COMPANY, "GET", "/v1/notes/2")
    assert prefixes.path(COMPANY, "GET", "/v1/notes/3") == "/v1/notes/3"


def test_another_client_remembers_nothing(connect, wire, only):
    only("/api/v1")
    for _ in range(2):
        connect().request("GET", "/v1/notes")
    assert wire.paths == ["/v1/notes", "/api/v1/notes"] * 2


def test_each_try_counts_against_the_budget(connect, wire, only):
    only("/api/v1")
    with pytest.raises(BudgetSpent):
        connect(run_token_budget=30).request("GET", "/v1/notes", cost=20)
    assert wire.paths == ["/v1/notes"]
