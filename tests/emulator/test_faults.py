"""Scripted faults."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import pytest
import requests

DEALS = "GET /api/v2/deals"
ADD = "POST /api/v2/deals"


def _deals(ask):
    return len(ask.tables()["deals"])


def test_strikes_the_nth_call_only(ask):
    ask.hook("faults", [{"operation": DEALS, "nth": [2, 3], "kind": "status_before", "status": 503}])
    statuses = [ask.ask("GET", "/api/v2/deals").status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]


def test_rate_limit_reports_how_long(ask):
    ask.hook("faults", [{"operation": DEALS, "nth": 1, "kind": "rate_limit", "retry_after": 7}])
    answer = ask.ask("GET", "/api/v2/deals")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize(("kind", "acted"), [("status_before", 0), ("status_after", 1)])
def test_a_failure_acts_or_does_not(ask, kind, acted):
    ask.hook("faults", [{"operation": ADD, "nth": 1, "kind": kind, "status": 502}])
    before = _deals(ask)
    assert ask.send("POST", "/api/v2/deals", {"title": "x"}).status_code == 502
    assert _deals(ask) - before == acted


@pytest.mark.parametrize(("kind", "acted"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_connection_acts_or_does_not(ask, kind, acted):
    ask.hook("faults", [{"operation": ADD, "nth": 1, "kind": kind}])
    before = _deals(ask)
    with pytest.raises(requests.ConnectionError):
        ask.send("POST", "/api/v2/deals", {"title": "x"})
    assert _deals(ask) - before == acted


def test_truncated_and_cut_bodies(ask):
    ask.hook(
        "faults",
        [{"operation": DEALS, "nth": 1, "kind": "torn"}, {"operation": DEALS, "nth": 2, "kind": "cut"}],
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(ask.ask("GET", "/api/v2/deals").content)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask.ask("GET", "/api/v2/deals")


def test_an_unknown_method_is_one_of_a_prefix(ask):
    ask.hook(
        "faults", [{"operation": "GET /v1/notes", "nth": 1, "kind": "unknown_method", "prefix": "/api/v1"}]
    )
    statuses = [ask.ask("GET", f"{prefix}/notes").status_code for prefix in ("/v1", "/api/v1", "/api/v1")]
    assert statuses == [200, 404, 200]
    log = ask.get("/_emulator/log", full=1)["ordered"]
    assert [one["prefix"] for one in log if one["operation"] == "GET /api/v1/notes"] == [
        "/v1",
        "/api/v1",
        "/api/v1",
    ]


def test_html_instead_of_json(ask):
    ask.hook("faults", [{"operation": "*", "nth": 1, "kind": "html"}])
    answer = ask.ask("GET", "/api/v2/deals")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html"


def test_a_slow_response_outlasts_an_impatient_client(ask):
    ask.hook("faults", [{"operation": DEALS, "nth": 1, "kind": "slow", "seconds": 0.5}])
    with pytest.raises(requests.ReadTimeout):
        ask.session.get(f"{ask.url}/api/v2/deals", timeout=0.1)


def test_an_empty_page_with_a_cursor_loses_nothing(ask):
    whole = [row["id"] for page in ask.pages("/api/v2/deals", limit=5) for row in page]
    ask.hook("faults", [{"operation": DEALS, "nth": [1, 3], "kind": "empty_page"}])
    pages = ask.pages("/api/v2/deals", limit=5)
    assert pages[0] == []
    assert [row["id"] for page in pages for row in page] == whole


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v2/products/1/variations", {"limit": 1}),
        ("/api/v2/dealFields", {"limit": 20}),
        ("/v1/deals/6/changelog", {"limit": 1}),
    ],
)
def test_an_empty_page_of_a_list_without_sorting_loses_nothing(ask, path, query):
    whole = [row for page in ask.pages(path, **query) for row in page]
    name = f"GET {path.replace('/v1/', '/api/v1/') if path.startswith('/v1') else path}"
    name = name.replace("/1/", "/{id}/").replace("/6/", "/{id}/")
    ask.hook("faults", [{"operation": name, "nth": [1, 2], "kind": "empty_page"}])
    pages = ask.pages(path, **query)
    assert pages[:2] == [[], []]
    assert [row for page in pages for row in page] == whole


def test_an_empty_page_of_a_search_has_no_items(ask):
    ask.hook("faults", [{"operation": "GET /api/v2/deals/search", "nth": 1, "kind": "empty_page"}])
    first = ask.get("/api/v2/deals/search", term="deal")
    assert first["data"]["items"] == []
    cursor = first["additional_data"]["next_cursor"]
    again = ask.get("/api/v2/deals/search", term="deal", cursor=cursor)
    assert again == ask.get("/api/v2/deals/search", term="deal")
    assert again["data"]["items"]


def test_an_empty_page_and_a_repeated_place_of_a_list_by_offset(ask):
    notes = "GET /api/v1/notes"
    ask.hook("faults", [{"operation": notes, "nth": 1, "kind": "empty_page"}])
    place = ask.get("/v1/notes", limit=5)["additional_data"]["pagination"]
    assert (place["more_items_in_collection"], place["next_start"]) == (True, 0)
    ask.hook("faults", [{"operation": notes, "kind": "repeat_cursor"}])
    places = [ask.get("/v1/notes", limit=5, start=start)["additional_data"] for start in (0, 5)]
    assert {entry["pagination"]["next_start"] for entry in places} == {5}


def test_a_repeated_cursor_never_ends(ask):
    ask.hook("faults", [{"operation": DEALS, "kind": "repeat_cursor"}])
    first = ask.get("/api/v2/deals", limit=5)["additional_data"]["next_cursor"]
    second = ask.get("/api/v2/deals", limit=5, cursor=first)["additional_data"]["next_cursor"]
    assert first == second


def test_an_empty_page_skips_a_list_whose_responses_name_no_other_page(ask):
    rule = {"operation": "GET /api/v1/mailbox/mailThreads", "kind": "empty_page"}
    clean = ask.get("/v1/mailbox/mailThreads", folder="inbox")
    ask.hook("faults", [rule])
    assert clean["data"]
    assert ask.get("/v1/mailbox/mailThreads", folder="inbox") == clean


def test_null_data(ask):
    ask.hook("faults", [{"operation": DEALS, "nth": 1, "kind": "null_data"}])
    assert ask.get("/api/v2/deals")["data"] is None


def test_a_row_is_changed_or_deleted_between_two_pages(ask):
    ask.hook(
        "faults",
        [
            {
                "operation": DEALS,
                "nth": 2,
                "kind": "write",
                "table": "deals",
                "id": 1,
                "set": {"title": "moved"},
            },
            {"operation": DEALS, "nth": 2, "kind": "delete", "table": "deals", "id": 20},
        ],
    )
    ids = [row["id"] for page in ask.pages("/api/v2/deals", limit=5, sort_by="update_time") for row in page]
    assert ids.count(1) == 2 or ids[-1] == 1
    assert 20 not in ids[5:]


def test_a_request_without_its_body_does_nothing(ask):
    before = len(ask.tables()["activities"])
    where = urlsplit(ask.url)
    with socket.create_connection((where.hostname, where.port)) as caller:
        caller.sendall(
            b"POST /api/v2/activities HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-token: emulator-token\r\n"
            b"content-type: application/json\r\ncontent-length: 18\r\n\r\n"
        )
        caller.shutdown(socket.SHUT_WR)
        caller.recv(1)  # returns once the emulator has dealt with it
    assert len(ask.tables()["activities"]) == before


def test_a_token_expires_in_the_middle(ask):
    form = {"grant_type": "refresh_token", "refresh_token": "emulator-refresh-token"}
    url, basic = f"{ask.url}/oauth/token", ("emulator-client", "emulator-secret")
    token = requests.post(url, data=form, auth=basic, timeout=10).json()["access_token"]
    ask.hook("faults", [{"operation": DEALS, "nth": 2, "kind": "expire_token"}])
    headers = {"authorization": f"Bearer {token}"}
    statuses = [
        requests.get(f"{ask.url}/api/v2/deals", headers=headers, timeout=10).status_code for _ in range(3)
    ]
    assert statuses == [200, 401, 401]


def test_rejects_a_malformed_script(ask):
    answer = ask.send("POST", "/_emulator/faults", [{"operation": DEALS, "kind": "no such"}])
    assert answer.status_code == 400


def test_script_from_a_file(start, tmp_path):
    script = tmp_path / "faults.json"
    script.write_text(json.dumps([{"operation": DEALS, "nth": 1, "kind": "status_before", "status": 500}]))
    ask = start("--faults", str(script))
    assert [ask.ask("GET", "/api/v2/deals").status_code for _ in range(2)] == [500, 200]


def test_a_body_is_cleaned_before_it_is_kept(ask):
    ask.hook("faults", [{"operation": "POST /api/v2/deals", "kind": "cleans"}])
    body = {"title": " A <script>b()</script> ", "value": 1.239}
    kept = ask.send("POST", "/api/v2/deals", body).json()["data"]
    assert (kept["title"], kept["value"]) == ("A", 1.24)


def test_keys_are_ignored_silently(ask):
    ask.hook("faults", [{"operation": "PATCH /api/v2/deals/{id}", "kind": "ignores", "fields": ["title"]}])
    before = ask.ask("GET", "/api/v2/deals/1").json()["data"]
    answer = ask.send("PATCH", "/api/v2/deals/1", {"title": "Other", "value": 77})
    assert (answer.status_code, answer.json()["data"]["title"]) == (200, before["title"])
    assert ask.ask("GET", "/api/v2/deals/1").json()["data"]["value"] == 77


def test_rows_are_shown_with_other_values(ask):
    ask.hook("faults", [{"operation": "*", "kind": "shows", "set": {"is_deleted": True}}])
    assert ask.ask("GET", "/api/v2/deals/1").json()["data"]["is_deleted"] is True
    assert {one["is_deleted"] for one in ask.ask("GET", "/api/v2/deals").json()["data"]} == {True}
    ask.hook("faults", [])
    assert ask.ask("GET", "/api/v2/deals/1").json()["data"]["is_deleted"] is False


@pytest.mark.parametrize("fields", [None, "title", [1]])
def test_keys_to_pass_over_are_a_list(ask, fields):
    rule = {"operation": "POST /api/v2/deals", "kind": "ignores", "fields": fields}
    assert ask.send("POST", "/_emulator/faults", [rule]).status_code == 400
