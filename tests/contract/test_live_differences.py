"""Differences that the check of a live account finds, introduced by a proxy in front of the emulator."""

from __future__ import annotations

import pytest

from pipedrive_client import ClientSettings, PipedriveClient
from tests.live.check import Check
from tests.live.comparison import HEADER, LOST, NEW_KEY, NO_KEY, NULL, OTHER_KIND, STATUS
from tests.live.privacy import UNNAMED
from tests.live.report import report
from tests.live.wire import Wire
from tests.support.altering import altered
from tests.support.emulator import TOKEN
from tests.support.faulty import ShortWaits


def checked(url):
    """Return the result of a check."""
    settings = ClientSettings.from_config({"api_token": TOKEN, "api_url": url})
    with PipedriveClient(settings, clock=ShortWaits()) as client:
        check = Check(Wire(client), show=lambda _: None, scrub=str)
        check.read()
        return check.result()


def rows(reply, path):
    """Return the rows of a list, or none for other responses."""
    is_list = reply.path == path and isinstance(reply.body, dict)
    return reply.body["data"] if is_list and isinstance(reply.body.get("data"), list) else []


def renamed(reply, old, new):
    """Rename a header."""
    for name in list(reply.headers):
        if name.lower() == old:
            reply.headers[new] = reply.headers.pop(name)


def of_rows(reply):
    """Change rows; several changes are in the same row."""
    for row in rows(reply, "/api/v2/deals"):
        row["stars"] = 5
        row["prediction"] = {"score": 1, "parts": [{"name": "x"}]}
        row["value"] = str(row["value"])
        row["status"] = "paused"
        row["title"] = None
        row["custom_fields"] = {
            key: ["1"] if isinstance(one, int) else one for key, one in row["custom_fields"].items()
        }
    for row in rows(reply, "/api/v2/organizations"):
        row.pop("label_ids")
    for row in rows(reply, "/api/v2/products")[:1]:
        row.pop("unit")
        row["owner_id"] = {"x": 1}
    for row in rows(reply, "/api/v2/pipelines")[1:]:
        row["id"] = None
    for row in rows(reply, "/api/v2/persons"):
        row["add_time"] = row["add_time"].replace("Z", "+02:00")
        for phone in row["phones"]:
            phone["kind"] = phone.pop("label")
    for row in rows(reply, "/v1/users"):
        row["created"] = row["created"].replace(" ", "T") + "Z"


def of_bodies(reply):
    """Change what is around the rows."""
    if rows(reply, "/api/v2/stages"):
        reply.body["data"] = {"items": reply.body["data"]}
    if rows(reply, "/api/v2/activities"):
        reply.body["additional_data"] = {"pagination": {"start": 0, "more_items_in_collection": False}}
    if reply.path == "/v1/currencies":
        reply.content, reply.headers["content-type"] = b"<html></html>", "text/html"
    if reply.path == "/v1/leadLabels":
        reply.status = 206
    if reply.path == "/v1/leadSources":
        reply.status, reply.body = 400, {"success": False, "error": "no", "code": "ERR_NEW"}
    if reply.path == "/v1/roles":
        reply.body["success"] = "yes"
    if reply.status == 404:
        reply.body = {"success": False, "error": "no", "issues": [{"text": "x"}]}
    if reply.path == "/api/v2/nothing":
        reply.status = 410
    renamed(reply, "x-ratelimit-limit", "x-rate-limit-limit")
    if "x-daily-ratelimit-token-limit" in reply.headers:
        reply.headers["x-daily-ratelimit-token-limit"] = "2026-01-01T00:00:00Z"


CHANGES = {
    ("GET /api/v2/deals", "data[].stars", NEW_KEY, "integer", "no key", False),
    ("GET /api/v2/deals", "data[].prediction", NEW_KEY, "object", "no key", False),
    ("GET /api/v2/deals", "data[].value", OTHER_KIND, "digits or text", "integer or number", False),
    ("GET /api/v2/deals", "data[].status", OTHER_KIND, "value that is not published", "text", False),
    ("GET /api/v2/deals", "data[].title", NULL, "null", "text", False),
    *(
        (
            "GET /api/v2/deals",
            f"data[].custom_fields.<custom field: {of}>",
            OTHER_KIND,
            "list",
            "integer",
            False,
        )
        for of in ("enum", "org", "people", "user")
    ),
    ("GET /api/v2/organizations", "data[].label_ids", NO_KEY, "missing", "list", False),
    ("GET /api/v2/products", "data[].unit", NO_KEY, "missing in some", "null or text", False),
    ("GET /api/v2/products", "data[].owner_id", OTHER_KIND, "object", "integer", True),
    ("GET /api/v2/pipelines", "data[].id", NULL, "null", "integer", True),
    (
        "GET /api/v2/persons",
        "data[].add_time",
        OTHER_KIND,
        "time with T and offset",
        "time with T and Z",
        False,
    ),
    ("GET /api/v2/persons", "data[].phones[].kind", NEW_KEY, "text", "no key", False),
    ("GET /api/v2/persons", "data[].phones[].label", NO_KEY, "missing", "text", False),
    ("GET /v1/users", "data[].created", OTHER_KIND, "time with T and Z", "time with a space", False),
    ("GET /api/v2/stages", "data", OTHER_KIND, "object", "list", False),
    ("GET /api/v2/activities", "additional_data.next_cursor", NO_KEY, "missing", "null or text", False),
    ("GET /api/v2/activities", "additional_data.pagination", NEW_KEY, "object", "no key", False),
    ("GET /v1/currencies", "body", OTHER_KIND, "no JSON", "object", False),
    ("GET /v1/leadLabels", "", STATUS, "status 206", "status 200", False),
    ("GET /v1/leadSources", "", STATUS, "status 400, code ERR_NEW", "status 200", False),
    ("GET /v1/roles", "success", OTHER_KIND, "text", "boolean", False),
    ("errors with status 404", UNNAMED, NEW_KEY, "any kind", "no key", False),
    ("error: an unpublished path", "", STATUS, "status 410", "status 404", False),
    ("every response", "x-ratelimit-limit", HEADER, "missing", "digits", False),
    ("every response", "x-rate-limit-limit", HEADER, "digits", "no header", False),
    ("every response", "x-daily-ratelimit-token-limit", HEADER, "time with T and Z", "digits", False),
}


@pytest.mark.dialects
def test_every_difference_is_reported_once_and_none_hides_another(small):
    def change(reply):
        of_rows(reply)
        of_bodies(reply)

    with altered(small.url, change) as url:
        result = checked(url)
    found = [
        (one.operation, one.path, one.what, one.found, one.expected, one.lost) for one in result.differences
    ]
    assert sorted(set(found) ^ CHANGES) == []
    assert len(found) == len(CHANGES)
    blocks = report(result).split("## Differences")[1].split("\n## ")[0].split("\n\n")
    for operation, path, what, kinds, expected, lost in CHANGES:
        start = next(
            at
            for at, block in enumerate(blocks)
            if operation in block.split(":\n")[0].rstrip(":").split(", ")
        )
        lines = [line for line in blocks[start + 1].splitlines() if f"`{path}`" in line or not path]
        assert len(lines) == 1, (operation, path, what)
        assert kinds in lines[0]
        assert expected in lines[0] or what == NEW_KEY
        assert ("cannot represent" in lines[0]) == lost


def test_a_list_without_rows_or_with_a_new_type_of_rows_is_a_difference(small):
    def change(reply):
        if reply.path == "/v1/filters":
            reply.body["data"] = None
        if reply.path == "/v1/notes":
            reply.body["data"] = ["a", "b"]
        if reply.path == "/v1/webhooks":
            reply.body = reply.body["data"]
        if reply.path == "/v1/permissionSets":
            reply.body = {"rows": reply.body.pop("data")} | reply.body

    with altered(small.url, change) as url:
        result = checked(url)
    assert {(one.operation, one.path, one.found) for one in result.differences} == {
        ("GET /v1/filters", "data", "null"),
        ("GET /v1/notes", "data[]", "text"),
        ("GET /v1/webhooks", "", "list"),
        ("GET /v1/permissionSets", "data", "missing"),
        ("GET /v1/permissionSets", "rows", "list"),
    }


@pytest.mark.dialects
def test_accounts_with_other_rows_have_no_differences(medium):
    result = checked(medium.url)
    assert result.differences == []
    assert result.not_read == {}
    assert not result.as_observed or not result.as_published


def test_values_that_the_tap_cannot_represent_are_differences_of_their_own(small):
    def change(reply):
        for row in rows(reply, "/v1/filters"):
            row["add_time"] = "31.12.2026"
        for row in rows(reply, "/api/v2/deals"):
            row["label_ids"] = [{"id": 1}]

    with altered(small.url, change) as url:
        result = checked(url)
    assert {(one.operation, one.path, one.what, one.lost) for one in result.differences} >= {
        ("GET /v1/filters", "data[].add_time", OTHER_KIND, True),
    }
    assert LOST not in {one.what for one in result.differences if one.path == "data[].add_time"}
