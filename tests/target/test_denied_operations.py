"""Each operation of a run that adds, compares or deletes rows is denied: its records fail.

No row is added twice, deleted by mistake or reported as written, and the same input writes what is missing
once access is granted.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass

import pytest

from pipedrive_client.auth.scopes import required_scopes
from tests.tap.test_access_of_every_list import KINDS, refuse
from tests.target.entity_records import records_of
from tests.target.helpers import Loader, rows

ENTITIES = (
    *("deals", "deal_products", "deal_discounts", "deal_participants", "pipelines", "stages", "leads"),
    *("lead_labels", "persons", "organizations", "organization_relationships", "products"),
    *("product_variations", "activities", "activity_types", "notes", "note_comments", "files", "call_logs"),
    *("projects", "tasks", "boards", "phases", "deal_followers", "person_followers"),
    *("organization_followers", "product_followers", "deal_fields", "person_fields", "organization_fields"),
    *("product_fields", "project_fields", "filters", "goals", "webhooks", "roles"),
)
ADD, COMPARE, DELETE = range(3)
GONE = ("is_deleted", "deleted_flag")

_clean: dict[tuple[str, str], list[tuple[object, dict[str, int], dict[str, int]]]] = {}


@dataclass(frozen=True)
class Denied:
    """An operation of a run that is denied."""

    entity: str
    phase: int
    operation: str
    kind: str


def counts(emulator):
    """Number of rows in each table that are not deleted."""
    return {
        table: sum(
            not any(row.get(name) for name in GONE)
            and row.get("active_flag") is not False
            and row.get("status") != "deleted"
            for row in found
        )
        for table, found in emulator.dump()["tables"].items()
    }


def inputs(emulator, entity):
    """Input of each phase, and its settings."""
    records = records_of(emulator)[entity]
    marked = [{"external_id": one["external_id"], "is_deleted": True} for one in records]
    keys = ("external_id",)
    return [
        (rows(entity, *records, keys=keys), {}),
        (rows(entity, *records, keys=keys), {}),
        (rows(entity, *marked, keys=keys), {"allow_deletes": True}),
    ]


def folder(tmp_path, name):
    shutil.rmtree(tmp_path / name, ignore_errors=True)
    (tmp_path / name).mkdir()
    return tmp_path / name


def clean(emulator, entity, tmp_path):
    """Result, operations and rows of each phase without a fault."""
    case = emulator.dialect, entity
    if case not in _clean:
        emulator.reset()
        load, found = Loader(emulator.config(), folder(tmp_path, "clean")), []
        for messages, settings in inputs(emulator, entity):
            emulator.post("/_emulator/log/clear")
            done = load(*messages, **settings)
            found.append((done, emulator.requests(), counts(emulator)))
        _clean[case] = found
    return _clean[case]


def cases_of(emulator, entity, tmp_path):
    for phase, (_, called, _) in enumerate(clean(emulator, entity, tmp_path)):
        yield from (Denied(entity, phase, operation, kind) for operation in called for kind in KINDS)


def check(emulator, case, tmp_path):
    expected, _, there = clean(emulator, case.entity, tmp_path)[case.phase]
    emulator.reset()
    load = Loader(emulator.config(), folder(tmp_path, "denied"))
    phases = inputs(emulator, case.entity)
    for messages, settings in phases[: case.phase]:
        load(*messages, **settings)
    refuse(emulator, [case.operation], case.kind)
    messages, settings = phases[case.phase]
    done = load(*messages, **settings)
    errors = [*done.errors, *([str(done.error)] if done.error else [])]
    if errors == expected.errors:
        assert done.outcomes == expected.outcomes, case
        assert case.operation.startswith("GET "), case  # of a read that another one replaces
        assert counts(emulator) == there, case
    elif case.kind == "scope":
        scopes = " or ".join(required_scopes(*case.operation.split()))
        assert [one for one in errors if scopes in one] or expected.errors, (case, errors)
    if case.phase == DELETE:
        assert "skipped" not in done.outcomes, case
    emulator.post("/_emulator/faults", [])
    again = load(*messages, **settings)
    assert again.errors == expected.errors, case
    assert counts(emulator) == there, case


@pytest.mark.dialects
@pytest.mark.usefixtures("load")
@pytest.mark.parametrize("share", range(4))
def test_a_sample_of_denied_operations_writes_nothing_wrong(small, tmp_path, share):
    chance = random.Random(f"denied {share}")
    for entity in chance.sample(ENTITIES, 2):
        for case in chance.sample([*cases_of(small, entity, tmp_path)], 2):
            check(small, case, tmp_path)


@pytest.mark.soak
@pytest.mark.dialects
@pytest.mark.usefixtures("load")
@pytest.mark.parametrize("entity", ENTITIES)
def test_no_denied_operation_writes_anything_wrong(small, tmp_path, entity):
    for case in cases_of(small, entity, tmp_path):
        check(small, case, tmp_path)


def test_every_entity_with_records_is_denied_once(small):
    assert {*ENTITIES} == {*records_of(small)}
