"""Keys that no column has, with any name: counted and named at the end, and kept if configured."""

from __future__ import annotations

import json
import logging

import pytest

from tap_pipedrive.rows.deviations import Deviations
from tap_pipedrive.settings import UnknownColumns
from tests.support.campaign import STREAMS, base_rows
from tests.support.published import Rows, plain, served
from tests.support.singer import run_tap
from tests.tap.test_invalid_last_pages import StandIn, body

ODD = {
    "": 1,
    " ": {"a": None},
    "日本語": ["x"],
    "a" * 5000: "long",
    "__proto__": {"polluted": True},
    "__class__": "x",
    "42": 42,
    "a.b": 1.5,
    "`tick`": None,
    'quote"': [],
    "line\nbreak": "x",
    "\x1b[31mred": "x",
    "%s %(x)s {y}": False,
    "_unknown": {"sent": "by Pipedrive"},
    "_sdc_batched_at": "2026-01-01",
    "sent_0": 2**70,
    "made_0": 1e300,
    "slots": "x",
    "owner": "x",
    "type": "RECORD",
    "f" * 40: "no custom field",
}
"""Keys with values, as a row could have them."""


@pytest.mark.parametrize("name", ["organizations", "products", "lead_labels", "person_searches"])
@pytest.mark.parametrize("mode", UnknownColumns)
def test_keys_with_odd_names_are_counted_and_kept_as_they_came(name, mode, caplog):
    spec = STREAMS[name]
    (base,) = base_rows(spec)[:1]
    odd = {key: value for key, value in ODD.items() if key not in spec.schema}
    if spec.custom_fields:
        odd.pop("f" * 40)
    inside = (lambda row: row["item"]) if spec.shape else (lambda row: row)
    rows = []
    for number in range(9):
        row = json.loads(json.dumps(base))
        kind = type(inside(row)["id"])
        inside(row)["id"] = kind(1000 + number)
        inside(row).update(odd if number % 3 == 1 else {})
        rows.append(row)
    with served({plain(spec.reads[0].path): Rows(rows, spec.reads[0], 3)}) as url:
        config = {"api_token": "0" * 40, "api_url": url, "unknown_columns": str(mode), "max_concurrency": 1}
        config["searches"] = [{"stream": "person_searches", "term": "any"}]
        out = run_tap(config, name)
    own = [row for row in out.records[name] if int(row["id"]) in range(1000, 1009)]
    assert len(own) == 9
    kept = [row.get("_unknown", "no column") for row in own]
    keeps = mode is UnknownColumns.KEEP
    assert kept == ([None, odd, None] * 3 if keeps else ["no column"] * 9)
    assert all(not (odd.keys() - {"_unknown"}) & row.keys() for row in own)
    (told,) = [one.getMessage() for one in caplog.records if "does not know" in one.getMessage()]
    assert f"Stream {name}" in told
    assert told.isprintable()
    assert len(told) < 2500
    for key in ("日本語", "42", "__proto__", '"line\\nbreak"'):
        assert f"{key} 3" in told


def test_keys_inside_an_object_stay_in_it(caplog):
    spec = STREAMS["organizations"]
    base = base_rows(spec)[0]
    address = {**base["address"], "brand_new": [1], "日本語": {"a": "b"}}
    rows = [{**base, "address": address}]
    with served({plain(spec.reads[0].path): Rows(rows, spec.reads[0], 3)}) as url:
        out = run_tap({"api_token": "0" * 40, "api_url": url}, "organizations")
    assert out.records["organizations"][0]["address"] == address
    assert not [one for one in caplog.records if one.levelname == "WARNING"]


def test_a_key_with_the_name_of_a_custom_field_does_not_get_into_its_column(caplog):
    """Pipedrive may add a column whose name a custom field of the account has."""
    definition = {
        "field_code": "c" * 40,
        "field_name": "Tier",
        "field_type": "varchar",
        "is_custom_field": True,
    }
    rows = [
        {"id": 1, "update_time": "2026-01-01T00:00:00Z", "custom_fields": {"c" * 40: "Gold"}},
        {"id": 2, "update_time": "2026-01-02T00:00:00Z", "custom_fields": {"c" * 40: "Gold"}, "tier": 7},
        {"id": 3, "update_time": "2026-01-03T00:00:00Z", "custom_fields": {"c" * 40: None}, "tier": {"a": 1}},
        {"id": 4, "update_time": "2026-01-04T00:00:00Z", "custom_fields": {}, "tier": None},
        {"id": 5, "update_time": "2026-01-05T00:00:00Z", "custom_fields": {"c" * 40: "Tin"}},
    ]
    server = StandIn()
    server.definitions = lambda _: [definition]

    def page(query, _nth):
        at = int(query.get("cursor", ["0"])[0])
        return 200, body(rows[at : at + 1], str(at + 1) if at < len(rows) - 1 else None), {}

    server.deals = page
    try:
        out = run_tap({**server.config, "unknown_columns": "keep", "max_concurrency": 1}, "deals")
    finally:
        server.close()
    found = [(row["tier"], row["_unknown"]) for row in out.records["deals"] if row["id"] < 6]
    assert found == [
        ("Gold", None),
        ("Gold", {"tier": 7}),
        (None, {"tier": {"a": 1}}),
        (None, {"tier": None}),
        ("Tin", None),
    ]
    (told,) = [one.getMessage() for one in caplog.records if "does not know" in one.getMessage()]
    assert "tier 3" in told


def test_the_log_names_the_keys_that_a_shortened_object_had(caplog):
    deviations = Deviations(logging.getLogger("test"), UnknownColumns.WARN)
    deviations.shorten("deals", "owner_id", {"id": 5, "name": "Ann"})
    deviations.shorten("deals", "owner_id", {"id": 6, "value": 5})
    deviations.warn()
    (told,) = [one.getMessage() for one in caplog.records]
    assert "Column owner_id of deals" in told
    assert "name 1, id 1" in told
    assert "Ann" not in told
