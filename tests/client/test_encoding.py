from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipedrive_client import Rejected
from pipedrive_client.http.encoding import encode_body, encode_query, own_headers


@pytest.mark.parametrize(
    ("params", "query"),
    [
        (None, ""),
        ({}, ""),
        ({"limit": 500, "cursor": None}, "limit=500"),
        ({"ids": [1, 2, None, 3]}, "ids=1,2,3"),
        ({"ids": (1,), "done": True, "all": False}, "ids=1&done=true&all=false"),
        ({"since": datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC)}, "since=2026-01-02T03:04:05Z"),
        ({"on": date(2026, 1, 2)}, "on=2026-01-02"),
        ({"term": "Müller & Söhne"}, "term=M%C3%BCller%20%26%20S%C3%B6hne"),
        ({"filter": {"a": [1]}}, "filter=%7B%22a%22:[1]%7D".replace("[", "%5B").replace("]", "%5D")),
    ],
)
def test_queries(params, query):
    assert encode_query(params) == query


def test_no_body():
    assert encode_body(None, None, None) == (None, None)


def test_json_keeps_numbers_numbers_and_times_times():
    body, kind = encode_body(
        {"value": Decimal("10.50"), "at": datetime(2026, 1, 2, tzinfo=UTC), "x": None}, None, None
    )
    assert json.loads(body) == {"value": 10.5, "at": "2026-01-02T00:00:00Z", "x": None}
    assert kind == "application/json"


def test_a_form():
    body, kind = encode_body(None, {"title": "a b", "done": True, "none": None}, None)
    assert (body, kind) == (b"title=a+b&done=true", "application/x-www-form-urlencoded")


@pytest.mark.parametrize("content", [b"\x00bytes", io.BytesIO(b"\x00bytes")])
def test_files_with_fields(content):
    body, kind = encode_body(None, {"deal_id": 5}, {"file": ("a.bin", content, "application/octet-stream")})
    assert kind.startswith("multipart/form-data; boundary=")
    assert b'name="deal_id"\r\n\r\n5' in body
    assert b'name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n\x00bytes' in body


def test_a_caller_cannot_replace_the_sign_in():
    given = {
        "X-API-Token": "x",
        "authorization": "x",
        "Host": "evil",
        "x-extra": "1",
        "content-type": "text/x",
    }
    assert own_headers(given, None) == {"X-Extra": "1", "Content-Type": "text/x"}
    assert own_headers(given, "application/json") == {"X-Extra": "1", "Content-Type": "application/json"}
    assert own_headers(None, None) == {}


@pytest.mark.parametrize("headers", [{"a": "x\r\nb: y"}, {"a b": "x"}, {"a": "ü"}])
def test_headers_that_cannot_be_sent_are_rejected(headers):
    with pytest.raises(Rejected, match=r"The header .* is invalid"):
        own_headers(headers, None)
