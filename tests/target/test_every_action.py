"""One record for each action, from the published columns: with the required ones, and with all of them."""

from __future__ import annotations

import itertools

import pytest

from target_pipedrive.actions import ACTIONS
from target_pipedrive.binding import LIST_REFERENCES, REFERENCES, snake
from target_pipedrive.spec import Encoding, Verb
from tests.support.gate import Gate
from tests.target.helpers import Loader, rows

LIVE = [spec for spec in ACTIONS.values() if spec.removed_on is None and "legacyTeams" not in spec.path]
UUID = "4f6c2a9e-8a0b-4c66-9d0f-1f8f6a1f0b11"
SPECIAL = {
    "status": "open",
    "currency": "EUR",
    "email": "new.user@example.com",
    "interval": "monthly",
    "type": "call",
    "field_type": "varchar",
    "sort": "id",
    "subscription_url": "https://example.com/hook",
    "color": "red",
    "ids": [1, 2],
    "visible_to": 3,
    "billing_frequency": "monthly",
    "http_auth_user": "me",
    "permission_set_id": UUID,
}
SCALARS = {
    "int": 1,
    "num": 12.5,
    "str": "Some text",
    "bool": True,
    "flag": True,
    "date": "2026-03-01",
    "time": "2026-03-01T10:00:00Z",
    "stamp": "2026-03-01T10:00:00Z",
    "clock": "09:30",
    "uuid": UUID,
    "map": {"1": ["won"]},
    "csv": [1, 2],
    "contacts": [{"value": "info@example.com", "primary": True, "label": "work"}],
    "address": {"value": "Main street 1, Tartu"},
    "money": {"amount": 10, "currency": "EUR"},
    "file": "bytes of a file",
}


class Account:
    """First rows of the account, to fill ids with."""

    def __init__(self, emulator):
        self.tables = emulator.dump()["tables"]
        self.numbers = itertools.count()

    def id_of(self, entity):
        rows_ = [one for one in self.tables.get(entity, ()) if not one.get("is_deleted")]
        rows_ = [one for one in rows_ if not one.get("is_archived")]
        return rows_[next(self.numbers) % len(rows_)]["id"] if rows_ else 1

    def value(self, name, kind):  # noqa: PLR0911 - one line for each kind of value
        if kind.choices:
            return kind.choices[0]
        if name in SPECIAL and kind.name not in {"list", "map", "object"}:
            return SPECIAL[name]
        if name in LIST_REFERENCES and kind.name == "list" and name != "label_ids":
            return [self.id_of(LIST_REFERENCES[name])]
        if name in REFERENCES and kind.name in {"int", "uuid", "str"}:
            return self.id_of(REFERENCES[name])
        if name == "label_ids" and kind.name == "list":
            return []
        if kind.name == "list":
            return [self.value(name, kind.items)]
        if kind.name == "object":
            return {one: self.value(one, column.kind) for one, column in kind.columns.items()}
        return SCALARS[kind.name]

    def record(self, spec, *, every):
        found = {}
        for name, column in spec.columns.items():
            if name == "custom_fields" or not (every or name in spec.required):
                continue
            if name in spec.path_columns and name in {"id", "merge_with_id"}:
                found[name] = self.id_of(spec.parent or spec.entity)
                if column.kind.name == "uuid" and found[name] == 1:
                    found[name] = UUID
            else:
                found[name] = self.value(name, column.kind)
        if "merge_with_id" in spec.body_columns:
            found["merge_with_id"] = self.id_of(spec.entity)
        if spec.encoding is Encoding.MULTIPART:
            file = next(name for name, one in spec.body_columns.items() if one.kind.name == "file")
            found.pop(file, None)
            found |= {"content": "bytes of a file", "file_name": "note.txt"}
        if spec.name == "set_field_value_for_person":
            found = {"id": self.id_of("persons"), "custom_field_key": "name", "value": "Renamed"}
        return found


@pytest.mark.parametrize("every", [False, True], ids=["required", "all"])
def test_each_action_reaches_its_operation_as_published(small, tmp_path, every):
    account = Account(small)
    gate = Gate(small.url, tmp_path / "gate.jsonl")
    load = Loader({**small.config(), "api_url": gate.url}, tmp_path)
    order = sorted(LIVE, key=lambda spec: (spec.verb is Verb.DELETE, spec.verb is Verb.MERGE))
    run = load(*[rows(spec.name, account.record(spec, every=every)) for spec in order])
    summary, problems = gate.close()
    assert run.error is None
    assert [one for one in problems if one[0] == "request"] == []
    wanted = {snake(f"{spec.method}:{spec.path}".replace(":/v1/", ":/api/v1/")) for spec in LIVE}
    assert wanted - {snake(name.replace(" ", ":")) for name in summary["operations"]} == set()
    assert len(run.results) == len(LIVE)
