"""Every column of every entity with every kind of odd value: the same input a second time writes nothing."""

from __future__ import annotations

import zlib

import pytest

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from tests.target.entity_records import records_of
from tests.target.helpers import rows

pytestmark = pytest.mark.dialects

SAMPLE = 9
"""One odd value in so many is tried in `make test`; `make soak` tries all."""
BLANK = (None, "", " ", "\u00a0", [], {})
TEXT = (
    *BLANK, "null", "  padded\u00a0 ", "Mu\u0308ller", "\u200bzero", "<b>bold</b>", "a\tb\nc", "5.0", 5, 5.0,
    True, "“quoted”", "é" * 300, "=1+1", "N/A", "100 %",
)  # fmt: skip
NUMBERS = (
    *BLANK, "5", "5.0", " 5 ", "\u00a05", 5.0, 0, "0", -1, "1e1", "1,5", "1.5", 0.1 + 0.2, 10**20, "007",
    True, "€ 5", "5 %", "12 345", "1'000",
)  # fmt: skip
FLAGS = (*BLANK, "yes", "No", "TRUE", "x", "1.0", "0", 1, 0, 0.0, True, False)
DATES = (
    *BLANK, "2026-03-01", "2026-03-01T10:00:00Z", "2026-03-01 10:00:00", "2026-03-01T23:30:00-05:00",
    "01.03.2026", "3/1/2026", 46082, "46082", "0000-00-00", "2026-02-30", "9999-12-31", 1772359200,
)  # fmt: skip
CLOCKS = (*BLANK, "10:30", "9:05", "10:30:00", "10:30 PM", "25:00", 0.4375)
ADDRESSES = (
    *BLANK,
    " Main 1\u00a0",
    {"value": "Main 1", "country": ""},
    {"country": "Estonia"},
    "<i>x</i>",
    ["x"],
    5,
)
CONTACTS = (
    *BLANK, " Odd@Example.com ", "a@x.example; b@x.example", ["a@x.example", "A@x.example"], [None], [""],
    [{"value": "a@x.example", "label": "home", "primary": "no"}], '"A" <a@x.example>', "+49 (0) 30 / 12-34",
    491234567.0, [{"value": ""}], "555 1234 567,,12",
)  # fmt: skip
PRICES = (
    *BLANK,
    5,
    "5.00",
    [{"currency": "eur", "price": "1.005"}],
    {"currency": "EUR", "price": 0},
    [{"price": None}],
)
LISTS = (*BLANK, [1], ["1"], "1", "1,2", [2, 1, 1], [1.0], [None], 1, "x", [{"id": 1}])
KINDS = {
    **dict.fromkeys(("int", "num"), NUMBERS),
    **dict.fromkeys(("bool", "flag"), FLAGS),
    **dict.fromkeys(("date", "time", "stamp", "minute"), DATES),
    **dict.fromkeys(("emails", "phones", "contacts"), CONTACTS),
    "clock": CLOCKS,
    "address": ADDRESSES,
    "prices": PRICES,
    "list": LISTS,
    "money": (*NUMBERS, {"amount": "5", "currency": "eur"}, {"amount": None}, {"currency": "EUR"}),
}
APART = {"is_deleted", "order_nr"}
"""Columns that mark a deletion, or whose values two rows cannot share."""
UPDATED = sorted(name for name, one in ENTITIES.items() if one.update)
NOT_ADDED = {"deal_installments", "mail_threads", "users"}
"""Entities without simple additions; other tests repeat their rows."""


def cases(entity):
    """Columns of an entity with odd values of their kind."""
    spec = ENTITIES[entity]
    columns = {
        name: one.kind
        for action in (spec.add, spec.update)
        if action
        for name, one in ACTIONS[action].body_columns.items()
    }
    return [
        (name, odd)
        for name, kind in columns.items()
        if name not in {*spec.ignored.split(), *dict(spec.aliases), spec.parent, *APART}
        for odd in (
            *KINDS.get(kind.name, TEXT),
            *(f" {one.upper()} " for one in kind.choices if one != "deleted"),
        )
    ]


def written(small):
    accepted = [
        one for one in small.log(full=True)["ordered"] if one["method"] != "GET" and one["status"] < 300
    ]
    return [(one["method"], one["path"], one["body"]) for one in accepted]


def test_every_entity_with_updates_is_tried(small):
    assert set(UPDATED) - set(records_of(small)) == NOT_ADDED
    assert all(cases(one) for one in UPDATED)


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(one, marks=pytest.mark.soak) for one in range(1, SAMPLE))]
)
@pytest.mark.parametrize("entity", sorted(set(UPDATED) - NOT_ADDED))
def test_unusual_values_are_written_once(entity, share, load, small):
    tried = [one for one in cases(entity) if zlib.crc32(repr((entity, one)).encode()) % SAMPLE == share]
    aliases = dict(ENTITIES[entity].aliases)
    base = {aliases.get(name, name): value for name, value in records_of(small)[entity][0].items()}
    numbered = [{**base, "external_id": f"n-{at}"} for at in range(len(tried))]
    added = load(rows(entity, *numbered, keys=["external_id"]))
    # one row may be that of several records, such as a relationship
    own = [at for at, one in enumerate(added.ids) if one and added.ids.index(one) == at]
    records = [{**numbered[at], tried[at][0]: tried[at][1]} for at in own]
    first = load(rows(entity, *records, keys=["external_id"]))
    assert (first.error, len(first.outcomes)) == (None, len(records))
    small.post("/_emulator/log/clear")
    second = load(rows(entity, *records, keys=["external_id"]))
    assert written(small) == []
    for at, (before, now) in enumerate(zip(first.outcomes, second.outcomes, strict=True)):
        assert now == ("failed" if before == "failed" else "unchanged"), (tried[own[at]], second.results[at])
