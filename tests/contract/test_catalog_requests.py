"""Requests of the catalogue against the published API description."""

from __future__ import annotations

import re

from pipedrive_client import Paging
from tap_pipedrive.catalog import STREAMS
from tests.contract.published_rows import (
    every_live_spec,
    every_spec,
)
from tests.support.published import all_reads, operation

# The engine sends these itself, or resolves labels itself.
_ENGINE_PARAMETERS = {"limit", "start", "cursor", "ids", "include_option_labels", "include_labels"}
_SMALLER_PAGES = {"/v1/callLogs": 50, "/api/v2/itemSearch": 100, "/api/v2/itemSearch/field": 100}


@every_live_spec
def test_reads_are_published_and_not_deprecated(spec):
    for read in all_reads(spec):
        one = operation(read)
        assert not one["deprecated"], f"{spec.name}: {read.operation} is deprecated"
        assert read.cost == one["token_cost"], (
            f"{spec.name}: {read.operation} costs {one['token_cost']} tokens"
        )


@every_live_spec
def test_paging_and_page_size_are_the_published_ones(spec):
    for read in spec.reads:
        one = operation(read)
        parameters = {each["name"]: each for each in one["parameters"]}
        kind = (
            Paging.CURSOR
            if "cursor" in parameters
            else Paging.OFFSET
            if "start" in parameters
            else Paging.NONE
        )
        assert read.paging is kind, f"{spec.name}: the paging of {read.operation} is Paging.{kind.name}"
        if "limit" not in parameters:
            assert read.page_size is None, read.operation
            continue
        most = parameters["limit"].get("most", 500)
        if "/search" in read.path or "itemSearch" in read.path:
            most = 100  # the description states 500, the live API rejects more than 100
        assert read.page_size == most, f"{spec.name}: the page_size of {read.operation} is {most}"
        assert _SMALLER_PAGES.get(read.path, most) == most


@every_live_spec
def test_parameters_are_published_and_allowed(spec):
    for read in all_reads(spec):
        parameters = {each["name"]: each for each in operation(read)["parameters"] if each["in"] == "query"}
        sent = dict(read.params)
        if read.changes:
            sent |= read.changes.ascending
            for bound in filter(None, (read.changes.since, read.changes.until)):
                assert bound in parameters, f"{read.operation} {bound}"
        for name, value in sent.items():
            assert name in parameters, f"{read.operation} {name}"
            assert _allowed(parameters[name], value), f"{read.operation} {name}={value}"


def _allowed(parameter: dict, value: object) -> bool:
    choices = parameter.get("enum")
    if parameter["type"] == "boolean":
        return isinstance(value, bool)
    if parameter["name"] == "sort":
        column, _, direction = str(value).partition(" ")
        named = choices or parameter["sortable"]
        return column in named and direction in (("",) if choices else ("ASC", "DESC"))
    return not choices or value in choices or all(part in choices for part in str(value).split(","))


@every_live_spec
def test_changes_are_requested_oldest_first_with_every_published_bound(spec):
    for read in spec.reads:
        parameters = {each["name"] for each in operation(read)["parameters"]}
        bounds = {"updated_since": "since", "updated_until": "until"}
        for name, role in bounds.items():
            if name in parameters and not spec.parent:
                assert read.changes, f"{spec.name}: {read.operation} has {name}: give the read `changes`"
                assert getattr(read.changes, role) == name
        if read.changes:
            assert spec.replication_key == "update_time"
            order = read.changes.ascending
            assert order in (
                {"sort_by": "update_time", "sort_direction": "asc"},
                {"sort": "update_time ASC"},
                {"sort": "update_time"},
            )
            assert read.changes.since or read.paging is Paging.OFFSET


@every_live_spec
def test_settings_may_give_every_other_published_parameter(spec):
    for read in spec.reads:
        owned = set(_ENGINE_PARAMETERS)
        if read.changes:
            owned |= {
                read.changes.since,
                read.changes.until,
                *read.changes.ascending,
            }
        if spec.parent:
            owned |= set(spec.parent.query)
        if "folder" in read.adds:
            owned.add("folder")
        parameters = {each["name"]: each for each in operation(read)["parameters"] if each["in"] == "query"}
        accepted = sorted(parameters.keys() - owned)
        assert read.accepted == {*accepted}, (
            f"{spec.name}: `accepts` of {read.operation} must be {' '.join(accepted)!r}"
        )
        assert read.required == {
            name for name, each in parameters.items() if each.get("required") and name not in owned
        }


@every_spec
def test_path_placeholders_come_from_the_parent(spec):
    for read in spec.reads:
        names = set(read.placeholders)
        if spec.parent:
            assert names <= spec.parent.context.keys()
            assert set(spec.parent.query) <= spec.parent.context.keys()
            published_names = {each["name"] for each in operation(read)["parameters"]}
            assert set(spec.parent.query) <= published_names, read.operation
            assert set(spec.parent.within or ()) <= read.required
        elif names:
            assert "record_ids" in spec.settings


@every_spec
def test_parents_lead_to_a_list(spec):
    seen = {spec.name}
    while spec.parent:
        spec = STREAMS[spec.parent.stream]
        assert spec.name not in seen
        seen.add(spec.name)
    assert not any(read.placeholders for read in spec.reads) or "record_ids" in spec.settings


@every_spec
def test_what_costs_a_request_per_parent_or_needs_settings_is_not_selected_by_default(spec):
    if (spec.parent and spec.parent.bulk == 1 and spec.name != "phases") or spec.settings or spec.removed_on:
        assert not spec.selected_by_default


@every_live_spec
def test_what_only_administrators_read_names_the_right(spec):
    # The v1 form of activity_fields is published for `activities:read`.
    if spec.name != "activity_fields" and all(
        operation(read)["oauth_scopes"] == ["admin"] for read in spec.reads
    ):
        assert "administrator rights" in spec.needs, f'{spec.name}: add needs="administrator rights"'


@every_spec
def test_rows_with_secrets_are_not_selected_by_default(spec):
    secrets = [name for name in spec.schema if re.search("password|secret|token", name)]
    assert not (secrets and spec.selected_by_default), (
        f"{spec.name} contains {secrets}: add selected_by_default=False, and name the columns in `notes`"
    )
    assert all(name in spec.notes for name in secrets), f"{spec.name}: name {secrets} in `notes`"
