"""A list read in several time windows in parallel gives the rows of one read, in the same order."""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import replace
from math import ceil

import pytest

from pipedrive_client import ClientSettings, PipedriveClient, Rejected, times
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.read.reader import Reader
from tap_pipedrive.read.window_slots import WindowSlots
from tests.support.gate import Gate
from tests.support.singer import run_tap, select

pytestmark = pytest.mark.dialects

ACTIVITIES = "GET /api/v2/activities"
PAGE = 40


@pytest.fixture
def client(medium):
    with PipedriveClient(ClientSettings.from_config(medium.config())) as one:
        yield one


def read(client, *, windows=1, size=PAGE, since=None, took=lambda _page: None):
    """Ids and times of all activities, in pages so small that the medium account has many."""
    small = replace(STREAMS["activities"].reads[0], page_size=size)
    slots = WindowSlots(windows) if windows > 1 else None
    found = []
    for page in Reader(client, small, label="activities").changes(since, moment, slots=slots):
        found += [(row["id"], row["update_time"]) for row in page]
        took(page)
    return found


def moment(row):
    return row["update_time"]


def spread(medium, seconds_ago):
    """Move the changes of all activities: to the seconds before noon that the function returns for the id."""
    noon = times.to_epoch(times.parse("2026-06-14T12:00:00Z"))
    medium.post(
        "/_emulator/rows",
        [
            {
                "table": "activities",
                "id": row["id"],
                "set": {"update_time": times.to_rfc3339(times.from_epoch(noon - seconds_ago(row["id"])))},
            }
            for row in medium.rows("activities")
        ],
    )
    medium.post("/_emulator/log/clear")


def asked(medium):
    """Bounds of each request for activities that is the first of its kind, in order."""
    return [
        (query.get("updated_since"), query.get("updated_until"))
        for query in (entry["query"] for entry in medium.log(full=True)["ordered"])
        if "cursor" not in query and query.get("sort_direction") == "asc"
    ]


ODD = {
    "evenly": lambda one: one * 60,
    "one second holds nearly all": lambda one: 900 if one % 50 else one * 900,
    "a burst after years": lambda one: one if one < 3000 else one * 40_000,
    "a burst, then years of little": lambda one: 40_000_000 + one if one < 3000 else one * 9_000,
    "bursts far apart": lambda one: one // 200 * 864_000 + one % 200 // 50,
    "few moments": lambda one: one % 7 * 1_000_000,
    "at random": lambda one: int(random.Random(one).paretovariate(0.3)) % 300_000_000,
}


@pytest.mark.parametrize(("windows", "size"), [(2, PAGE), (4, 20), (16, PAGE), (16, 400)])
def test_windows_give_the_same_rows_in_the_same_order_as_one_read(client, windows, size):
    whole = read(client, size=size)
    assert read(client, windows=windows, size=size) == whole


@pytest.mark.parametrize("odd", ODD)
def test_changes_of_any_density_are_read_with_few_additional_requests(medium, client, odd):
    spread(medium, ODD[odd])
    whole = read(client)
    plain = medium.requests()[ACTIVITIES]
    medium.post("/_emulator/log/clear")
    assert read(client, windows=4) == whole
    assert medium.requests()[ACTIVITIES] <= 1.25 * plain + 4 * 4
    assert plain == ceil(len(whole) / PAGE)


def test_windows_are_adjacent_without_overlap_and_the_open_end_is_last(medium, client):
    read(client, windows=4)
    first, *windows, tail = asked(medium)
    assert first == (None, None)
    assert tail[1] is None
    assert len(windows) > 10
    inner = sorted(set(windows))
    assert len(inner) == len(windows)
    for before, after in itertools.pairwise(inner):
        assert before[1] >= after[0]  # a window that was given back ends where the next but one begins
        assert before[0] < after[0]
    assert inner[-1][1] == tail[0]


def test_several_windows_are_requested_in_parallel(client):
    """The first four windows wait for one another before they are requested."""
    four = threading.Barrier(4, timeout=30)
    windows = itertools.count()
    request = client.request

    def meeting(method, path, *, params, **options):
        if "updated_until" in params and "cursor" not in params and next(windows) < four.parties:
            four.wait()
        return request(method, path, params=params, **options)

    client.request = meeting
    read(client, windows=4)
    assert next(windows) > four.parties


def test_a_short_list_costs_no_additional_request(medium):
    catalog = select(medium.config(), "organizations", "persons")
    medium.post("/_emulator/log/clear")
    out = run_tap(medium.config(), catalog=catalog)
    plain = medium.requests()
    medium.post("/_emulator/log/clear")
    again = run_tap(medium.config(time_windows=4), catalog=catalog)
    assert again.records == out.records
    assert medium.requests() == plain


def test_the_tap_writes_the_same_records_and_the_same_last_state(medium):
    plain = run_tap(medium.config(), "activities", "deals", "deal_options")
    medium.post("/_emulator/log/clear")
    windowed = run_tap(medium.config(time_windows=4), "activities", "deals", "deal_options")
    assert any(until for _, until in asked(medium))
    assert windowed.records == plain.records
    assert windowed.state == plain.state
    assert dict(run_tap(medium.config(time_windows=4), "activities", state=windowed.state).records) == {}


@pytest.mark.parametrize("ahead", [1, 45, 150])
def test_no_row_is_lost_when_rows_change_or_are_deleted_while_windows_are_read(medium, client, ahead):
    """Each page that is handed out, some rows behind it change, and one is deleted."""
    order = [one for one, _ in read(client)]
    places = {one: place for place, one in enumerate(order)}

    def disturb(page):
        # Later changes belong to the next run; with earlier ones, the read would never end.
        if page and "2026-04" < page[-1]["update_time"] < "2026-06-15":
            place = places[page[-1]["id"]] + ahead
            changed = [{"set": {"subject": f"again {place}"}}, {"set": {"done": True}}, {"delete": True}]
            rows = [
                {"table": "activities", "id": one, **change}
                for one, change in zip(order[place : place + 3], changed, strict=False)
            ]
            medium.post("/_emulator/rows", rows)

    found = dict(read(client, windows=4, took=disturb))
    wanted = {row["id"]: row["update_time"] for row in medium.rows("activities") if not row["is_deleted"]}
    assert {one: found.get(one) for one in wanted} == wanted


def test_windows_are_requested_as_published(medium):
    gate = Gate(medium.url)
    config = {**medium.config(time_windows=4), "api_url": gate.url}
    out = run_tap(config, "activities", catalog=select(medium.config(), "activities"))
    assert out.records["activities"]
    assert any("updated_until" in entry["query"] for entry in medium.log(full=True)["ordered"])
    gate.no_problems()


@pytest.mark.parametrize("nth", [5, 8])
def test_a_window_that_fails_loses_nothing_that_was_written(medium, nth):
    config = medium.config(time_windows=4)
    whole = run_tap(config, "activities")
    medium.reset()
    fault = {"operation": ACTIVITIES, "nth": nth, "kind": "status_before", "status": 400}
    medium.post("/_emulator/faults", [fault])
    with pytest.raises(Rejected):
        run_tap(config, "activities")
    first = run_tap.last
    rest = run_tap(config, "activities", state=first.state if first.states else None)
    count = len(first.records["activities"])
    assert first.records["activities"] == whole.records["activities"][:count]
    assert {**first.latest("activities"), **rest.latest("activities")} == whole.latest("activities")
    assert len(rest.records["activities"]) == len(whole.records["activities"]) - count


def test_a_filter_is_read_without_windows(medium):
    """Pipedrive may ignore time bounds in addition to a filter."""
    config = medium.config(time_windows=4, stream_parameters={"activities": {"filter_id": 6}})
    run_tap(config, "activities")
    assert not any("updated_until" in entry["query"] for entry in medium.log(full=True)["ordered"])


def meet(monkeypatch, *paths):
    """Make the first requests for these paths wait for each other; they fail unless they are parallel."""
    gate = threading.Barrier(len(paths), timeout=30)
    left = set(paths)
    request = PipedriveClient.request

    def meeting(self, method, path, **options):
        if path in left:
            left.discard(path)
            gate.wait()
        return request(self, method, path, **options)

    monkeypatch.setattr(PipedriveClient, "request", meeting)
    return left


def test_field_definitions_are_requested_in_parallel(medium, monkeypatch):
    catalog = select(medium.config(), "deals", "persons", "organizations")
    paths = ("/api/v2/dealFields", "/api/v2/personFields", "/api/v2/organizationFields")
    left = meet(monkeypatch, *paths)
    medium.post("/_emulator/log/clear")
    out = run_tap(medium.config(), catalog=catalog)
    assert not left
    assert {path: medium.requests()[f"GET {path}"] for path in paths} == dict.fromkeys(paths, 1)
    assert len(out.schemas) == 3


def test_both_lists_of_deals_are_read_in_parallel_in_incremental_runs(medium, monkeypatch):
    config = medium.config(time_windows=4)
    first = run_tap(config, "deals")
    live, archived = (
        next(row["id"] for row in medium.rows("deals") if row["is_archived"] is is_archived)
        for is_archived in (False, True)
    )
    rows = [
        {"table": "deals", "id": one, "set": {"title": "changed", "update_time": "2026-06-15T09:00:00Z"}}
        for one in (live, archived)
    ]
    medium.post("/_emulator/rows", rows)
    left = meet(monkeypatch, "/api/v2/deals", "/api/v2/deals/archived")
    medium.post("/_emulator/log/clear")
    again = run_tap(config, "deals", state=first.state)
    assert not left
    assert sorted(row["id"] for row in again.records["deals"]) == sorted([live, archived])
    assert medium.requests()["GET /api/v2/deals"] == medium.requests()["GET /api/v2/deals/archived"] == 1
    assert dict(run_tap(config, "deals", state=again.state).records) == {}
