"""Values that Pipedrive stores in another form than sent, recorded so they are not sent in every run.

Pipedrive cleans HTML, trims texts, rounds numbers, and silently ignores some changes. The ledger stores a
digest of the sent value and a digest of the value stored afterwards: while both are unchanged, there is
nothing to send. The values themselves are not stored.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from target_pipedrive.ids.provisional import as_text
from target_pipedrive.values.compare import EMPTY_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable

FormKey: TypeAlias = "tuple[str, str, str]"
"""Entity, id of the row, name of the column."""
_DIGEST = 12
_encode = msgspec.json.Encoder(order="deterministic", decimal_format="number", enc_hook=as_text).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForm:
    """A sent value and the value stored in Pipedrive afterwards.

    Attributes:
        entity: entity of the row.
        row_id: id of the row.
        column: name of the column or key of the custom field.
        sent: digest of the value that was sent.
        held: digest of the value that the row had then.
        taken: True if the row changed; False if Pipedrive ignored the value.
    """

    entity: str
    row_id: str
    column: str
    sent: bytes
    held: bytes
    taken: bool


def form_of(entity: str, row_id: str, column: str, sent: object, held: object, *, taken: bool) -> StoredForm:
    """Return the digests of a sent value and of the stored value."""
    return StoredForm(
        entity=entity,
        row_id=row_id,
        column=column,
        sent=_digest(sent),
        held=_digest(_as_sent(held, sent)),
        taken=taken,
    )


class StoredForms:
    """Stored forms in the ledger; thread-safe.

    Args:
        known: forms of earlier runs.
    """

    def __init__(self, known: Iterable[StoredForm] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: dict[FormKey, tuple[bytes, bytes, bool]] = {}
        self._rows: dict[tuple[str, str], set[str]] = {}
        for form in known:
            self.put(form)

    def put(self, form: StoredForm) -> None:
        """Add a form; it replaces an earlier one of the column."""
        with self._lock:
            self._forms[form.entity, form.row_id, form.column] = form.sent, form.held, form.taken
            self._rows.setdefault((form.entity, form.row_id), set()).add(form.column)

    def known(self, entity: str, row_id: str, column: str, sent: object, held: object) -> bool | None:
        """Return whether Pipedrive accepted the value when it was last sent; None if it must be sent.

        It must be sent if it was never sent, or if it or the row's value has changed since.
        """
        if (entity, row_id) not in self._rows:
            return None
        form = self._forms.get((entity, row_id, column))
        if form is None or form[:2] != (_digest(sent), _digest(_as_sent(held, sent))):
            return None
        return form[2]

    def drop(self, entity: str, row_id: str) -> None:
        """Remove the forms of a deleted row."""
        with self._lock:
            for column in self._rows.pop((entity, row_id), ()):
                self._forms.pop((entity, row_id, column), None)


def _digest(value: object) -> bytes:
    return hashlib.blake2b(_encode(_plain(value)), digest_size=_DIGEST).digest()


def _plain(value: object) -> object:
    """Return a value in its normal form: all empty values are equal, and 5 is equal to 5.0."""
    if value in EMPTY_VALUES:
        return None
    if isinstance(value, Mapping):
        parts = {str(name): _plain(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part is not None} or None
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (float, Decimal)) and not isinstance(value, bool):
        return int(value) if value == int(value) else float(value)
    return value


def _as_sent(held: object, sent: object) -> object:
    """Return the stored value without parts that are missing in the sent value."""
    if isinstance(held, Mapping) and isinstance(sent, Mapping):
        return {name: _as_sent(part, sent.get(name)) for name, part in held.items() if name in sent}
    if isinstance(held, list) and isinstance(sent, list) and len(held) == len(sent):
        return [_as_sent(one, other) for one, other in zip(held, sent, strict=True)]
    if isinstance(held, Mapping):
        return held.get("id", held.get("value", held))
    return held
