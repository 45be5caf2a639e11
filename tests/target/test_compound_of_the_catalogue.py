"""Properties of merged values in every column of the catalogue that has parts or entries.

A row is changed like in an update, without requests: the plan of the entity translates the record, its values
are merged with those of the row, and the columns that differ are stored.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from pipedrive_client.fields import COMPOSITES, FieldDefinition
from target_pipedrive.apply.changes.diff import custom_changes
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.notation import SCALARS
from target_pipedrive.custom_fields.registry import FieldRegistry
from target_pipedrive.custom_fields.values import flat_form, held_custom
from target_pipedrive.mapping.columns.shapes import SHAPES
from target_pipedrive.mapping.factory import compile_stream
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.settings import Options, StreamSettings
from target_pipedrive.values import compare
from target_pipedrive.values.compound import CONTACT_KINDS, contact_identity
from target_pipedrive.values.encoders import ADDRESS_PARTS
from target_pipedrive.write.completion import settled

COMPOUND = frozenset({"address", "money", "prices"}) | CONTACT_KINDS
DATA = frozenset({"map", "object"})
"""Kinds of objects that are written as they are given."""
UUIDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(4)]
OPTIONS = {1: "Gold", 2: "Silver", 3: "Bronze"}

WORD = st.text(alphabet="abcÄé1 ", min_size=1, max_size=5).filter(str.strip).map(str.strip)
NUMBER = st.integers(1, 9)
CODE = st.sampled_from(["EUR", "USD"])
DATE = st.sampled_from(["2026-01-01", "2026-02-03", "2026-12-31"])
CLOCK = st.sampled_from(["09:00:00", "10:30:00", "23:59:00"])
PART = {"num": NUMBER, "int": NUMBER, "str": WORD, "date": DATE, "clock": CLOCK, "bool": st.booleans()}
ZONE = st.sampled_from(["Europe/Tallinn", "Asia/Tokyo"])
CONTACT = {
    "emails": st.sampled_from(["a@x.example", "A@X.example", "b@x.example", "c@x.example"]),
    "phones": st.sampled_from(["+372 5551234", "003725551234", "555-22-333", "777 88 99"]),
    "contacts": st.sampled_from(["anna", "ben", "cleo"]),
}


# ── plans and rows ───────────────────────────────────────────────────────────────────────────────


class Definitions:
    """One custom field of each type for every entity, as the account lists them."""

    def custom(self, _):
        types = [*COMPOSITES, "set"]
        return [
            FieldDefinition(
                key=f"{at:x}".rjust(40, "a"),
                name=f"Own {one}",
                field_type=one,
                options=OPTIONS if one == "set" else {},
            )
            for at, one in enumerate(types)
        ]

    @cache  # noqa: B019 - the registry compares the list by identity
    def rows(self, entity):
        return [{"field_code": one.key, "field_name": one.name} for one in self.custom(entity)]

    def known(self, _):
        return True

    def forget(self, _):
        return None


class Plans:
    def entity(self, plan):
        return plan


@cache
def plan_of(name, *columns):
    registry = FieldRegistry(None, Definitions(), None, create_options=False, dry_run=True)
    settings_ = StreamSettings(entity=name, external_id="my_key")
    return compile_stream(
        name, {"my_key": {}, **{one: {} for one in columns}}, settings_, Options(), registry, Plans()
    )


def applied(plan, row, record):
    """The row after an update, and the columns that it sends; no example if the record is rejected."""
    try:
        draft = plan.draft({"my_key": "x", **record})
        flat = plan.spec.flat_custom_fields
        body, custom = settled(draft, row, plan.registry, plan.custom_fields, flat=flat)
    except RecordFault:
        reject()
    columns = plan.update.body_columns
    changed = compare.differing({name: one for name, one in body.items() if name in columns}, row, columns)
    own = custom_changes(plan, custom, row)
    after = {**row, **changed}
    if flat:
        for key in own:
            after = {name: one for name, one in after.items() if not name.startswith(key)}
        after |= flat_form(own, plan.registry.by_key(plan.custom_fields))
    else:
        after["custom_fields"] = {**row.get("custom_fields", {}), **own}
    return after, [*changed, *own]


def columns_of(entity):
    """Columns with parts or entries: (column, kind), custom fields by their types."""
    spec = ENTITIES[entity]
    plan = plan_of(entity)
    found = [
        (name, one.kind)
        for name, one in plan.update.body_columns.items()
        if one.kind.name not in (SCALARS - COMPOUND) | DATA
    ]
    if spec.custom_fields:
        found += [(one.key, one.field_type) for one in Definitions().custom(spec.custom_fields)]
    return [(name, kind) for name, kind in found if name not in plan.dropped]


UPDATED = [name for name, one in ENTITIES.items() if plan_of(name).update is not None]
COLUMNS = [(entity, name, kind) for entity in UPDATED for name, kind in columns_of(entity)]
every_column = pytest.mark.parametrize(
    ("entity", "column", "kind"),
    COLUMNS,
    ids=[f"{entity}-{name if len(name) < 40 else f'own {kind}'}" for entity, name, kind in COLUMNS],
)


def name_of(kind):
    return kind if isinstance(kind, str) else kind.name


def parts_of(kind):
    """Part → strategy, and the part that every value has."""
    match name_of(kind):
        case "money":
            return {"amount": NUMBER, "currency": CODE}, "amount"
        case "address":
            return {"value": WORD, **dict.fromkeys(ADDRESS_PARTS, WORD)}, "value"
        case name if name in COMPOSITES:
            parts = {one.key: PART[one.kind] for one in COMPOSITES[name] if one.key != "formatted_address"}
            named = {"currency": CODE, "timezone_name": ZONE}
            return parts | {key: one for key, one in named.items() if key in parts}, "value"
        case _:
            return None


def element(kind):
    """Elements of a list as Pipedrive shows them."""
    items = kind.items
    if items.name == "int":
        return NUMBER
    if items.name == "uuid":
        return st.sampled_from(UUIDS)
    people = {"person_id": NUMBER, "primary": st.just(value=False)}
    mails = {"email": CONTACT["emails"], "name": WORD, "status": st.just("noreply")}
    labels = {"label": WORD}
    for one in (people, mails, labels):
        if one.keys() <= items.columns.keys():
            return st.fixed_dictionaries(one)
    raise NotImplementedError(f"lists of {sorted(items.columns)}")


def held_values(kind):
    """Values as Pipedrive shows them; None for no value."""
    parts = parts_of(kind)
    if parts is not None:
        known, main = parts
        rest = {name: one for name, one in known.items() if name != main}
        amount = {"currency": rest.pop("currency")} if "currency" in rest else {}
        return st.none() | st.fixed_dictionaries({main: known[main], **amount}, optional=rest)
    name = name_of(kind)
    if name in CONTACT_KINDS:
        entries = st.lists(
            st.tuples(CONTACT[name], st.sampled_from(["work", "home"])),
            max_size=3,
            unique_by=lambda one: contact_identity(one[0], name),
        )
        return entries.map(
            lambda found: [{"value": v, "label": w, "primary": not at} for at, (v, w) in enumerate(found)]
        )
    if name == "prices":
        price = st.fixed_dictionaries({"currency": CODE, "price": NUMBER, "cost": NUMBER})
        return st.lists(price, max_size=3, unique_by=lambda one: one["currency"])
    if name == "set":
        return st.none() | st.lists(st.sampled_from(list(OPTIONS)), min_size=1, max_size=3, unique=True)
    return st.lists(element(kind), max_size=3, unique_by=identity)


def identity(entry):
    """Text that two entries of a list with the same person, address or label share."""
    if not isinstance(entry, dict):
        return str(entry)
    return str(entry.get("person_id") or entry.get("email", entry.get("label"))).casefold()


def one_entry(kind):
    """A value for one entry or some parts of the column; None if it is always written completely."""
    parts = parts_of(kind)
    if parts is not None:
        known, main = parts
        named = st.fixed_dictionaries({}, optional=known).filter(bool)
        return named | known[main]
    name = name_of(kind)
    if name in CONTACT_KINDS:
        return CONTACT[name] | st.fixed_dictionaries({"value": CONTACT[name]}, optional={"label": WORD})
    if name == "prices":
        return st.fixed_dictionaries({"currency": CODE}, optional={"price": NUMBER, "cost": NUMBER})
    if name == "list" and kind.items.columns and "label" not in kind.items.columns:
        return element(kind)
    return None


def held_in(entity, column, kind, value):
    """A row with this value in a column."""
    if not isinstance(kind, str):
        return {column: value}
    if not ENTITIES[entity].flat_custom_fields:
        return {"custom_fields": {column: value}}
    definitions = {one.key: one for one in Definitions().custom(entity)}
    return flat_form({column: value}, definitions)


def value_in(entity, column, kind, row):
    """The value of a column, in the form of `held_values`."""
    if not isinstance(kind, str):
        return row[column]
    flat = ENTITIES[entity].flat_custom_fields
    definition = next(one for one in Definitions().custom(entity) if one.key == column)
    held = held_custom(row, definition, column, flat=flat)
    return list(map(int, held.split(","))) if kind == "set" and flat and held else held


def atoms(kind, value):
    """Parts of a value by name, or its entries by identity."""
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if one not in (None, "")}
    if not isinstance(value, list):
        return {} if value in (None, "") else {"value": value}
    name = name_of(kind)
    if name in CONTACT_KINDS:
        return {contact_identity(one["value"], name): (one["value"], one["label"]) for one in value}
    if name == "prices":
        return {
            (one["currency"], part): one[part] for one in value for part in one if one[part] not in (0, "")
        }
    return {
        identity(one): {k: v for k, v in one.items() if k != "primary"} if isinstance(one, dict) else one
        for one in value
    }


def named_by(kind, value):
    """Atoms that a value for one entry names."""
    name = name_of(kind)
    if name in CONTACT_KINDS:
        return {contact_identity(value["value"] if isinstance(value, dict) else value, name)}
    if name == "prices":
        return {(value["currency"], part) for part in value}
    if name == "list":
        return {identity(value)}
    main = parts_of(kind)[1]
    return set(value) if isinstance(value, dict) else {main}


# ── properties ───────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_the_catalogue_is_known():
    assert len(COLUMNS) > 30
    for _, _, kind in COLUMNS:
        held_values(kind)
    assert {"primary_participant", "own_prices"} <= SHAPES.keys()


@every_column
def test_one_entry_or_part_loses_nothing_and_converges(entity, column, kind):
    values = one_entry(kind)
    if values is None:
        assert name_of(kind) in {"list", "set"}
        return
    plan = plan_of(entity, column)

    @settings(max_examples=25)
    @given(held_values(kind), values)
    def holds(held, value):
        row = held_in(entity, column, kind, held)
        after, _ = applied(plan, row, {column: value})
        before, now = atoms(kind, held), atoms(kind, value_in(entity, column, kind, after))
        replaced = named_by(kind, value)
        if name_of(kind) == "address" and "value" in replaced and before.get("value") != now["value"]:
            replaced = replaced | before.keys()  # the parts describe the old line
        assert {name: one for name, one in before.items() if name not in replaced} == {
            name: one for name, one in now.items() if name in before and name not in replaced
        }
        again, sent = applied(plan, after, {column: value})
        assert (again, sent) == (after, [])

    holds()


@every_column
def test_a_complete_value_replaces_and_converges_in_any_order(entity, column, kind):
    plan = plan_of(entity, column)

    @settings(max_examples=10)
    @given(held_values(kind), held_values(kind), st.randoms(use_true_random=False))
    def holds(held, value, dice):
        assume(value not in (None, []))
        row = held_in(entity, column, kind, held)
        after, _ = applied(plan, row, {column: value})
        again, sent = applied(plan, after, {column: value})
        assert (again, sent) == (after, [])
        now = atoms(kind, value_in(entity, column, kind, after))
        if isinstance(value, list) and name_of(kind) != "prices":
            assert now == atoms(kind, value)
        else:  # missing parts do not change
            assert atoms(kind, value).items() <= now.items()
        if isinstance(value, list) and value and not isinstance(value[0], dict):
            turned = dice.sample(value, len(value))
            assert applied(plan, after, {column: turned})[1] == []

    holds()


PARTED = [one for one in COLUMNS if isinstance(one[2], str) and one[2] in COMPOSITES]


@pytest.mark.parametrize(
    ("entity", "column", "kind"), PARTED, ids=[f"{entity}-{kind}" for entity, _, kind in PARTED]
)
def test_columns_of_parts_in_the_catalogue_may_arrive_in_any_order(entity, column, kind):
    suffixes = {one.key: one.suffix for one in COMPOSITES[kind] if one.key != "formatted_address"}
    sources = {key: f"{column}_{suffix}" if suffix else column for key, suffix in suffixes.items()}
    plan = plan_of(entity, *sources.values())
    known, main = parts_of(kind)

    @settings(max_examples=10)
    @given(held_values(kind).filter(bool), st.fixed_dictionaries({}, optional=known).filter(bool))
    def holds(held, parts):
        assume(kind != "address" or main not in parts)
        row = held_in(entity, column, kind, held)
        record = {sources[key]: one for key, one in parts.items()}
        together, _ = applied(plan, row, record)
        turned, _ = applied(plan, row, dict(reversed(record.items())))
        one_by_one = row
        for name in reversed(record):
            one_by_one, _ = applied(plan, one_by_one, {name: record[name]})
        assert together == turned == one_by_one
        assert atoms(kind, held).keys() <= atoms(kind, value_in(entity, column, kind, together)).keys()

    holds()


def row_keys(entries: list[dict[str, Any]]):
    return {one["person_id"]: one["primary"] for one in entries}


@given(held=st.lists(NUMBER, max_size=3, unique=True), person=NUMBER)
@settings(max_examples=30)
def test_the_person_of_an_activity_replaces_the_primary_participant_alone(held, person):
    participants = [{"person_id": one, "primary": not at} for at, one in enumerate(held)]
    plan = plan_of("activities", "person_id")
    after, _ = applied(plan, {"participants": participants}, {"person_id": person})
    now = row_keys(after["participants"])
    assert (now[person], len(now)) == (True, len(after["participants"]))
    assert [*now.values()].count(True) == 1
    assert now.keys() == ({*held, person} if person in held else {*held[1:], person})
    assert applied(plan, after, {"person_id": person})[1] == []
