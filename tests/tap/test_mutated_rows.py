"""Rows in which one value is another kind of JSON value: valid records, nothing lost without a warning."""

from __future__ import annotations

import pytest

from tap_pipedrive.catalog import STREAMS
from tests.support.campaign import (
    MARK,
    UNDEFINED,
    Campaign,
    base_rows,
    of_each_form,
    recorded_rows,
    seeded_rows,
    streams,
)
from tests.support.mutations import KINDS

SAMPLED = ("deals", "organizations", "leads", "notes", "deal_changes", "person_searches")
MOST = 250
"""Mutations of a sampled stream in an ordinary run."""


@pytest.fixture
def observed(_accounts):
    """An emulator in the observed dialect."""
    return _accounts("small", "observed")


def problems(campaign, caplog):
    caplog.clear()
    campaign.run()
    return [*campaign.problems([record.getMessage() for record in caplog.records])]


@pytest.mark.parametrize("spec", [one for one in streams() if one.name in SAMPLED], ids=lambda one: one.name)
def test_a_value_of_any_kind_is_converted_or_null_with_a_warning(spec, caplog):
    campaign = Campaign.of(spec, base_rows(spec)[0], most=MOST, seed=len(spec.name))
    assert problems(campaign, caplog) == []
    assert len(campaign.out.records[spec.name]) > MOST / 2


@pytest.mark.soak
@pytest.mark.parametrize("spec", streams(), ids=lambda one: one.name)
def test_a_value_of_any_kind_at_any_place_is_converted_or_null_with_a_warning(spec, observed, caplog):
    rows = [*base_rows(spec), *recorded_rows(spec), *seeded_rows(spec, observed)]
    assert rows
    for base in of_each_form(rows):
        assert problems(Campaign.of(spec, base), caplog) == []


SETTINGS = {
    "another layout": {"custom_fields": "keyed", "option_values": "both"},
    "dictionaries": {"stream_maps": {"deals": {"mark": "'x'"}, "leads": {"mark": "'x'"}}},
    "deletes": {"detect_deletes": True, "delete_sweep_interval_hours": 0},
    "several requests at once": {"max_concurrency": 8},
}


@pytest.mark.soak
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", ["deals", "leads", "notes", "stages", "deal_changes"])
def test_settings_do_not_change_what_a_value_becomes(name, settings, caplog):
    spec = STREAMS[name]
    campaign = Campaign.of(spec, base_rows(spec)[0], most=500, seed=len(settings))
    campaign.settings = SETTINGS[settings]
    elsewhere = f"{UNDEFINED} is not in _unknown" if "custom_fields" in campaign.settings else None
    found = problems(campaign, caplog)
    assert [one for one in found if elsewhere is None or elsewhere not in one] == []


KEYS = {
    "deals": {"zero", "one", "integer", "negative", "whole float", "number as text", "leading zeros"}
    | {name for name in KINDS if name.startswith("object with a")}
    - {"object with an id of another kind"}
    - {"object with a text value"},
    "leads": {name for name, value in KINDS.items() if isinstance(value, (str, int, float))}
    - {"true", "false", "empty text"},
}
"""Kinds of values that can be the id of a row: of integers, and of texts."""


@pytest.mark.parametrize("name", KEYS)
def test_a_row_is_emitted_only_if_its_id_can_be_a_key(name, caplog):
    spec = STREAMS[name]
    campaign = Campaign.of(spec, base_rows(spec)[0])
    campaign.rows = [one for one in campaign.rows if one.way in ((), ("id",))]
    for number, one in enumerate(campaign.rows):
        one.row[MARK] = number
    assert problems(campaign, caplog) == []
    emitted = {(row["_unknown"] or {}).get(MARK) for row in campaign.out.records[name]}
    kinds = {one.kind for number, one in enumerate(campaign.rows) if number in emitted}
    assert kinds == KEYS[name] | {"as published"}
