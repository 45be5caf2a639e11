"""Requests of recorded exchanges with live accounts, replayed against `--dialect observed`.

A request that was accepted is accepted, and its response has the recorded keys and kinds; a request that was
rejected is rejected with the same status, code and keys. The recordings are condensed to keys and kinds.
"""

from __future__ import annotations

import base64
import re

import pytest

from tests.emulator.direct import Direct
from tests.support import observed

VALUES = {
    "subject": "Subject",
    "type": "call",
    "title": "Title",
    "name": "Name",
    "content": "Content",
    "person_id": 1,
    "deal_id": 1,
    "pipeline_id": 1,
    "email": [{"value": "a@example.com", "primary": True}],
    "done": 1,
    "id": 1,
}
PRICED = {"name": "Name", "prices": [{"price": 5, "currency": "EUR"}]}
BODIES = {
    "POST /api/v2/activities": {"subject": "Subject", "participants": [{"person_id": 1, "primary": True}]},
    "PATCH /api/v2/activities/{id}": {"subject": "Other"},
    "POST /api/v2/deals": {"title": "Title"},
    "PATCH /api/v2/deals/{id}": {"title": "Other"},
    "POST /api/v2/organizations": {"name": "Name"},
    "PATCH /api/v2/organizations/{id}": {"name": "Other"},
    "POST /api/v2/persons": {
        "name": "First Last",
        "emails": [{"value": "a@example.com", "primary": True, "label": "work"}],
        "phones": [{"value": "1234567", "primary": True, "label": "work"}],
    },
    "POST /api/v2/products": PRICED,
    "POST /api/v2/products/{id}/variations": PRICED,
    "PATCH /api/v2/products/{id}/product-variations/{id}": {"name": "Other"},
    "POST /api/v2/tasks": {
        "title": "Title",
        "project_id": 1,
        "is_milestone": True,
        "due_date": "2026-07-01",
        "assignee_ids": [1],
    },
    "PUT /v1/deals/{id}": {"stage_id": "first"},
    "POST /v1/persons": {"owner_id": 1},
    "POST /v1/webhooks": {
        "subscription_url": "http://hooks.example/new",
        "event_action": "*",
        "event_object": "*",
        "name": "Name",
    },
}
"""Bodies where none was recorded."""
QUERY = {
    "limit": "100",
    "start": "0",
    "sort": "update_time ASC",
    "sort_by": "update_time",
    "sort_direction": "asc",
    "fields": "name",
    "term": "Nord",
    "org_id": "1",
    "all_changes": "1",
    "items": "person",
}
NEEDED = {
    "/v1/recents": {"since_timestamp": "2026-01-01 00:00:00"},
    "/v1/mailbox/mailThreads": {"folder": "inbox"},
    "/api/v2/dealFields": {"include_fields": "important_fields,required_fields"},
    "/api/v2/deals/search": {"term": "Nord"},
    "/api/v2/organizations/search": {"term": "Söhne"},
    "/api/v2/persons/search": {"term": "an"},
}
"""Parameters that were not recorded, and must have been sent."""
TOLERATED = {
    # The author's tool may have made a text of the address.
    ("/api/v2/organizations", ".data[].address: an object instead of text"),
    ("/api/v2/organizations/{id}", ".data.address: an object instead of text"),
    # Recorded rows lack fields whose options have texts for ids; v1 shows those.
    ("/api/v2/dealFields", ".data[].options[].id: text instead of int"),
    ("/api/v2/projectFields", ".data[].options[].id: text instead of int"),
    # Options, and labels of numbers and addresses, are those of the account's rows.
    ("/v1/activityFields", ".data[].options: missing in some rows"),
    ("/v1/activityFields", ".data[].options[].color: missing in some rows"),
    ("/v1/persons", ".data[].email[].label: missing in some rows"),
}
EXPLAINED = {
    r"/v1/(activities|notes).*\.(pinned_to_)?(project|task)(_id|_title|_flag)?": "no account had projects",
    r"/api/v2/activities.*\.outcome": "published; no account had outcomes",
    r"/api/v2/persons.*\.(birthday|im|job_title|notes|postal_address)": "no account synchronized contacts",
    r"/v1/(deal|person)Fields.*\.(options_deleted|subfields)": "no account had such custom fields",
    r"/v1/dealFields.*\.options\[\]\.color": "no account had labels of deals",
    r"/v1/persons.*\.(email|im|phone)\[\]\.label": "no messengers; no numbers of the changed person",
    r"/v1/(activities|persons)/{id}\.related_objects\.(deal|organization|person)": "rows without them",
    r"/v1/users/{id}\.data\.activated": "recorded in the list on 2026-03-23 and not on 2026-05-15",
}
"""Keys of responses that no recording has, by path and place."""
OUTDATED = {"/v1/users.data[].signup_flow_variation"}
"""Keys that were recorded in 2018 and are not in recordings of 2026."""
FIXTURE = {f"/api/v2/organizations/search.data.items[].item.{name}[]" for name in ("custom_fields", "notes")}
"""Lists that an author's test shows filled, though only names were searched; the emulator lists matches."""
CAPPED = "Couldn't add the deal. Open deals limit reached."


@pytest.fixture(scope="module")
def live():
    direct = Direct(dialect="observed")
    yield direct
    direct.close()


@pytest.fixture(scope="module")
def ids(live):
    """Values of paths, by a part of the method and path: of rows whose references and lists are filled."""
    tables = live.tables()
    variation = tables["product_variations"][0]
    reached = {row["id"] for row in tables["persons"] if row["emails"] and row["phones"]}
    mailed = {row["deal_id"] for row in tables["mail_threads"]}

    def first(table, *full, **more):
        return [
            next(
                row["id"]
                for row in tables[table]
                if all(row[name] for name in full) and all(row[name] in more[name] for name in more)
            )
        ]

    open_deals = {"is_deleted": {False}, "is_archived": {False}}
    return {
        "/flow": first("deals", id=mailed, **open_deals),
        "/deals/": first("deals", "org_id", person_id=reached, **open_deals),
        "/leads/": first("leads", "value", is_archived={False}),
        "/comments": [tables["note_comments"][0]["object_id"]],
        "/notes/": [max(row["id"] for row in tables["notes"]) + 1],
        "variations/": [variation["product_id"], variation["id"]],
        "/activities/": first("activities", "participants", "org_id", "deal_id", person_id=reached),
        "/persons/": first("persons", "org_id", id=reached),
    }


def prepare(live, case, ids):
    """Write what the recorded response of a list shows: a note, an activity, a change."""
    if "/notes" in case["path"] or "/flow" in case["path"]:
        [number] = ids["/flow" if "/flow" in case["path"] else "/deals/"]
        live.ask("POST", "/v1/notes", json_body={"content": "Content", "deal_id": number})
    if "/flow" in case["path"]:
        activity = {**BODIES["POST /api/v2/activities"], "deal_id": number}
        live.ask("POST", "/api/v2/activities", json_body=activity)
        live.ask("PATCH", f"/api/v2/deals/{number}", json_body={"stage_id": 2})


def name_of(case):
    return f"{case['method']} {case['path']} {case['status']} {case.get('error', '')}".strip()


def address(case, ids):
    path, name = case["path"], f"{case['method']} {case['path']}"
    for value in next((values for part, values in ids.items() if part in name), [1]):
        path = path.replace("{id}", str(value), 1)
    return path


def ask(direct, case, ids, *, body=None, query=(), **more):
    name = f"{case['method']} {case['path']}"
    sent = BODIES.get(name) if "bodies" not in case else {key: VALUES.get(key) for key in case["bodies"][0]}
    wanted = {key: QUERY[key] for key in (case.get("queries") or [()])[-1]}
    return direct.ask(
        case["method"],
        address(case, ids),
        query={**wanted, **NEEDED.get(case["path"], {}), **dict(query)},
        json_body=body or sent,
        **more,
    )


def bearer(direct, *scopes):
    """The headers of an app with these scopes."""
    direct.ask("POST", "/_emulator/oauth", json_body={"scopes": list(scopes)})
    client = base64.b64encode(b"emulator-client:emulator-secret").decode()
    answer = direct.ask(
        "POST",
        "/oauth/token",
        body=b"grant_type=refresh_token&refresh_token=emulator-refresh-token",
        content_type="application/x-www-form-urlencoded",
        headers={"authorization": f"Basic {client}"},
        token=None,
    )
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(autouse=True)
def _fresh(live):
    live.reset()
    live.ask("POST", "/_emulator/oauth", json_body={"scopes": None})


EXPLANATIONS = re.compile("|".join(f"({pattern})" for pattern in EXPLAINED))


def missing_headers(case, answer):
    """Recorded headers that a response lacks, or has with another value."""
    return {
        name: value
        for name, value in case.get("headers", {}).items()
        if name not in answer.headers or value not in ("", answer.headers[name])
    }


GOOD = [case for case in observed.cases() if case["status"] < 300 and "error" not in case]
BAD = [case for case in observed.cases() if case["status"] >= 300 or "error" in case]


@pytest.mark.parametrize("case", GOOD, ids=name_of)
def test_an_accepted_request_is_accepted_with_the_same_keys_and_kinds(case, live, ids):
    prepare(live, case, ids)
    answer = ask(live, case, ids)
    assert answer.status_code == case["status"] if case.get("wire") else answer.status_code < 300, answer.text
    shape = observed.shape_of([observed.by_object(answer.json())])
    found = {(case["path"], departure) for departure in observed.departures(shape, case["answer"])}
    assert found - TOLERATED == set()
    assert {case["path"] + where for where in observed.unfilled(shape, case["answer"])} <= FIXTURE
    assert {case["path"] + where for where in observed.keys_beyond(case["answer"], shape)} <= OUTDATED
    added = [case["path"] + where for where in observed.keys_beyond(shape, case["answer"])]
    assert not case.get("whole") or [one for one in added if not EXPLANATIONS.fullmatch(one)] == []
    assert missing_headers(case, answer) == {}


def _twice(direct, case, ids):
    ask(direct, case, ids)
    return ask(direct, case, ids)


def _failing(status, error, **code):
    def act(direct, case, ids):
        rule = {"operation": "*", "kind": "status_before", "status": status, "error": error, **code}
        direct.ask("POST", "/_emulator/faults", json_body=[rule])
        return ask(direct, case, ids)

    return act


def _app(direct, case, ids):
    return ask(direct, case, ids, token=None, headers=bearer(direct, "leads:read"))


def _stranger(direct, case, ids):
    return ask(direct, case, ids, token=None)


def _with_set(direct, case, ids):
    fields = direct.app.account.custom_fields("deals").values()
    key = next(field["key"] for field in fields if field["field_type"] == "set")
    return ask(direct, case, ids, body={"custom_fields": {key: "1,2"}})


REFUSED = {
    "": _twice,
    "deleted_twice": _twice,
    "schema_datetime": lambda *given: ask(*given, query={"updated_since": "yesterday"}),
    "schema_set_text": _with_set,
    "schema_unknown_key": lambda *given: ask(*given, body={"0" * 40: 1, "1" * 40: 2}),
    "feature_capping": _failing(403, CAPPED, code="feature_capping_deals_limit"),
    "success_false_200": _failing(200, "Requested service is not available"),
    "unauthorized": _stranger,
    "unauthorized_recipe": _stranger,
    "unauthorized_mcp": _stranger,
    "scope": _app,
    "scope_info": _app,
    "scope_v2_users": _app,
}
"""What a rejection needs besides its request."""


@pytest.mark.parametrize("case", BAD, ids=name_of)
def test_a_rejected_request_is_rejected_with_the_same_status_code_and_keys(case, live, ids):
    answer = REFUSED.get(case.get("error", ""), ask)(live, case, ids)
    content = answer.json()
    assert (answer.status_code, content.get("code")) == (case["status"], case.get("code"))
    kept = {name for name in case["answer"] if not name.endswith("?")}
    assert content.keys() >= kept
    assert content.keys() - {"error_info"} <= {name.removesuffix("?") for name in case["answer"]}
    assert list(observed.departures(observed.shape_of([content]), case["answer"])) == []
    assert missing_headers(case, answer) == {}


@pytest.mark.skipif(
    observed.folder() is None, reason=f"no recordings beside the clone or in ${observed.VARIABLE}"
)
def test_the_condensed_recordings_are_those_of_the_folder():
    assert observed.cases() == observed.condensed(observed.recordings())


def test_texts_of_errors_are_those_of_live_accounts(live, ids):
    """Words that people search for."""
    kinds = ("schema", "v1", "unknown", "task")
    worded = [case for case in BAD if case.get("error", "").startswith(kinds)]
    texts = {
        case["error"]: REFUSED.get(case["error"], ask)(live, case, ids).json()["error"] for case in worded
    }
    first, second = "0" * 40, "1" * 40
    assert texts == {
        "schema_datetime": "Validation failed: updated_since: not a valid datetime",
        "schema_set_text": (
            "Validation failed: custom_fields: Expected 'array' as value for multi options custom field."
        ),
        "schema_unknown_key": (
            f"Validation failed: {first}: Parameter '{first}' is not allowed for this request; "
            f"{second}: Parameter '{second}' is not allowed for this request"
        ),
        "task_no_parameters": "no parameters to update",
        "unknown_method": "Unknown method .",
        "unknown_method_plan": "Unknown method .",
        "v1_bad_request": "Bad request",
        "v1_insert_id": (
            "Inserting ID with POST request is not allowed. "
            "If you have any questions, please contact Pipedrive support"
        ),
        "v1_name": "Name must be given.",
    }


@pytest.mark.parametrize(("prefix", "status"), [("/v1", 404), ("/api/v1", 200)])
@pytest.mark.parametrize("part", ["plan", "groups", "activities"])
def test_plans_of_projects_are_served_below_api_only(live, prefix, status, part):
    assert live.ask("GET", f"{prefix}/projects/1/{part}").status_code == status


def test_a_missing_scope_has_no_headers_of_limits(live):
    answer = live.ask("GET", "/v1/users", token=None, headers=bearer(live, "leads:read"))
    assert answer.status_code == 403
    assert not [name for name in answer.headers if "ratelimit" in name]
