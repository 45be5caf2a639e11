"""Key columns of a stream: chosen once per SCHEMA, checked for each record."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Protocol

from target_pipedrive.catalog.names import folded, nearest, snake
from target_pipedrive.mapping.columns.binding import Binding, Place
from target_pipedrive.mapping.columns.shapes import NAME, bound_name, name_parts, sources_of
from target_pipedrive.mapping.match_columns import SearchedPlan, can_match
from target_pipedrive.record.errors import RecordFault, SkipRecord
from target_pipedrive.values.identity import clean, key_text
from target_pipedrive.values.match_terms import is_findable, terms
from target_pipedrive.values.scalars import integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_pipedrive.record.draft import Draft
    from target_pipedrive.settings import Options
    from target_pipedrive.values.encoders import Encoder

_IDS = (Place.ID, Place.EXTERNAL_ID)
_VALUES = (Place.BODY, Place.CUSTOM, Place.MATCH)


class KeyedPlan(SearchedPlan, Protocol):
    """The parts of a stream's plan that determine the key of its rows.

    Attributes:
        stream: name of the stream.
        write: setting `write` of the stream.
        options: the target's settings.
        foreign: True if the rows are those of another account.
        by_nature: True if rows are found by the entity's natural key.
        match_on: fields that rows are found by.
        match_only: columns that are matched and not written.
        match_bindings: columns that rows are found by.
        bindings: every bound column.
    """

    stream: str
    write: str
    options: Options
    foreign: bool
    by_nature: bool
    match_on: tuple[str, ...]
    match_only: list[Binding]
    match_bindings: list[Binding]
    bindings: list[Binding]

    def column_of(self, name: str) -> str | None:
        """Return Pipedrive's own column for a name."""

    def field_of(self, source: str) -> str:
        """Return the field that a column of the stream fills."""


def match_bindings(plan: KeyedPlan, keys: Sequence[str]) -> list[Binding]:
    """Return the columns that rows are found by; empty if rows are found only by id.

    Their values are cleaned: a match value is written in the form it is found by.

    Args:
        plan: plan of the stream, with bound columns.
        keys: key properties of the SCHEMA, used if neither an id nor `match_on` is given.

    Raises:
        RecordFault: rows cannot be found by the columns of the stream, and `write` is not `add`.
    """
    found = _key_bindings(plan, keys)
    for binding in found:
        binding.encode = _cleaned(binding.encode)
    return found


def _cleaned(plain: Encoder) -> Encoder:
    """Return an encoder that cleans its texts."""

    def encoded(value: object) -> object:
        found = plain(value)
        return clean(found) if isinstance(found, str) else found

    return encoded


def _key_bindings(plan: KeyedPlan, keys: Sequence[str]) -> list[Binding]:
    if plan.by_nature:
        return _natural_key(plan)
    has_id = any(one.place in _IDS for one in plan.bindings)
    if plan.match_on:
        found = _with_name(plan, [_bound(plan, name) for name in plan.match_on])
        has_values = all(one.place is not Place.EXTRA for one in found)
        if has_values and can_match(plan, [one.name for one in found]):
            return found
        raise RecordFault(
            f"Stream {plan.stream}: {plan.spec.name} cannot be looked up by {', '.join(plan.match_on)}; "
            f"{_remedy(plan)}"
        )
    if has_id or plan.write == "add":
        return []
    derived = _from_keys(plan, keys)
    if derived:
        plan.match_on = tuple(one.name for one in derived)
        return derived
    why = f"rows cannot be looked up by its key {', '.join(keys)}" if keys else "it has no key"
    raise RecordFault(f"Stream {plan.stream}: to {plan.write} {plan.spec.name}, {why}; {_remedy(plan)}")


def _remedy(plan: KeyedPlan) -> str:
    more = ", or set write: add if every record is a new row" if plan.write == "upsert" else ""
    return f"send {plan.spec.key} or external_id, or set match_on to fields that can be searched{more}"


def _natural_key(plan: KeyedPlan) -> list[Binding]:
    """Return the natural key's columns for rows of another account; empty if one of them is missing."""
    found = []
    for name in plan.match_on:
        binding = find_bound(plan, name)
        if binding is None:
            return []
        found.append(binding)
    return found


def _from_keys(plan: KeyedPlan, keys: Sequence[str]) -> list[Binding]:
    """Return the key properties as match columns; empty unless all of them can be matched."""
    found = []
    for name in keys:
        binding = find_bound(plan, plan.field_of(name))
        if binding is None:
            return []
        found.append(binding)
    found = _with_name(plan, found)
    has_values = bool(found) and all(one.place in _VALUES for one in found)
    return found if has_values and can_match(plan, [one.name for one in found]) else []


def _with_name(plan: KeyedPlan, found: list[Binding]) -> list[Binding]:
    """Return the key columns with the name of a person in place of its first and last name together."""
    parts = name_parts(found)
    name = find_bound(plan, NAME) if parts else None
    if name is None:
        return found
    return [*(one for one in found if one not in parts and one.name != NAME), name]


def _bound(plan: KeyedPlan, name: str) -> Binding:
    binding = find_bound(plan, name)
    if binding is None:
        sources = [one.source for one in plan.bindings]
        raise RecordFault(
            f"Stream {plan.stream}: match_on names {name}, but no property of the SCHEMA maps to it"
            f"{nearest(name, sources)}"
        )
    return binding


def find_bound(plan: KeyedPlan, name: str) -> Binding | None:
    """Return the bound column with this name, or with a field of this name."""
    column = plan.column_of(name)
    for binding in plan.bindings:
        if folded(name) == folded(binding.source) or (binding.place is Place.BODY and binding.name == column):
            return binding
    if column == NAME and (joined := bound_name(plan.bindings)):
        return joined
    if snake(name) in plan.spec.matchable.split():
        return next((one for one in plan.match_only if one.name == snake(name)), None)
    if plan.custom_fields is not None:
        custom = plan.registry.find(plan.custom_fields, name, {})
        for binding in plan.bindings:
            if custom is not None and binding.name == custom.definition.key:
                return binding
    return None


def fill_matches(plan: KeyedPlan, draft: Draft) -> list[str]:
    """Take the match values from the record, either all or no value.

    Returns:
        Columns that are empty. Columns that wait for the id of another row are not among them.
    """
    empty, waiting = [], False
    found: dict[str, object] = {}
    for binding in plan.match_bindings:
        value = _value(binding, draft)
        if is_findable(value, binding.name):
            found[binding.name] = value
        elif any(one.column == binding.name for one in draft.references):
            waiting = True
        else:
            empty += sources_of([binding])
    draft.matches = {} if empty or waiting else found
    return empty


def _value(binding: Binding, draft: Draft) -> object:
    if binding.place is Place.MATCH:
        return draft.match_only.get(binding.name)
    return (draft.custom if binding.place is Place.CUSTOM else draft.body).get(binding.name)


def check_key(plan: KeyedPlan, draft: Draft, empty: Sequence[str]) -> None:
    """Decide about a record without a key.

    Raises:
        RecordFault: it cannot be identified, and `on_blank_match` is fail.
        SkipRecord: `on_blank_match` is skip.
    """
    if draft.id is not None or draft.external_id is not None or plan.write == "add":
        return
    if plan.foreign and plan.spec.chosen_key:
        return  # the id of the row is that of another one in the ledger
    if plan.match_bindings and not empty:
        return
    ids = [one.source for one in plan.bindings if one.place in _IDS]
    names = list(empty or ids or [plan.spec.key])
    choice = plan.options.on_blank_match
    if choice == "skip":
        raise SkipRecord(f"{', '.join(names)} is empty, so no row can be found")
    if choice == "add" and plan.write == "upsert" and not draft.deleted:
        return
    has, it = ("have", "them") if names[1:] else ("has", "it")
    if draft.deleted:
        why = f"{has} no value, and only a complete key deletes a row; fill {it}"
    else:
        more = ", or set on_blank_match to add or skip" if plan.write == "upsert" else ""
        why = f"{has} no value, and the row is found by {it}; fill {it}{more}"
    raise RecordFault(why, column=names)


def key_columns(plan: KeyedPlan, draft: Draft) -> tuple[str, ...]:
    """Return the columns of the input that identify the row: an id before match values."""
    for place, given in ((Place.ID, draft.id), (Place.EXTERNAL_ID, draft.external_id)):
        if given is not None:
            return tuple(one.source for one in plan.bindings if one.place is place)
    return tuple(sources_of(plan.match_bindings))


def row_id(kind: str, value: object) -> object:
    """Return the id of a row in the form of its path.

    Raises:
        RecordFault: the value is not a valid id.
    """
    if kind == "int":
        return integer(value)
    text = key_text(value) or ""
    return text.lower() if kind == "uuid" else text  # some databases write UUIDs in capitals


def match_locks(plan: KeyedPlan, draft: Draft) -> list[str]:
    """Return the keys of the row by its match values; one for each of several addresses."""
    if not plan.match_bindings or not (draft.matches or draft.references):
        return []
    values = dict(draft.matches) or _known_matches(plan, draft)
    names = sorted(values)
    return [f"match:{names}{one}" for one in product(*(terms(values[name], name) or [""] for name in names))]


def _known_matches(plan: KeyedPlan, draft: Draft) -> dict[str, object]:
    """Return the match values, with external ids instead of unknown ids."""
    waiting = {one.column: f"ext:{one.external_id}" for one in draft.references}
    return {
        one.name: draft.body.get(one.name, draft.custom.get(one.name, waiting.get(one.name)))
        for one in plan.match_bindings
        if one.name in waiting
    }


def parent_lock(plan: KeyedPlan, draft: Draft) -> str | None:
    """Return the key of the rows of one parent; None if the parent is not known."""
    parent = plan.spec.parent
    if parent is None:
        return None
    above = draft.body.get(parent)
    if above is None:
        above = next((f"ext:{one.external_id}" for one in draft.references if one.column == parent), None)
    return None if above is None else f"of:{above}"


def key_of(plan: KeyedPlan, draft: Draft) -> tuple[str, ...]:
    """Return the key by which the row of a record is found; empty without one."""
    if draft.id is not None:
        # A follower is found by its user below one row; the user may follow others.
        return ("id", draft.id, parent_lock(plan, draft) or "") if plan.spec.chosen_key else ("id", draft.id)
    if draft.external_id is not None:
        return ("external_id", draft.external_id)
    names = draft.match_keys = match_locks(plan, draft)
    return (parent_lock(plan, draft) or "", *sorted(names)) if names else ()
