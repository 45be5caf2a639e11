"""Foreign keys of a record: the columns that contain them, collected for later resolution."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from target_pipedrive.account.row_names import NATURAL_KEYS
from target_pipedrive.record.draft import NATURAL, Reference
from target_pipedrive.values.identity import is_missing, key_text, match_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from target_pipedrive.record.draft import Draft

_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?")
REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "deal_id": "deals",
        "person_id": "persons",
        "org_id": "organizations",
        "organization_id": "organizations",
        "rel_owner_org_id": "organizations",
        "rel_linked_org_id": "organizations",
        "product_id": "products",
        "activity_id": "activities",
        "lead_id": "leads",
        "note_id": "notes",
        "pipeline_id": "pipelines",
        "stage_id": "stages",
        "project_id": "projects",
        "board_id": "boards",
        "phase_id": "phases",
        "task_id": "tasks",
        "parent_task_id": "tasks",
        "parent_role_id": "roles",
        "role_id": "roles",
        "manager_id": "users",
        "product_variation_id": "product_variations",
        "owner_id": "users",
        "user_id": "users",
        "activity_type_id": "activity_types",
        "assignee_id": "users",
        "follower_id": "users",
    }
)
"""Columns with the id of another row → its entity."""
LIST_REFERENCES: Mapping[str, str] = MappingProxyType(
    {
        "deal_ids": "deals",
        "person_ids": "persons",
        "org_ids": "organizations",
        "assignee_ids": "users",
        "label_ids": "lead_labels",
        "pipeline_ids": "pipelines",
        "stage_ids": "stages",
        "users": "users",
    }
)
"""Columns with lists of such ids."""
KEY_REFERENCES: Mapping[str, str] = MappingProxyType({"statuses": "pipelines"})
"""Columns with an object that has such ids as keys."""

SEARCHED_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "organizations": {"name": "name"},
        "persons": {"email": "emails", "name": "name"},
        "products": {"code": "code", "name": "name"},
        "deals": {"title": "title"},
        "leads": {"title": "title"},
        "projects": {"title": "title"},
    }
)
"""Entities whose rows may be named by a natural key that is looked up before the write: key → column.

The first key identifies a row best.
"""
CREATABLE = frozenset({"organizations", "persons", "products"})
"""Entities whose missing rows `missing_references: create` adds."""

SAME_WORD = {"org": "organization", "organization": "org"}
SYNONYMS = {
    **dict.fromkeys(("company", "account", "customer", "organisation"), "organization"),
    "contact": "person",
    **dict.fromkeys(("seller", "salesperson"), "owner"),
}
"""Words for a row → word that its columns have."""

NO_KEY = object()
"""Marker for a value that identifies its row in another way than by external id."""


def natural_keys(entity: str) -> Collection[str]:
    """Return the names of the natural keys of an entity, the best first."""
    return NATURAL_KEYS[entity].columns if entity in NATURAL_KEYS else SEARCHED_KEYS.get(entity, ())


def external_key(value: object) -> object:
    """Return the value of `{"external_id": …}`, in any spelling of the name; `NO_KEY` for other values."""
    if isinstance(value, Mapping):
        for name, held in value.items():
            if str(name).replace("_", "").casefold() == "externalid":
                return held
    return NO_KEY


def natural_key(entity: str, value: object) -> tuple[str, object] | None:
    """Return the natural key and value of `{"name": "Acme"}`, or None for anything else."""
    keys = SEARCHED_KEYS.get(entity)
    if keys is None or not isinstance(value, Mapping) or len(value) != 1:
        return None
    [(name, held)] = value.items()
    return (name, held) if name in keys and isinstance(held, (str, int)) and not is_missing(held) else None


def is_blank_key(entity: str, value: object) -> bool:
    """Return whether a value is a natural key without a value, such as `{"name": null}`."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    [(name, held)] = value.items()
    listed = NATURAL_KEYS[entity].columns if entity in NATURAL_KEYS else ()
    return is_missing(held) and (name in listed or name in SEARCHED_KEYS.get(entity, ()))


def by_text(entity: str, text: str) -> object:
    """Return a text in a custom field as the natural key of a row, unless it is a number."""
    keys = SEARCHED_KEYS.get(entity)
    if keys is None or is_missing(text) or _NUMBER.fullmatch(text.strip()):
        return text
    return {"email" if "@" in text and "email" in keys else list(keys)[-1]: text}


def by_natural_key(
    name: str, entity: str, key: str, value: object, place: dict[str, object], source: str
) -> Reference:
    """Return the reference of a column to a row that is named by a natural key."""
    return Reference(
        source=source,
        column=name,
        entity=entity,
        external_id=f"{NATURAL}{key} {match_text(value)}",
        place=place,
        key=key,
        value=value,
    )


def refer_named(
    name: str,
    entity: str,
    keys: Sequence[tuple[str, object] | None],
    slots: list[object],
    draft: Draft,
    source: str,
) -> None:
    """Collect the elements of a list that are natural keys; the others are already in their slots."""
    for at, key in enumerate(keys):
        if key is not None:
            reference = by_natural_key(name, entity, *key, _Slot(slots, at), source)
            reference.element = at + 1
            draft.references.append(reference)


def refer_by_key(reference: Reference, draft: Draft) -> None:
    """Collect a reference by natural key; of two keys of one column, such as e-mail and name, the better one.

    The other key is used if the row is created.
    """
    for at, one in enumerate(draft.references):
        if one.key and one.column == reference.column and one.place is reference.place:
            order = list(SEARCHED_KEYS[one.entity])
            better, other = sorted((one, reference), key=lambda each: order.index(each.key))
            better.also = (*better.also, *other.also, (other.key, other.value))
            draft.references[at] = better
            return
    draft.references.append(reference)


def refer_some(
    name: str,
    entity: str,
    keys: Sequence[object],
    slots: list[object],
    place: dict[str, object],
    draft: Draft,
) -> None:
    """Collect the elements of a list that are external ids; the others are already in their slots."""
    place[name] = []
    draft.lists.append((name, place, slots))
    draft.references += [
        Reference(column=name, entity=entity, external_id=key_text(key) or "", place=_Slot(slots, at))
        for at, key in enumerate(keys)
        if key is not NO_KEY and not is_missing(key)
    ]


def refer_all(
    name: str,
    entity: str,
    ids: list[object],
    place: dict[str, object],
    draft: Draft,
    prefix: str = "",
    *,
    optional: bool,
) -> None:
    """Collect a list of ids, which is completed after all are resolved."""
    slots: list[object] = [None] * len(ids)
    place[name] = []
    draft.lists.append((name, place, slots))
    draft.references += [
        Reference(
            column=name,
            entity=entity,
            external_id=f"{prefix}{key_text(one)}",
            place=_Slot(slots, at),
            optional=optional,
        )
        for at, one in enumerate(ids)
    ]


def refer_within(value: object, draft: Draft) -> None:
    """Translate the ids inside objects and lists, such as the participants of an activity."""
    if isinstance(value, list):
        for entry in value:
            refer_within(entry, draft)
        if any(isinstance(entry, dict) for entry in value):
            draft.lists_of_rows.append((value, list(value)))
        return
    if not isinstance(value, dict):
        return
    for name, held in list(value.items()):
        entity = REFERENCES.get(name) or LIST_REFERENCES.get(name)
        if name in KEY_REFERENCES and isinstance(held, dict):
            value[name] = _refer_keys(name, held, draft)
        elif entity is None or is_missing(held) or isinstance(held, dict):
            refer_within(held, draft)
        elif isinstance(held, list):
            refer_all(name, entity, held, value, draft, optional=entity == "users")
        else:
            del value[name]  # an id of another account is never sent
            draft.references.append(
                Reference(
                    column=name,
                    entity=entity,
                    external_id=key_text(held) or "",
                    place=value,
                    optional=entity == "users",
                )
            )


def _refer_keys(name: str, held: Mapping[str, object], draft: Draft) -> dict[str, object]:
    """Collect ids that are keys; each value is stored under its key after that is resolved."""
    found: dict[str, object] = {}
    draft.references += [
        Reference(
            column=name,
            entity=KEY_REFERENCES[name],
            external_id=key_text(one) or "",
            place=_UnderKey(found, value),
        )
        for one, value in held.items()
    ]
    return found


class _UnderKey(dict[str, object]):
    """A value with a pending key, written to like a mapping with one key."""

    def __init__(self, target: dict[str, object], value: object) -> None:
        super().__init__()
        self._target = target
        self._value = value

    def __setitem__(self, key: str, value: object) -> None:
        self._target[str(value)] = self._value


class _Slot(dict[str, object]):
    """A position in a list, written to like a mapping with one key."""

    def __init__(self, target: list[object], at: int) -> None:
        super().__init__()
        self._target = target
        self._at = at

    def __setitem__(self, key: str, value: object) -> None:
        self._target[self._at] = value
