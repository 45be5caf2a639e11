"""Currencies by code, name or symbol, and amounts written with their currency, such as `12500 EUR`."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipedrive_client import Paging
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values import scalars
from target_pipedrive.values.identity import is_blank, match_text

if TYPE_CHECKING:
    from pipedrive_client import PipedriveClient
    from target_pipedrive.values.encoders import Encoder

_PATH = "/v1/currencies"
_COST = 20
_CODE = re.compile(r"[A-Za-z]{3}")
_AMOUNT = re.compile(
    r"(?P<before>[^\d\s.,+-]\D*?)?\s*(?P<number>[-+]?\d+(?:\.\d+)?)\s*(?P<after>[^\d\s.,+-].*)?"
)
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d+")
AMOUNT_KEYS: Mapping[str, str] = {"money": "amount", "monetary": "value", "prices": "price"}
"""Kinds of values with an amount and its currency → key of the amount."""


class Currencies:
    """Currencies of the account; the list is requested once, and only for a name or symbol.

    Args:
        client: the client.
    """

    def __init__(self, client: PipedriveClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._codes: dict[str, list[str]] | None = None

    def code(self, value: object) -> object:
        """Return the code of a currency that is given by code, name or symbol.

        Raises:
            RecordFault: no currency has it, or several have it.
        """
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value.upper()
        code = str(scalars.currency(value))
        if _CODE.fullmatch(code) or not code:
            return code
        found = self._listed().get(match_text(code), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise RecordFault(f"contains a currency that may be {' or '.join(found)}: use one of these codes")
        raise RecordFault("contains a currency that Pipedrive does not have: use a code such as EUR")

    def split(self, value: object) -> tuple[str, object] | None:
        """Return amount and code of a text such as `12500 EUR` or `€ 12500`; None for other values."""
        match = _AMOUNT.fullmatch(scalars.plain_minus(value)) if isinstance(value, str) else None
        if match is None or bool(match["before"]) == bool(match["after"]) or _SCIENTIFIC.fullmatch(match[0]):
            return None
        return match["number"], self.code(match["before"] or match["after"])

    def encoder(self, kind: str, plain: Encoder) -> Encoder:
        """Return an encoder that accepts currencies by code, name or symbol, also behind an amount.

        Args:
            kind: `currency`, or one of `AMOUNT_KEYS`.
            plain: encodes values with codes.
        """
        if kind == "currency":
            return self.code
        amount = AMOUNT_KEYS[kind]

        def with_code(value: object) -> object:
            if isinstance(value, list):
                return [with_code(one) for one in value]
            if isinstance(value, Mapping):
                currency = value.get("currency")
                return value if is_blank(currency) else {**value, "currency": self.code(currency)}
            found = self.split(value)
            return value if found is None else {amount: found[0], "currency": found[1]}

        return lambda value: plain(with_code(scalars.from_json_text(value)))

    def _listed(self) -> Mapping[str, list[str]]:
        with self._lock:
            if self._codes is None:
                codes: dict[str, list[str]] = {}
                pages = self._client.pages(
                    _PATH, paging=Paging.NONE, cost=_COST, label="currencies", prefetch=0
                )
                for row in (row for page in pages for row in page.rows if row.get("active_flag", True)):
                    for key in {match_text(row[name]) for name in ("name", "symbol") if row.get(name)}:
                        codes.setdefault(key, []).append(str(row["code"]))
                self._codes = codes
            return self._codes
