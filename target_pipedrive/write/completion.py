"""Completion of partial values of a record just before a write.

Records may contain a part of an address, an amount without a currency, one of several emails. `settled`
merges these with the values of the row; `complete` does the same for a call whose row was not read yet, and
fills in the account's default currency, without which Pipedrive accepts no amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.spec import Verb
from target_pipedrive.custom_fields.values import held_custom
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.mapping.columns.placement import Name, all_match, placed, placed_columns
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.compound import compounds, merged

if TYPE_CHECKING:
    from pipedrive_client.fields import FieldDefinition
    from target_pipedrive.account.current_user import CurrentUser
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row

AMOUNT, CURRENCY = "amount", "currency"


def settled(
    draft: Draft, row: Row, registry: FieldRegistry, custom_fields: str | None, *, flat: bool
) -> tuple[dict[str, object], dict[str, object]]:
    """Return body and custom fields of a draft with all compound values whole.

    Args:
        draft: values of the record.
        row: row of Pipedrive; empty for a new row.
        registry: custom fields of the account.
        custom_fields: name of the entity in the field registry.
        flat: True if the row has custom fields in the form of v1.

    Raises:
        RecordFault: the parts are not a complete value; the message contains the column.
    """
    body, custom = dict(draft.body), dict(draft.custom)
    for name in compounds(body):
        body[name] = _merged(name, row.get(name), body[name])
    incomplete = compounds(custom)
    known = registry.by_key(custom_fields or "") if incomplete else {}
    for key in incomplete:
        custom[key] = _merged(key, held_custom(row, known.get(key), key, flat=flat), custom[key])
    return body, custom


def _merged(column: str, held: object, given: object) -> object:
    try:
        return merged(held, given)
    except RecordFault as fault:
        raise fault.of_field(column) from None


def complete(
    draft: Draft,
    action: ActionSpec,
    entity: EntitySpec | None,
    rows: Rows,
    registry: FieldRegistry,
    user: CurrentUser,
    stream: str,
) -> None:
    """Merge compound values of a call with the row it changes, and fill in missing currencies.

    Args:
        draft: the write; its body and custom fields are replaced where they are incomplete.
        action: action of the request.
        entity: where the row can be read; None when it cannot.
        rows: reads it.
        registry: knows the custom fields.
        user: current user, with the default currency.
        stream: name the requests are counted under.

    Raises:
        RecordFault: the row does not exist, or the parts are not a complete value.
    """
    if compounds(draft.body) or compounds(draft.custom):
        row = _held(draft, action, entity, rows, stream)
        draft.body, draft.custom = settled(
            draft, row, registry, action.custom_fields, flat=action.flat_custom_fields
        )
    _place(draft, action, entity, rows, stream)
    for name in action.money_columns:
        value = draft.body.get(name)
        if isinstance(value, Mapping) and AMOUNT in value and not value.get(CURRENCY):
            draft.body[name] = {**value, CURRENCY: user.default_currency(stream, name)}
    for name in action.price_columns:
        prices = draft.body.get(name)
        if isinstance(prices, list) and any(CURRENCY not in price for price in prices):
            default = user.default_currency(stream, name)
            draft.body[name] = [{CURRENCY: default, **price} for price in prices]
    for key, value in draft.custom.items():
        if isinstance(value, Mapping) and not value.get(CURRENCY) and _is_money(registry, action, key):
            draft.custom[key] = {**value, CURRENCY: user.default_currency(stream, key)}


def _place(draft: Draft, action: ActionSpec, entity: EntitySpec | None, rows: Rows, stream: str) -> None:
    """Look up names of stages and pipelines, and check that those of a call belong together."""
    named, body = _placed(action.becomes or action.entity, action.parent or ""), draft.body
    if named is None or all_match(body, named, rows, stream):
        return
    columns = placed_columns(named) & body.keys()
    by_name = any(isinstance(body[name], Name) for name in columns)
    if not by_name and len(columns) == 1:
        return
    row = _held(draft, action, entity or named, rows, stream) if by_name and len(columns) == 1 else None
    draft.body = placed(body, row, named, rows, stream)


@cache
def _placed(entity: str, parent: str) -> EntitySpec | None:
    """Return the entity of the row that a call writes, if it has columns that may be given by name."""
    named = ENTITIES.get(entity) or ENTITIES.get(parent)
    return named if named is not None and named.within else None


def _is_money(registry: FieldRegistry, action: ActionSpec, key: str) -> bool:
    definition: FieldDefinition | None = registry.by_key(action.custom_fields or "").get(key)
    return definition is not None and definition.field_type == "monetary"


def _held(draft: Draft, action: ActionSpec, entity: EntitySpec | None, rows: Rows, stream: str) -> Row:
    """Return the row that an update changes; empty for a new one.

    Raises:
        RecordFault: there is no such row.
    """
    if action.verb is not Verb.UPDATE or entity is None:
        return {}
    named = {entity.path.get(name, name): value for name, value in draft.path.items()}
    row_id = named.get(entity.key)
    if row_id is None or isinstance(row_id, ProvisionalId):
        return {}
    row = rows.one(entity, str(row_id), {**draft.body, **named}, stream)
    if row is None:
        column = next(name for name in draft.path if entity.path.get(name, name) == entity.key)
        raise RecordFault(
            f"has {{columns}} {row_id}, which does not exist in this account (any more)",
            fields=(column,),
        )
    return row
