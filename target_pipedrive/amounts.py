"""Amounts of money whose record names only the number or only the currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive.faults import RecordFault
from target_pipedrive.rows import is_provisional
from target_pipedrive.spec import Verb

if TYPE_CHECKING:
    from target_pipedrive.current_user import CurrentUser
    from target_pipedrive.rows import Row, Rows
    from target_pipedrive.spec import ActionSpec, EntitySpec
    from target_pipedrive.tasks import Draft

AMOUNT, CURRENCY = "amount", "currency"


def complete_amounts(
    draft: Draft, action: ActionSpec, entity: EntitySpec | None, rows: Rows, user: CurrentUser, stream: str
) -> None:
    """Fill in the half of an amount that the record leaves out, as Pipedrive requires both.

    The row that is updated keeps its currency, or its number; a new row gets the account's default currency.

    Args:
        draft: the write; its `value` is replaced where it is incomplete.
        action: what is called.
        entity: where the row can be read; None when it cannot.
        rows: reads it.
        user: knows the default currency.
        stream: name the requests are counted under.

    Raises:
        RecordFault: there is a currency but no number, in the record or in Pipedrive.
    """
    for name in action.money_columns:
        given = draft.body.get(name)
        if not isinstance(given, Mapping) or (AMOUNT in given and CURRENCY in given):
            continue
        held = _held(draft, action, entity, rows, stream).get(name)
        held = held if isinstance(held, Mapping) else {}
        amount, currency = given.get(AMOUNT, held.get(AMOUNT)), given.get(CURRENCY, held.get(CURRENCY))
        if amount is None:
            raise RecordFault(f"{name} needs an amount beside its currency")
        draft.body[name] = {AMOUNT: amount, CURRENCY: currency or user.default_currency(stream)}


def _held(draft: Draft, action: ActionSpec, entity: EntitySpec | None, rows: Rows, stream: str) -> Row:
    """The row that an update changes; empty for a new one."""
    row_id = draft.path.get("id")
    if action.verb is not Verb.UPDATE or entity is None or row_id is None or is_provisional(row_id):
        return {}
    return rows.one(entity, str(row_id), {**draft.path, **draft.body}, stream) or {}
