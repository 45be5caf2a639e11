"""The checker between programs and the emulator in tests reports every kind of deviation."""

from __future__ import annotations

import json
import re

import pytest
import requests

from tests.support import facts
from tests.support.checker import operation_at, request_faults, response_faults
from tests.support.gate import Gate

JSON = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
KEY = "0" * 40
FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx\r\n--b--\r\n'
DEPARTURES = [
    ("GET /api/v2/deals?owner=1", "", "'owner' is not published"),
    ("GET /api/v2/deals?limit=501", "", "limit 501"),
    ("GET /api/v2/deals?limit=many", "", "limit='many' is not of type integer"),
    ("GET /api/v2/deals?status=new", "", "status='new' is not one of"),
    ("GET /api/v2/deals?api_token=secret", "", "the token is in the query"),
    ("GET /api/v2/deals/search", "", "'term' is required"),
    ("GET /api/v2/dealz", "", "no published operation GET /api/v2/dealz"),
    ("DELETE /v1/callLogs", "", "no published operation DELETE /v1/callLogs"),
    ("GET /v1/deals/1/persons/", "", "no published operation"),
    ("POST /api/v2/deals", "", "a body is required"),
    ("POST /api/v2/deals", {}, "'title' is required"),
    ("POST /api/v2/deals", {"title": 7}, "/title: 7 is not of type string"),
    ("POST /api/v2/deals", {"title": None}, "/title: null is not published"),
    ("POST /api/v2/deals", {"title": "a", "owner_id": "7"}, '/owner_id: "7" is not of type integer'),
    ("POST /api/v2/deals", {"title": "a", "owner_id": True}, "/owner_id: true is not of type integer"),
    ("POST /api/v2/deals", {"title": "a", "label_ids": [1, "b"]}, '/label_ids/1: "b" is not of type integer'),
    ("POST /api/v2/deals", {"title": "a", "user_id": 1}, "'user_id' is not published"),
    ("POST /api/v2/deals", {"title": "a", KEY: 1}, f"'{KEY}' is not published"),
    ("POST /api/v2/deals", b"{", "not JSON"),
    ("POST /v1/leads", {"title": "a", "visible_to": "9"}, '/visible_to: "9" is not one of'),
    ("PUT /v1/mailbox/mailThreads/1", "unread=1", "'unread' is not published"),
    ("POST /v1/files", b"x", "'file' is required"),
    ("DELETE /api/v2/deals/1", {"id": 1}, "a body of type 'application/json'"),
]
FINE = [
    ("GET /api/v2/deals?limit=500&sort_by=update_time&ids=1,2", ""),
    ("GET /v1/users", ""),
    ("GET /api/v1/users", ""),
    ("GET /api/v2/deals/search?term=a&fields=title,notes", ""),
    ("POST /api/v2/deals", {"title": "a", "value": 1, "custom_fields": {KEY: "x"}}),
    ("POST /v1/leads", {"title": "a", KEY: 1, f"{KEY}_currency": "EUR"}),
    ("PATCH /v1/leads/1", {"owner_id": 1, "expected_close_date": None}),
    ("PUT /v1/mailbox/mailThreads/1", "read_flag=1"),
    ("POST /v1/files", FILE),
]


def faults(asked, body):
    method, target = asked.split(" ")
    if isinstance(body, dict):
        return request_faults(method, target, JSON, json.dumps(body).encode())
    if isinstance(body, str):
        return request_faults(method, target, FORM if body else "", body.encode())
    return request_faults(method, target, "multipart/form-data" if "files" in target else JSON, body)


@pytest.mark.parametrize(("asked", "body", "fault"), DEPARTURES, ids=range(len(DEPARTURES)))
def test_a_departure_of_a_request_is_named(asked, body, fault):
    found = faults(asked, body)
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(("asked", "body"), FINE, ids=range(len(FINE)))
def test_a_request_as_published_has_no_faults(asked, body):
    assert faults(asked, body) == []


def test_the_literal_path_comes_before_the_one_with_a_placeholder():
    assert operation_at("GET", "/api/v2/deals/search")["operationId"] == "searchDeals"
    assert operation_at("GET", "/api/v2/deals/17")["operationId"] == "getDeal"


@pytest.mark.parametrize(
    ("status", "body", "faults"),
    [
        (200, {"success": True, "data": {"id": 1, "title": None, "more": 1}}, []),
        (200, {"success": True, "data": {"id": "1"}}, ['/data/id: "1" is not of type integer']),
        (200, {"success": 1}, ["/success: 1 is not of type boolean"]),
        (404, {"success": False, "error": "Deal not found"}, []),
        (404, {"error": "Deal not found"}, ["an error without success=false"]),
    ],
)
def test_a_response_is_checked_against_its_schema(status, body, faults):
    deal = operation_at("GET", "/api/v2/deals/1")
    assert response_faults(deal, status, json.dumps(body).encode()) == faults


@pytest.mark.parametrize(("status", "faults"), [(200, 1), (400, 1), (403, 0), (502, 0)])
def test_only_the_edge_may_respond_with_something_else_than_json(status, faults):
    assert len(response_faults(operation_at("GET", "/api/v2/deals"), status, b"<html>")) == faults


def test_the_gate_forwards_and_counts(small):
    gate = Gate(small.url)
    headers = {"x-api-token": "emulator-token"}
    with requests.Session() as session:
        good = session.get(f"{gate.url}/api/v2/deals/1", headers=headers, timeout=10)
        bad = session.post(f"{gate.url}/api/v2/deals", json={"title": 1}, headers=headers, timeout=10)
    asked, departures = gate.close()
    assert (good.json()["data"]["id"], bad.status_code) == (1, 400)
    assert asked == {"GET /api/v2/deals/{id}": 1, "POST /api/v2/deals": 1}
    assert list(departures) == [("request", "POST /api/v2/deals", "body /title: 1 is not of type string")]


def test_the_facts_hold_no_prose():
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', json.dumps(facts.operations()))
    assert [one for one in strings if len(one.split()) > 3] == []
