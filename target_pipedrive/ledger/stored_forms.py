"""Values that Pipedrive stores in another form than sent, recorded so that they are not sent in every run.

Pipedrive cleans HTML, trims texts, rounds numbers, and ignores some changes without a word. The ledger keeps
a digest of what was sent and a digest of what was held after it: while neither differs, both sides are as the
last write left them, and there is nothing to send. No value itself is kept.
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
    """One value as it was sent and as it was held after that.

    Attributes:
        entity: entity of the row.
        row_id: id of the row.
        column: name of the column or key of the custom field.
        sent: digest of the value that was sent.
        held: digest of the value that the row held then.
        taken: whether the row changed; False where Pipedrive ignored the value.
    """

    entity: str
    row_id: str
    column: str
    sent: bytes
    held: bytes
    taken: bool


def form_of(entity: str, row_id: str, column: str, sent: object, held: object, *, taken: bool) -> StoredForm:
    """Return the digests of a value that was sent and of what is held instead."""
    return StoredForm(
        entity=entity,
        row_id=row_id,
        column=column,
        sent=_digest(sent),
        held=_digest(_as_sent(held, sent)),
        taken=taken,
    )


class StoredForms:
    """The forms that the ledger knows; safe to share between threads.

    Args:
        known: what earlier runs noted.
    """

    def __init__(self, known: Iterable[StoredForm] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: dict[FormKey, tuple[bytes, bytes, bool]] = {}
        self._rows: dict[tuple[str, str], set[str]] = {}
        for form in known:
            self.put(form)

    def put(self, form: StoredForm) -> None:
        """Note a form; the last one of a column counts."""
        with self._lock:
            self._forms[form.entity, form.row_id, form.column] = form.sent, form.held, form.taken
            self._rows.setdefault((form.entity, form.row_id), set()).add(form.column)

    def known(self, entity: str, row_id: str, column: str, sent: object, held: object) -> bool | None:
        """Whether the value was taken when it was sent last; None where it is to be sent.

        It is to be sent when it was never sent, or when it or what the row holds differs since.
        """
        if (entity, row_id) not in self._rows:
            return None
        form = self._forms.get((entity, row_id, column))
        if form is None or form[:2] != (_digest(sent), _digest(_as_sent(held, sent))):
            return None
        return form[2]

    def drop(self, entity: str, row_id: str) -> None:
        """Forget a row that is gone."""
        with self._lock:
            for column in self._rows.pop((entity, row_id), ()):
                self._forms.pop((entity, row_id, column), None)


def _digest(value: object) -> bytes:
    return hashlib.blake2b(_encode(_plain(value)), digest_size=_DIGEST).digest()


def _plain(value: object) -> object:
    """Return a value in one spelling: the ways to say nothing are one, and so are 5 and 5.0."""
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
    """What is held, without the parts that the value sent does not speak of: answers and lists show more."""
    if isinstance(held, Mapping) and isinstance(sent, Mapping):
        return {name: _as_sent(part, sent.get(name)) for name, part in held.items() if name in sent}
    if isinstance(held, list) and isinstance(sent, list) and len(held) == len(sent):
        return [_as_sent(one, other) for one, other in zip(held, sent, strict=True)]
    if isinstance(held, Mapping):
        return held.get("id", held.get("value", held))
    return held
