"""Denied streams and child requests: reported, never treated as empty, read after access is granted."""

from __future__ import annotations

import io
import logging
from contextlib import redirect_stdout

import pytest
import requests

from pipedrive_client import MissingScope, NotVisible
from pipedrive_client.auth.scopes import required_scopes
from pipedrive_client.fields import FIELD_LISTS
from pipedrive_emulator.rules.auth import all_scopes
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.commands.plan import plan
from tap_pipedrive.state.access import AccessDenied, AccessReport
from tap_pipedrive.tap import TapPipedrive
from tests.support.cli import Files, tap
from tests.support.faulty import run
from tests.support.singer import run_tap, select

pytestmark = pytest.mark.dialects

CHILDREN = ("deals", "deal_products", "deal_followers")
REFUSALS = {
    "scope": {"status": 403, "error": "Scope and URL mismatch"},
    "right": {"status": 403, "error": "You do not have permission to do this"},
    "plan": {"status": 403, "error": "This feature is not available in your plan"},
    "add_on": {"status": 415, "error": "The feature is not enabled for this company"},
    "suite": {"status": 402, "error": "Required suites missing"},
    "unknown_method": {"status": 404, "error": "Unknown method ."},
}
"""Kind of refusal → status and text that Pipedrive sends."""
FOLLOWERS = "GET /api/v2/deals/{id}/followers"
BY_ID = [("deals", "GET /api/v2/deals/{id}"), ("notes", "GET /api/v1/notes/{id}")]


def refuse(emulator, operation, kind, nth=None):
    """Script denied requests of an operation: every request, or only some."""
    rule = {"operation": operation, "kind": "status_before", **REFUSALS[kind]}
    emulator.post("/_emulator/faults", [rule | ({"nth": nth} if nth else {"every": 1})])


def oauth(emulator, scopes, *, opaque=False):
    """Settings of an app that was granted these scopes; `opaque` with a token of unknown scopes."""
    emulator.post("/_emulator/oauth", {"scopes": sorted(scopes), "expire": True})
    config = emulator.config(
        client_id="emulator-client",
        client_secret="emulator-secret",
        refresh_token="emulator-refresh-token",
        oauth_token_url=f"{emulator.url}/oauth/token",
    )
    del config["api_token"]
    if opaque:
        form = {"grant_type": "refresh_token", "refresh_token": config["refresh_token"]}
        app = (config["client_id"], config["client_secret"])
        token = requests.post(f"{emulator.url}/oauth/token", data=form, auth=app, timeout=10).json()
        config["access_token"] = token["access_token"]
    return config


def warnings(caplog, *facts):
    """Warnings that contain all of these facts."""
    texts = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    return [one for one in texts if all(fact in one for fact in facts)]


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_denied_child_stream_is_reported_once_and_read_when_granted(kind, small, caplog):
    clean = run_tap(small.config(), *CHILDREN)
    parents = {one["deal_id"] for one in clean.records["deal_followers"]}
    refuse(small, "GET /api/v2/deals/{id}/followers", kind)
    first = run_tap(small.config(), *CHILDREN)
    assert first.records["deal_followers"] == []
    assert len(warnings(caplog, "deal_followers")) == 1
    assert warnings(caplog, "deal_followers", "/followers", f"{len(parents)} of {len(parents)} parents")
    small.post("/_emulator/faults", [])
    second = run_tap(small.config(), *CHILDREN, state=first.state)
    assert second.records["deals"] == []
    key = ("deal_id", "user_id")
    assert sorted(tuple(one[name] for name in key) for one in second.records["deal_followers"]) == sorted(
        tuple(one[name] for name in key) for one in clean.records["deal_followers"]
    )
    assert "refused" not in second.state["bookmarks"]["deal_followers"]


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_denied_bulk_read_of_children_is_reported_and_read_when_granted(kind, small, caplog):
    clean = run_tap(small.config(), *CHILDREN)
    refuse(small, "GET /api/v2/deals/products", kind)
    first = run_tap(small.config(), *CHILDREN)
    assert first.records["deal_products"] == []
    assert len(first.records["deal_followers"]) == len(clean.records["deal_followers"])
    assert warnings(caplog, "deal_products", "GET /api/v2/deals/products")
    small.post("/_emulator/faults", [])
    second = run_tap(small.config(), *CHILDREN, state=first.state)
    assert {one["id"] for one in second.records["deal_products"]} == {
        one["id"] for one in clean.records["deal_products"]
    }


def test_a_parent_that_is_denied_in_a_group_does_not_hide_the_others(small, caplog):
    clean = run(small.config(), "deal_products")
    # The second group has nine parents: it and its first parts are denied, down to one parent.
    refuse(small, "GET /api/v2/deals/products", "right", nth=[2, 3, 4, 5])
    denied = run(small.config(max_concurrency=1), "deal_products")
    (hidden,) = denied.output.state["bookmarks"]["deal_products"]["refused"].values()
    kept = {key: one for key, one in clean.tables["deal_products"].items() if str(one["deal_id"]) != hidden}
    assert denied.tables["deal_products"] == kept
    assert warnings(caplog, "deal_products was denied for 1 of ")
    small.post("/_emulator/faults", [])
    granted = run(small.config(), "deal_products", before=denied)
    assert granted.tables == clean.tables


LISTS = {
    "persons": "GET /api/v2/persons",
    "leads": "GET /api/v1/leads",
    "activity_types": "GET /api/v1/activityTypes",
}


@pytest.mark.parametrize(
    ("stream", "operation", "kind"),
    [
        pytest.param(
            stream,
            operation,
            kind,
            marks=[] if stream == "persons" or kind == "scope" else [pytest.mark.soak],
        )
        for stream, operation in LISTS.items()
        for kind in REFUSALS
    ],
)
def test_a_denied_list_does_not_stop_others_and_is_read_when_granted(kind, stream, operation, small, caplog):
    clean = run_tap(small.config(), stream, "deals")
    refuse(small, operation, kind)
    first = run_tap(small.config(), stream, "deals")
    assert len(first.records["deals"]) == len(clean.records["deals"])
    assert len(first.records[stream]) < len(clean.records[stream])
    assert len(warnings(caplog, f"Access to stream {stream} ")) == 1
    small.post("/_emulator/faults", [])
    second = run_tap(small.config(), stream, "deals", state=first.state)
    seen = {one["id"] for one in [*first.records[stream], *second.records[stream]]}
    assert seen == {one["id"] for one in clean.records[stream]}


def test_a_missing_scope_is_requested_once_not_for_every_parent(medium, caplog):
    refuse(medium, "GET /api/v2/deals/{id}/followers", "scope")
    config = medium.config(max_concurrency=1)
    first = run_tap(config, "deals", "deal_followers")
    assert medium.requests()["GET /api/v2/deals/{id}/followers"] == 1
    assert warnings(caplog, "deal_followers", "deals:read or deals:full")
    medium.post("/_emulator/log/clear")
    second = run_tap(config, "deals", "deal_followers", state=first.state)
    assert medium.requests()["GET /api/v2/deals/{id}/followers"] == 1
    assert second.state["bookmarks"]["deal_followers"] == first.state["bookmarks"]["deal_followers"]


def test_one_denied_parent_is_kept_and_the_others_are_read(small, caplog):
    clean = run_tap(small.config(), "deals", "deal_followers")
    refuse(small, "GET /api/v2/deals/{id}/followers", "right", nth=2)
    first = run_tap(small.config(max_concurrency=1), "deals", "deal_followers")
    assert warnings(caplog, "deal_followers", "1 of ")
    lost = {one["deal_id"] for one in clean.records["deal_followers"]} - {
        one["deal_id"] for one in first.records["deal_followers"]
    }
    assert len(lost) == 1
    assert first.state["bookmarks"]["deal_followers"]["refused"] == {"ids": str(*lost)}
    small.post("/_emulator/faults", [])
    small.post("/_emulator/log/clear")
    second = run_tap(small.config(), "deals", "deal_followers", state=first.state)
    assert {one["deal_id"] for one in second.records["deal_followers"]} == lost
    assert small.requests()["GET /api/v2/deals/{id}/followers"] == 1


def test_denied_parents_with_uuids_are_kept_too(small):
    clean = run_tap(small.config(), "leads", "lead_permitted_users")
    refuse(small, "GET /api/v1/leads/{id}/permittedUsers", "right")
    first = run_tap(small.config(), "leads", "lead_permitted_users")
    assert first.state["bookmarks"]["lead_permitted_users"]["refused"]["contexts"]
    small.post("/_emulator/faults", [])
    second = run_tap(small.config(), "leads", "lead_permitted_users", state=first.state)
    assert len(second.records["lead_permitted_users"]) == len(clean.records["lead_permitted_users"]) > 0


def test_strict_access_ends_with_3_after_everything_else_was_read(small, tmp_path):
    refuse(small, "GET /api/v2/persons", "scope")
    files = Files(tmp_path)
    told = tap(*files.arguments(small.config(strict_access=True)))
    assert told.code == 3
    assert "persons (denied)" in told.err
    assert told.output.records["deals"]
    with pytest.raises(AccessDenied):
        run_tap(small.config(strict_access=True), "persons")


def test_the_table_at_the_end_marks_denied_streams(small, tmp_path):
    refuse(small, "GET /api/v2/persons", "right")
    told = tap(*Files(tmp_path).arguments(small.config()))
    assert told.code == 0
    assert any("persons 0 (denied)" in line for line in told.err.splitlines())


DEFAULT = {spec.name: spec for spec in STREAMS.values() if spec.selected_by_default}


def scopes_of(spec):
    """Scopes of each request behind a stream, those of its field definitions too."""
    definitions = [FIELD_LISTS[spec.custom_fields]] if spec.custom_fields else []
    return [required_scopes("GET", path) for path in (*(read.path for read in spec.reads), *definitions)]


def parents_of(spec):
    return [spec.parent.stream, *parents_of(STREAMS[spec.parent.stream])] if spec.parent else []


LOST = sorted({scopes for spec in DEFAULT.values() for scopes in scopes_of(spec)} - {()})
"""Scopes that an app lacks: for each request behind a default stream all that would do."""


@pytest.mark.parametrize("lost", LOST, ids=" ".join)
def test_without_a_scope_no_default_stream_is_silently_empty(lost, small, caplog):
    """The token is one whose scopes the run does not know, so that only what Pipedrive denies is reported."""
    denied = {
        name
        for name, spec in DEFAULT.items()
        if any(set(scopes) <= set(lost) for scopes in scopes_of(spec) if scopes)
    }
    below = {name for name, spec in DEFAULT.items() if denied & {*parents_of(spec)}}
    above = {one for name in denied for one in parents_of(STREAMS[name])}
    config = oauth(small, all_scopes() - set(lost), opaque=True)
    found = run_tap(config, catalog=select(small.config(), *denied, *below, *above))
    for name in denied:
        assert found.records[name] == []
        (warning,) = warnings(caplog, f"Access to stream {name} ") or parent_warnings(caplog, name)
        assert any(scopes and scopes[0] in warning for scopes in scopes_of(DEFAULT[name]))
    for name in below - denied:
        assert found.records[name] == []
        (warning,) = parent_warnings(caplog, name)
        assert any(scope in warning for scope in lost)


def parent_warnings(caplog, name):
    """Warnings about a denied parent that name this child stream."""
    return [
        one
        for one in warnings(caplog, "Access to stream", "child streams")
        if name in one.split("streams")[1]
    ]


def test_missing_scopes_are_reported_before_the_first_list(small, caplog):
    config = oauth(small, {"goals:read"})
    run_tap(config, catalog=select(small.config(), *DEFAULT))
    (report,) = warnings(caplog, "The OAuth token lacks scopes")
    for name, spec in DEFAULT.items():
        missing = [scopes for scopes in scopes_of(spec) if scopes and "goals:read" not in scopes]
        assert (
            (f"{name} requires {' or '.join(missing[0])}" in report) if missing else f"{name} " not in report
        )


def test_a_missing_scope_of_a_parent_that_is_not_selected_is_reported_for_its_child_stream(small, caplog):
    lost = {"products:read", "products:full"}
    found = run_tap(oauth(small, all_scopes() - lost), catalog=select(small.config(), "product_deals"))
    assert found.records["product_deals"] == []
    (report,) = warnings(caplog, "The OAuth token lacks scopes")
    assert "product_deals requires products:read or products:full for products." in report
    assert "products requires" not in report


def test_a_plan_has_the_cost_of_lists_whose_scope_is_missing_without_requesting_them(small):
    config = oauth(small, {"base", "users:read"})
    catalog = select(small.config(), "users", "goals", "deal_fields", "boards", "phases", "roles")
    tap = TapPipedrive(config=config, catalog=catalog)
    small.post("/_emulator/log/clear")
    lines = plan(tap.lists())
    tap.tap_context.client.close()
    assert {*small.requests()} <= {"POST /oauth/token", "GET /api/v1/users"}
    reasons = {line.stream: line.why for line in lines}
    assert "goals:read or goals:full" in reasons["goals"]
    assert "deal-fields:full" in reasons["deal_fields"]
    assert "admin" in reasons["roles"]
    small.post("/_emulator/log/clear")
    run_tap(config, catalog=catalog)
    requested = [count for name, count in small.requests().items() if name.startswith("GET ")]
    assert sum(line.requests for line in lines) == sum(requested)
    assert sum(line.tokens for line in lines) == small.log()["tokens"]


def test_custom_fields_need_a_separate_scope(small, caplog):
    lost = set(required_scopes("GET", FIELD_LISTS["deal"]))
    config = {**oauth(small, all_scopes() - lost), "custom_fields": "off"}
    assert run_tap(config, catalog=select(small.config(custom_fields="off"), "leads")).records["leads"]
    assert warnings(caplog, "The OAuth token lacks") == []
    found = run_tap(oauth(small, all_scopes() - lost), catalog=select(small.config(), "leads", "users"))
    assert found.records["leads"] == []
    assert found.records["users"]
    (warning,) = warnings(caplog, "Access to stream leads was denied", "deal-fields:full")
    assert "set custom_fields to nested" in warning
    assert warnings(caplog, "leads requires", "deal-fields:full")


@pytest.mark.parametrize(
    ("operation", "marks"),
    [
        ("GET /api/v2/boards", {"boards": "denied", "phases": "boards denied"}),
        ("GET /api/v2/phases", {"phases": "denied for 3 of 3 parents"}),
        ("GET /api/v2/projects/archived", {"projects": "denied for 1 of 2 lists"}),
    ],
)
def test_the_table_shows_how_much_of_a_stream_is_missing(operation, marks, small, caplog):
    refuse(small, operation, "right")
    catalog = select(small.config(), "boards", "phases", "projects")
    tap = TapPipedrive(config=small.config(validate_records=True), catalog=catalog)
    with redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        tap.sync_all()
    assert tap.tap_context.access.marks() == marks
    assert len(warnings(caplog, "Access to stream")) == 1
    for name in marks:
        assert warnings(caplog, name, operation.partition(" ")[2])


def test_rows_below_a_denied_child_stream_are_reported_with_it(small, caplog):
    refuse(small, "GET /api/v1/mailbox/mailThreads/{id}/mailMessages", "right", nth=2)
    found = run(small.config(max_concurrency=1), "mail_messages", "currencies")
    (warning,) = warnings(caplog, "Access to stream mail_thread_messages was denied for 1 of ")
    assert "those of its child streams mail_messages" in warning
    assert found.denied.keys() == {"mail_thread_messages", "mail_messages"}
    assert found.denied["mail_messages"].startswith("mail_thread_messages denied for 1 of ")


def test_denied_rows_two_levels_below_a_list_that_is_not_due_are_read(small):
    settings = small.config(full_list_interval_hours=24)
    clean = run(settings, "mail_messages")
    refuse(small, "GET /api/v1/mailbox/mailMessages/{id}", "right", nth=2)
    denied = run(settings, "mail_messages")
    small.post("/_emulator/faults", [])
    small.post("/_emulator/log/clear")
    granted = run(settings, "mail_messages", before=denied)
    assert (granted.code, granted.tables) == (0, clean.tables)
    assert small.requests() == {"GET /api/v1/mailbox/mailMessages/{id}": 1}


@pytest.mark.parametrize("nth", [None, 2])
def test_a_denied_list_is_due_in_the_next_run_despite_its_interval(small, nth):
    settings = small.config(full_list_interval_hours=24)
    clean = run(settings, "person_field_attributes")
    refuse(small, "GET /api/v1/personFields", "right", nth=nth)
    denied = run(settings, "person_field_attributes")
    small.post("/_emulator/faults", [])
    granted = run(settings, "person_field_attributes", before=denied)
    assert (granted.code, granted.tables) == (0, clean.tables)


def test_parents_are_counted_once_for_several_requests(small, caplog):
    day = {"start_date": "2025-01-01", "end_date": "2025-12-31"}
    stream = "pipeline_conversion_statistics"
    config = small.config(statistics=[{"stream": stream, "name": one, **day} for one in ("a", "b", "c")])
    refuse(small, "GET /api/v1/pipelines/{id}/conversion_statistics", "right")
    run_tap(config, stream)
    count = len(small.call("GET", "/api/v2/pipelines")["data"])
    assert warnings(caplog, f"Access to stream {stream} was denied for {count} of {count} parents")


def test_definitions_that_are_denied_deny_only_the_streams_that_need_them(small, caplog):
    clean = run(small.config(), "deal_persons", "deals", "users")
    refuse(small, "GET /api/v2/personFields", "right")
    small.post("/_emulator/log/clear")
    denied = run(small.config(max_concurrency=1), "deal_persons", "deals", "users")
    assert small.requests()["GET /api/v2/persons"] <= 2
    assert denied.code == 0
    assert denied.tables == clean.tables | {"deal_persons": {}}
    (warning,) = warnings(caplog, "Access to stream deal_persons was denied for ")
    assert "/personFields" in warning
    assert "set custom_fields to nested" in warning
    small.post("/_emulator/faults", [])
    granted = run(small.config(), "deal_persons", "deals", "users", before=denied)
    assert granted.tables == clean.tables


def test_a_discovery_warns_of_denied_definitions_once_per_entity(small, caplog):
    refuse(small, "GET /api/v2/dealFields", "scope")
    tap = TapPipedrive(config=small.config(), setup_mapper=False)
    streams = {one["tap_stream_id"]: one for one in tap.catalog_dict["streams"]}
    assert "title" in streams["deals"]["schema"]["properties"]
    assert len(warnings(caplog, "Custom fields of deal have no columns", "deal-fields:full")) == 1
    assert len(warnings(caplog, "")) == 1


@pytest.mark.parametrize(
    ("hidden", "error", "least", "most"),
    [
        (25, NotVisible("hidden"), 380, 400),
        (100, NotVisible("hidden"), 260, 290),
        (400, NotVisible("hidden"), 20, 30),
        (400, MissingScope("no scope"), 1, 1),
    ],
)
def test_the_first_parents_that_are_denied_do_not_hide_the_others(hidden, error, least, most):
    """For a user who may not see the oldest rows; the requests are few if no row can be seen."""
    report, asked = AccessReport(logging.getLogger("tap-pipedrive")), 0
    for number in range(400):
        report.closed("deal_followers")  # changes nothing
        if expected := report.expected_denial("deal_followers"):
            report.deny_parents("deal_followers", expected, 1)
            continue
        asked += 1
        if number < hidden:
            report.deny_parents("deal_followers", error, 1)
        else:
            report.record_success("deal_followers")
    assert least <= asked <= most
    assert (report.expected_denial("deal_followers") is None) == (hidden < 400)
    assert (report.closed("deal_followers") is None) == (not isinstance(error, MissingScope))


@pytest.mark.parametrize(
    ("stream", "operation", "kind"),
    [
        pytest.param(*one, kind, marks=[pytest.mark.soak] if (at + number) % 3 else [])
        for number, one in enumerate(BY_ID)
        for at, kind in enumerate(REFUSALS)
    ],
)
def test_denied_ids_are_reported_once_with_their_number(stream, operation, kind, small, caplog):
    settings = small.config(record_ids={stream: [1, 2, 3, 4]}, max_concurrency=1)
    refuse(small, operation, kind)
    assert run_tap(settings, stream).records[stream] == []
    (warning,) = warnings(caplog, f"Access to stream {stream} was denied for 4 of 4 record_ids")
    assert operation.split("/")[-2] in warning
    if kind in ("scope", "plan", "add_on", "suite"):
        assert small.requests()[operation] == 1
    with pytest.raises(AccessDenied):
        run_tap({**settings, "strict_access": True}, stream)


def test_one_hidden_id_of_several_is_reported(small, caplog):
    refuse(small, "GET /api/v2/deals/{id}", "right", nth=2)
    found = run(small.config(record_ids={"deals": [1, 2, 3]}, max_concurrency=1), "deals")
    assert sorted(found.tables["deals"]) == ["[1]", "[3]"]
    assert found.denied == {"deals": "denied for 1 of 3 record_ids"}
    assert len(warnings(caplog, "deals")) == 1


def test_a_denied_detection_of_deletes_is_an_error_with_strict_access(small, caplog):
    settings = small.config(detect_deletes=True, delete_sweep_interval_hours=0, strict_access=True)
    first = run(settings, "notes")
    small.call("DELETE", "/api/v1/notes/5")
    refuse(small, "GET /api/v1/notes/{id}", "scope")
    denied = run(settings, "notes", before=first)
    assert (denied.code, denied.output.records["notes"]) == (3, [])
    assert warnings(caplog, "notes was denied for the detection of deleted rows", "contacts:full")


# ── parents that are listed but not found ────────────────────────────────────────────────────────────

NO_DEAL = {"kind": "status_before", "status": 404, "error": "Deal not found"}


def infos(caplog, *facts):
    """Messages of level INFO that contain all of these facts."""
    texts = [one.getMessage() for one in caplog.records if one.levelname == "INFO"]
    return [one for one in texts if all(fact in one for fact in facts)]


def test_a_parent_that_is_not_found_is_requested_once_more(small, caplog):
    caplog.set_level("INFO")
    clean = run_tap(small.config(), "deals", "deal_followers")
    small.post("/_emulator/faults", [{"operation": FOLLOWERS, "nth": 2, **NO_DEAL}])
    first = run_tap(small.config(max_concurrency=1), "deals", "deal_followers")
    lost = {one["deal_id"] for one in clean.records["deal_followers"]} - {
        one["deal_id"] for one in first.records["deal_followers"]
    }
    assert first.state["bookmarks"]["deal_followers"]["absent"] == {"ids": str(*lost)}
    assert len(infos(caplog, "deal_followers", "Pipedrive listed parents", "404", "(1)")) == 1
    small.post("/_emulator/faults", [])
    small.post("/_emulator/log/clear")
    second = run_tap(small.config(), "deals", "deal_followers", state=first.state)
    assert {one["deal_id"] for one in second.records["deal_followers"]} == lost
    assert small.requests()[FOLLOWERS] == 1
    assert "absent" not in second.state["bookmarks"]["deal_followers"]
    third = run_tap(small.config(), "deals", "deal_followers", state=second.state)
    assert third.records["deal_followers"] == []
    assert small.requests()[FOLLOWERS] == 1


def test_a_parent_that_is_not_found_twice_was_deleted_unless_it_exists(small, caplog):
    caplog.set_level("INFO")
    small.post("/_emulator/faults", [{"operation": FOLLOWERS, "nth": 2, **NO_DEAL}])
    first = run_tap(small.config(max_concurrency=1), "deals", "deal_followers")
    (lost,) = first.state["bookmarks"]["deal_followers"]["absent"].values()
    small.post("/_emulator/faults", [{"operation": FOLLOWERS, "every": 1, **NO_DEAL}])
    second = run_tap(small.config(), "deals", "deal_followers", state=first.state)
    assert second.state["bookmarks"]["deal_followers"]["absent"] == {"ids": lost}
    (warning,) = warnings(caplog, "deal_followers")
    assert "was denied for 1 of 1 parents: The rows of deal_followers are not found" in warning
    assert "although their parents exist" in warning
    with pytest.raises(AccessDenied, match="deal_followers"):
        run_tap(small.config(strict_access=True), "deals", "deal_followers", state=first.state)
    small.post("/_emulator/faults", [])
    small.call("DELETE", f"/api/v2/deals/{lost}")
    caplog.clear()
    third = run_tap(small.config(strict_access=True), "deals", "deal_followers", state=second.state)
    assert "absent" not in third.state["bookmarks"]["deal_followers"]
    assert infos(caplog, "deal_followers", "not found in two runs count as deleted: 1")
    assert not warnings(caplog, "deal_followers")


def test_a_child_stream_whose_parents_are_all_not_found_is_reported(small, caplog):
    clean = run_tap(small.config(), "leads", "lead_permitted_users")
    operation = "GET /api/v1/leads/{id}/permittedUsers"
    small.post("/_emulator/faults", [{"operation": operation, "every": 1, **NO_DEAL}])
    first = run_tap(small.config(), "leads", "lead_permitted_users")
    assert first.records["lead_permitted_users"] == []
    assert len(warnings(caplog, "lead_permitted_users", "404", "no request of the stream succeeded")) == 1
    small.post("/_emulator/faults", [])
    second = run_tap(small.config(), "leads", "lead_permitted_users", state=first.state)
    assert len(second.records["lead_permitted_users"]) == len(clean.records["lead_permitted_users"]) > 0
