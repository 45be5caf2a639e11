from __future__ import annotations

import gzip
import logging
import threading
from datetime import UTC, datetime

import pytest

from pipedrive_client import (
    JSON_BODY,
    Blocked,
    BudgetSpent,
    ClientSettings,
    ConfigError,
    FeatureOff,
    Gone,
    MalformedResponse,
    NotFound,
    NotVisible,
    Paging,
    PagingStuck,
    PipedriveClient,
    PipedriveError,
    RateLimited,
    Rejected,
    ServerError,
    Stopped,
    Unauthorized,
    Unreachable,
)

TOKEN = "0123456789abcdef0123456789abcdef01234567"
CLOUDFLARE = b"<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"


def failure(error, **more):
    return {"success": False, "error": error, "data": None, **more}


# Requests


def test_path_query_body_and_headers_arrive(client, wire):
    client.request(
        "patch",
        "/api/v2/deals/5",
        params={"ids": [1, 2], "x": None},
        json={"title": "Ü"},
        headers={"X-Note": "1"},
    )
    seen = wire.seen[0]
    assert (seen.method, seen.path) == ("PATCH", "/api/v2/deals/5?ids=1,2")
    assert seen.body == '{"title":"Ü"}'.encode()
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["x-note"] == "1"
    assert seen.headers["user-agent"] == "pipedrive-singer"


def test_a_path_may_have_a_query_and_special_characters(client, wire):
    client.request("GET", "/v1/deals?a=1", params={"b": 2})
    client.request("GET", "/v1/a b/ü\r\nX: y")
    assert wire.paths == ["/v1/deals?a=1&b=2", "/v1/a%20b/%C3%BC%0D%0AX:%20y"]


@pytest.mark.parametrize("path", ["v1/deals", "@evil.example/", "https://evil.example/", ".evil.example/"])
def test_a_path_that_names_a_host_is_rejected(client, wire, path):
    with pytest.raises(Rejected, match="slash"):
        client.request("GET", path)
    with pytest.raises(Rejected, match="slash"):
        client.stream_to(path, print, cost=0, label="x")
    assert wire.seen == []


def test_a_post_without_body_declares_it(client, wire):
    client.request("POST", "/v1/deals/1/duplicate")
    assert wire.seen[0].headers["content-length"] == "0"


def test_the_user_agent_can_be_set(connect, wire):
    connect(user_agent="acme-etl/1.0").request("GET", "/v1/a")
    assert wire.seen[0].headers["user-agent"] == "acme-etl/1.0"


def test_one_connection_is_used_again(client, wire):
    for _ in range(5):
        client.request("GET", "/v1/a")
    assert len(wire.seen) == 5
    assert len({seen.from_port for seen in wire.seen}) == 1


def test_packed_responses_are_unpacked(client, wire, reply):
    wire.answer(
        reply(body=gzip.compress(b'{"success":true,"data":[1]}'), headers={"Content-Encoding": "gzip"})
    )
    assert client.request("GET", "/v1/a").json()["data"] == [1]


def test_a_response_is_decoded_once(client):
    answer = client.request("GET", "/v1/a")
    assert answer.json() is answer.json()
    assert answer.status == 200
    assert answer.headers["CONTENT-TYPE"] == "application/json"


def test_an_empty_response_is_a_success(client, wire, reply):
    wire.answer(reply(204, b""))
    assert client.request("DELETE", "/v1/webhooks/1").json() is None


def test_binary_responses_do_not_change(client, wire, reply):
    wire.answer(reply(body=b"\xff\xfe\x00", headers={"Content-Type": "image/png"}))
    assert client.request("GET", "/v1/picture").body == b"\xff\xfe\x00"


def test_a_proxy_of_the_environment_is_not_used_for_loopback(connect, wire, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    connect().request("GET", "/v1/a")
    assert len(wire.seen) == 1


def test_a_proxy_of_the_environment_is_used_elsewhere(connect, wire, monkeypatch, reply):
    monkeypatch.setenv("https_proxy", wire.url)
    wire.otherwise = lambda _: reply(502)
    client = connect(api_url="https://pipedrive.invalid")
    with pytest.raises(Unreachable, match=r"proxy for pipedrive\.invalid") as raised:
        client.request("POST", "/v1/a", max_attempts=1)
    assert raised.value.may_have_acted is False


def test_a_broken_proxy_setting_is_a_setting_to_fix(connect, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://")
    with pytest.raises(ConfigError, match="proxy settings"):
        connect(api_url="https://pipedrive.invalid").request("GET", "/v1/a")


def test_a_missing_certificate_file_is_a_setting_to_fix(connect, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match="REQUESTS_CA_BUNDLE"):
        connect(api_url="https://127.0.0.1:9").request("GET", "/v1/a")


# Responses


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, failure("Bad request"), Rejected),
        (400, failure("Entity is deleted", code="ERR_DEAL_DELETED"), Gone),
        (401, failure("unauthorized access"), Unauthorized),
        (402, failure("Payment required"), Unauthorized),
        (402, failure("Required suites missing", errorCode=402), FeatureOff),
        (403, failure("You do not have permission"), NotVisible),
        (403, failure("x", code="feature_capping_deals_limit"), FeatureOff),
        (403, failure("Products feature is disabled"), FeatureOff),
        (403, failure("The company does not have access to this feature"), FeatureOff),
        (404, failure("Deal not found"), NotFound),
        (404, b"", NotFound),
        (405, failure("Method not allowed"), Rejected),
        (410, failure("Gone"), Gone),
        (415, failure("Feature not enabled"), FeatureOff),
        (422, failure("Unprocessable"), Rejected),
        (501, failure("Not implemented"), ServerError),
        (200, failure("Something"), Rejected),
        (200, {"success": False}, Rejected),
        (301, b"", ConfigError),
    ],
)
def test_statuses_become_errors_that_are_not_repeated(client, wire, reply, status, body, kind, clock):
    wire.answer(reply(status, body, headers={"x-correlation-id": "req-1"}))
    with pytest.raises(kind) as raised:
        client.request("GET", "/v1/deals/5", label="deals")
    assert type(raised.value) is kind
    assert raised.value.status == status
    assert raised.value.label == "deals"
    assert "GET /v1/deals/5" in str(raised.value)
    assert kind is ConfigError or raised.value.request_id == "req-1"
    assert (len(wire.seen), clock.waited) == (1, 0)


def test_an_error_contains_pipedrives_reason(client, wire, reply):
    body = failure("Validation failed.", error_info="field x\nis wrong", code="ERR_SCHEMA_VALIDATION_FAILED")
    wire.answer(reply(400, body))
    with pytest.raises(Rejected) as raised:
        client.request("POST", "/api/v2/deals?secret=1", json={})
    message = str(raised.value)
    for fact in (
        "POST /api/v2/deals",
        "400 (ERR_SCHEMA_VALIDATION_FAILED)",
        "Validation failed; field x is wrong",
    ):
        assert fact in message
    assert "\n" not in message
    assert "secret" not in message
    assert raised.value.code == "ERR_SCHEMA_VALIDATION_FAILED"
    assert raised.value.error_info == "field x is wrong"
    assert raised.value.request_id is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"status": "error", "success": False, "errors": {"event_action": ["is invalid"]}}, "is invalid"),
        ({"success": False, "message": "Forbidden"}, "Forbidden"),
        ({"error": {"code": "E1", "message": "deep"}}, r"\(E1\): deep"),
        (failure("same", error_info="same"), "400: same.$"),
        ([1], "GET /v1/webhooks .*400."),
        (b"{torn", "GET /v1/webhooks .*400."),
    ],
)
def test_other_error_bodies_are_understood(client, wire, reply, body, said):
    wire.answer(reply(400, body))
    with pytest.raises(Rejected, match=said):
        client.request("GET", "/v1/webhooks")


def test_errors_show_no_secret_no_personal_data_and_no_endless_text(client, wire, reply):
    body = failure(f"token {TOKEN} of jane@example.com, +1 (555) 123-4567 " + "x" * 1000)
    wire.answer(reply(400, body))
    with pytest.raises(Rejected) as raised:
        client.request("GET", "/v1/a")
    text = str(raised.value)
    assert not any(part in text for part in (TOKEN, "jane", "555"))
    assert len(text) < 400


def test_the_firewall_s_page_stops_the_run(client, wire, reply, html, clock):
    wire.answer(reply(403, CLOUDFLARE, headers={**html, "cf-ray": "ray-1"}))
    with pytest.raises(Blocked, match="firewall") as raised:
        client.request("GET", "/v1/a")
    assert raised.value.request_id == "ray-1"
    assert (len(wire.seen), clock.waited) == (1, 0)


def test_a_page_where_nothing_was_found_points_at_the_settings(client, wire, reply, html):
    wire.answer(reply(404, b"<html>", headers=html))
    with pytest.raises(NotFound, match="check company_domain and api_url"):
        client.request("GET", "/v1/a")


# Repeats


@pytest.mark.parametrize("status", [408, 500, 502, 503, 520])
def test_server_errors_are_repeated_for_reads(client, wire, reply, status, clock):
    wire.answer(reply(status), reply(status, b"<html>"), reply())
    assert client.request("GET", "/v1/a").status == 200
    assert len(wire.seen) == 3
    assert 1.5 <= clock.waited <= 3


def test_a_server_error_is_never_repeated_for_a_post(client, wire, reply):
    wire.answer(reply(500))
    with pytest.raises(ServerError) as raised:
        client.request("POST", "/v1/notes", json={})
    assert raised.value.may_have_acted is True
    assert len(wire.seen) == 1


def test_an_idempotent_post_is_repeated(client, wire, reply):
    wire.answer(reply(500), reply())
    client.request("POST", "/v1/x", json={}, idempotent=True)
    assert len(wire.seen) == 2


def test_a_put_that_is_not_idempotent_is_not_repeated(client, wire, reply):
    wire.answer(reply(500))
    with pytest.raises(ServerError):
        client.request("PUT", "/v1/persons/1/merge", json={}, idempotent=False)
    assert len(wire.seen) == 1


def test_the_server_s_own_wait_is_kept(client, wire, reply, clock):
    wire.answer(reply(503, headers={"Retry-After": "7"}), reply())
    client.request("GET", "/v1/a")
    assert clock.waited == 7


def test_repeats_end(client, wire, reply):
    wire.answer(reply())
    client.request("GET", "/v1/a")
    wire.otherwise = lambda _: reply(500)
    with pytest.raises(ServerError):
        client.request("GET", "/v1/a")
    assert len(wire.seen) == 1 + 5
    with pytest.raises(ServerError):
        client.request("GET", "/v1/a", max_attempts=2)
    assert len(wire.seen) == 1 + 5 + 2


@pytest.mark.parametrize(
    "reply_settings", [{"drop": True}, {"tear": True}, {"body": b'{"success":tr'}, {"body": b'{"a":"\xff"}'}]
)
def test_dropped_and_truncated_responses_are_repeated_for_reads(client, wire, reply, reply_settings):
    wire.answer(reply(**reply_settings), reply())
    assert client.request("GET", "/v1/a").json() == {"success": True, "data": []}
    assert len(wire.seen) == 2


@pytest.mark.parametrize(
    ("reply_settings", "kind"),
    [({"drop": True}, Unreachable), ({"tear": True}, Unreachable), ({"body": b"{"}, MalformedResponse)],
)
def test_dropped_and_truncated_responses_are_not_repeated_for_a_post(
    client, wire, reply, reply_settings, kind
):
    wire.answer(reply(**reply_settings))
    with pytest.raises(kind) as raised:
        client.request("POST", "/v1/notes", json={}, label="add_note")
    assert raised.value.may_have_acted is True
    assert raised.value.label == "add_note"
    assert len(wire.seen) == 1


def test_a_web_page_with_status_200_is_not_a_valid_response(client, wire, reply, html):
    wire.otherwise = lambda _: reply(200, b"<html>", headers=html)
    with pytest.raises(MalformedResponse, match="a web page"):
        client.request("GET", "/v1/a", max_attempts=2)
    assert len(wire.seen) == 2


def test_a_failed_connection_is_repeated_also_for_a_post(connect, clock):
    client = connect(api_url="http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"No connection to 127\.0\.0\.1:9") as raised:
        client.request("POST", "/v1/notes", json={}, cost=10)
    assert raised.value.may_have_acted is False
    assert 0 < clock.waited <= 3
    assert (client.usage.requests, client.usage.tokens, client.budget.spent) == (0, 0, 0)


def test_an_unknown_host_is_named(connect):
    with pytest.raises(Unreachable, match=r"The host nowhere\.invalid is unknown. Check company_domain"):
        connect(api_url="https://nowhere.invalid").request("GET", "/v1/a", max_attempts=1)


def test_silence_ends_the_request(client, wire, reply):
    over = threading.Event()

    def silent(_):
        over.wait(10)
        return reply()

    wire.otherwise = silent
    with pytest.raises(Unreachable, match="did not respond within request_timeout_seconds") as raised:
        client.request("POST", "/v1/notes", timeout_seconds=0.05)
    over.set()
    assert raised.value.may_have_acted is True


@pytest.mark.parametrize("status", [404, 410])
def test_a_repeated_delete_that_finds_nothing_was_done_before(client, wire, reply, status):
    wire.answer(reply(drop=True), reply(status, failure("not found")))
    assert client.request("DELETE", "/api/v2/deals/5").status == status


def test_a_first_delete_that_finds_nothing_is_not_found(client, wire, reply):
    wire.answer(reply(429), reply(404, failure("not found")))
    with pytest.raises(NotFound):
        client.request("DELETE", "/api/v2/deals/5")


# Limits and budget


def test_a_429_is_waited_out_also_for_a_post(client, wire, reply, clock):
    wire.answer(reply(), reply(429, headers={"Retry-After": "5"}), reply())
    client.request("GET", "/v1/a")
    client.request("POST", "/v1/notes", json={}, cost=10, label="add_note")
    assert clock.waited == pytest.approx(5)
    assert client.usage.of("add_note").requests == 2
    assert client.usage.of("add_note").tokens == client.budget.spent == 10


def test_a_storm_of_429_sends_one_request_per_pause(client, wire, reply, clock):
    wire.answer(reply())
    client.request("GET", "/v1/a")
    left = {"x-daily-ratelimit-token-remaining": "5000"}
    wire.otherwise = lambda _: reply(429, headers=left)
    with pytest.raises(RateLimited):
        list(client.ordered_map(lambda n: client.request("GET", f"/v1/{n}"), range(6)))
    pauses = int(clock.waited // 2)
    assert len(wire.seen) <= 1 + 6 + 6 * pauses


def test_two_429_after_a_proper_wait_mean_the_day_s_budget(client, wire, reply):
    wire.otherwise = lambda _: reply(429)
    with pytest.raises(BudgetSpent, match="an estimate") as raised:
        client.request("GET", "/v1/a", cost=20, label="deals")
    assert raised.value.resume_at == datetime(2026, 11, 24, tzinfo=UTC)
    assert raised.value.label == "deals"
    assert len(wire.seen) == 2
    with pytest.raises(BudgetSpent):
        client.request("GET", "/v1/b")
    assert len(wire.seen) == 2


def test_two_429_with_tokens_left_are_the_burst_window(client, wire, reply):
    left = {"x-daily-ratelimit-token-remaining": "5000"}
    wire.answer(reply(429, headers=left), reply(429, headers=left), reply(429, headers=left), reply())
    assert client.request("GET", "/v1/a").status == 200


def test_a_429_without_tokens_left_stops_immediately(client, wire, reply, clock):
    wire.answer(reply(429, headers={"x-daily-ratelimit-token-remaining": "0", "Retry-After": "9"}))
    with pytest.raises(BudgetSpent):
        client.request("GET", "/v1/a")
    assert clock.waited == 0


def test_a_429_with_fewer_tokens_left_than_the_request_costs_stops_at_once(client, wire, reply, clock):
    wire.answer(reply(429, headers={"x-daily-ratelimit-token-remaining": "15", "Retry-After": "9"}))
    with pytest.raises(BudgetSpent) as raised:
        client.request("GET", "/v1/a", cost=20)
    for fact in ("15 left", "costs 20", "company", "2026-11-24"):
        assert fact in raised.value.message
    assert "token_budget" not in raised.value.message
    assert (clock.waited, raised.value.setting, client.budget.left_today) == (0, None, 15)
    wire.answer(reply())
    client.request("GET", "/v1/b", cost=15)


def test_the_firewall_s_429_page_twice_stops_the_run(client, wire, reply, html):
    wire.otherwise = lambda _: reply(429, CLOUDFLARE, headers=html)
    with pytest.raises(Blocked):
        client.request("GET", "/v1/a")
    assert len(wire.seen) == 2


def test_the_last_tokens_are_used_and_the_next_request_is_not_sent(client, wire, reply):
    wire.answer(reply(headers={"x-daily-ratelimit-token-remaining": "0"}))
    assert client.request("GET", "/v1/a", cost=20).status == 200
    with pytest.raises(BudgetSpent):
        client.request("GET", "/v1/a", cost=20)
    assert len(wire.seen) == 1
    assert client.budget.left_today == 0


def test_a_run_stops_before_its_own_budget_is_exhausted(connect, wire):
    client = connect(run_token_budget=25)
    client.request("GET", "/v1/a", cost=20)
    with pytest.raises(BudgetSpent, match="set a higher run_token_budget"):
        client.request("GET", "/v1/a", cost=20)
    assert len(wire.seen) == 1
    assert client.budget.spent == 20


def test_a_budget_exhausted_by_another_thread_during_the_wait_stops_this_one(client, wire, reply, clock):
    wire.answer(reply(headers={"x-ratelimit-limit": "1"}))
    client.request("GET", "/v1/a")
    clock.when_waiting = client.budget.spend_all
    with pytest.raises(BudgetSpent):
        client.request("GET", "/v1/b")
    assert len(wire.seen) == 1


def test_searches_count_in_their_own_window(client, wire, clock):
    for path in ("/api/v2/deals/search?term=a", "/api/v2/itemSearch", "/api/v2/itemSearch/field"):
        for _ in range(4):
            client.request("GET", path)
    assert len(wire.seen) == 12
    assert clock.waited >= 2


# Stopping and logging


def test_stop_ends_waits_and_later_requests(client, wire, reply, clock):
    assert client.stopping is False
    wire.answer(reply(500))
    clock.when_waiting = client.stop
    with pytest.raises(Stopped):
        client.request("GET", "/v1/a")
    assert client.stopping is True
    with pytest.raises(Stopped):
        client.request("GET", "/v1/a")
    assert len(wire.seen) == 1


def test_stop_before_a_repeat_without_wait(client, wire, reply):
    def stop_and_fail(_):
        client.stop()
        return reply(500)

    wire.otherwise = stop_and_fail
    with pytest.raises(Stopped):
        client.request("GET", "/v1/a")


def test_logs_hold_one_line_a_request_and_no_secret(client, caplog):
    with caplog.at_level(logging.DEBUG, logger="pipedrive_client"):
        client.request("GET", "/v1/persons/search", params={"term": "jane@example.com"}, cost=20)
    assert len(caplog.records) == 1
    assert caplog.messages[0].startswith("GET /v1/persons/search 200 in ")
    assert caplog.messages[0].endswith("20 tokens")
    assert TOKEN not in caplog.text
    assert "jane" not in caplog.text


def test_closing_twice_and_with(wire):
    settings = ClientSettings(api_token=TOKEN, api_url=wire.url)
    with PipedriveClient(settings) as client:
        client.request("GET", "/v1/a")
    client.close()


def test_a_client_needs_a_sign_in():
    with pytest.raises(ConfigError):
        PipedriveClient(ClientSettings())


# Pages and maps


def cursor_pages(reply, n):
    def answer(seen):
        at = int(seen.path.partition("cursor=")[2] or 0)
        following = str(at + 1) if at + 1 < n else None
        return reply(
            body={"success": True, "data": [{"id": at}], "additional_data": {"next_cursor": following}}
        )

    return answer


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_a_list_is_read_to_its_end(client, wire, reply, prefetch):
    wire.otherwise = cursor_pages(reply, 5)
    pages = list(
        client.pages(
            "/api/v2/deals",
            params={"status": "open"},
            paging=Paging.CURSOR,
            page_size=500,
            cost=10,
            label="deals",
            prefetch=prefetch,
        )
    )
    assert [page.rows for page in pages] == [[{"id": n}] for n in range(5)]
    assert wire.paths[0] == "/api/v2/deals?status=open&limit=500"
    assert wire.paths[4] == "/api/v2/deals?status=open&limit=500&cursor=4"
    assert pages[4].request_params == {"status": "open", "limit": 500, "cursor": "4"}
    assert pages[0].body["success"] is True
    assert pages[0].response.status == 200
    assert client.usage.of("deals").tokens == 50


def test_the_next_page_is_requested_while_one_is_handled(client, wire, reply):
    second_asked = threading.Event()
    pages_of = cursor_pages(reply, 3)

    def answer(seen):
        if "cursor=1" in seen.path:
            second_asked.set()
        return pages_of(seen)

    wire.otherwise = answer
    pages = client.pages("/api/v2/deals", paging=Paging.CURSOR)
    next(pages)
    assert second_asked.wait(10)
    pages.close()
    assert len(wire.seen) <= 2


def test_a_list_that_does_not_advance_names_its_stream(client, wire, reply):
    wire.otherwise = lambda _: reply(body={"data": [], "additional_data": {"next_cursor": "same"}})
    with pytest.raises(PagingStuck) as raised:
        list(client.pages("/api/v2/deals", paging=Paging.CURSOR, label="deals"))
    assert raised.value.label == "deals"
    assert len(wire.seen) == 2


def test_a_failing_page_ends_the_list_after_the_pages_before(client, wire, reply):
    pages_of = cursor_pages(reply, 3)
    wire.otherwise = lambda seen: reply(404) if "cursor=1" in seen.path else pages_of(seen)
    pages = client.pages("/api/v2/deals", paging=Paging.CURSOR)
    assert next(pages).rows == [{"id": 0}]
    with pytest.raises(NotFound):
        next(pages)


def test_pages_have_their_own_headers(client, wire, reply):
    wire.otherwise = cursor_pages(reply, 2)
    headers = {"X-Reason": "audit", "x-api-token": "another"}
    assert len(list(client.pages("/api/v2/deals", paging=Paging.CURSOR, headers=headers))) == 2
    assert [seen.headers["x-reason"] for seen in wire.seen] == ["audit", "audit"]
    assert {seen.headers["x-api-token"] for seen in wire.seen} == {TOKEN}


def test_pages_are_tried_as_often_as_configured(client, wire, reply):
    wire.answer(reply())
    client.request("GET", "/v1/a")
    wire.otherwise = lambda _: reply(503)
    with pytest.raises(ServerError):
        list(client.pages("/v1/x", paging=Paging.NONE, max_attempts=2))
    assert wire.paths.count("/v1/x") == 2


def test_pages_wait_as_long_as_configured(client, wire, reply):
    over = threading.Event()

    def silent(_):
        over.wait(10)
        return reply()

    wire.otherwise = silent
    with pytest.raises(Unreachable, match="did not respond within request_timeout_seconds"):
        list(client.pages("/v1/x", paging=Paging.NONE, timeout_seconds=0.05, max_attempts=1))
    over.set()


def test_a_response_that_is_a_list_is_read(client, wire, reply):
    wire.answer(reply(body=[{"id": 1}]))
    page = next(client.pages("/v1/x", paging=Paging.NONE, expected=JSON_BODY))
    assert (page.rows, page.body) == ([{"id": 1}], {})


def test_a_map_keeps_the_order_and_may_read_lists(connect, wire, reply):
    client = connect(max_concurrency=2)
    wire.answer(reply(headers={"x-ratelimit-limit": "1000"}))
    client.request("GET", "/v1/a")
    wire.otherwise = cursor_pages(reply, 3)

    def rows(parent):
        pages = client.pages(f"/v1/{parent}/x", paging=Paging.CURSOR)
        nested = list(client.ordered_map(lambda page: page.rows[0]["id"], pages))
        return parent, nested

    assert list(client.ordered_map(rows, range(10))) == [(n, [0, 1, 2]) for n in range(10)]


def test_the_first_failure_of_a_map_is_raised(client, wire, reply):
    wire.otherwise = lambda seen: reply(404 if seen.path == "/v1/3" else 200)
    results = client.ordered_map(lambda n: client.request("GET", f"/v1/{n}").status, range(100), ahead=2)
    assert [next(results) for _ in range(3)] == [200, 200, 200]
    with pytest.raises(PipedriveError):
        next(results)
    assert len(wire.seen) < 10
