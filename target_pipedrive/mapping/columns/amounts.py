"""Columns with an amount whose currency is a column of its own, such as the value of a deal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from typing_extensions import override

from target_pipedrive.mapping.columns.binding import Binding
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.scalars import CURRENCY

if TYPE_CHECKING:
    from target_pipedrive.account.currencies import Currencies
    from target_pipedrive.record.draft import Draft


@dataclass(slots=True, kw_only=True)
class AmountBinding(Binding):
    """A column that accepts a number, or a number with its currency.

    Attributes:
        currencies: the account's currencies.
    """

    currencies: Currencies
    plain: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.plain = self.by_id = False

    @override
    def apply(self, draft: Draft, value: object, extras: dict[str, object]) -> None:
        """Add the amount to the draft, and the currency if the value has one."""
        found = self.currencies.split(value)
        if found is None:
            Binding.apply(self, draft, value, extras)
            return
        amount, code = found
        if draft.body.get(CURRENCY, code) != code:
            raise RecordFault(
                f"has another currency than the column with the currency ({draft.body[CURRENCY]})"
            )
        draft.body[self.name] = self.encode(amount)
        draft.body[CURRENCY] = code
