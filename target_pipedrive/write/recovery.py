"""Recovery after interruptions: rows whose create request was sent but never confirmed."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from target_pipedrive.values import compare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.notation import Columns
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.row import Row

FOUND = "found after an interrupted call"
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[^>]*>|\s+")
_NO_VALUE: tuple[object, ...] = (None, "", [], {}, 0, False)


class Claims:
    """Rows by the record that added them; thread-safe.

    Args:
        rows: reads rows for lookups.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._identities: dict[str, dict[str, bytes]] = {}

    def put(self, action: str, row_id: str, identity: bytes) -> None:
        """Record which record added a row."""
        with self._lock:
            self._identities.setdefault(action, {})[row_id] = identity

    def drop(self, action: str, row_id: str) -> bytes | None:
        """Forget a deleted row, and return the record that added it."""
        with self._lock:
            return self._identities.get(action, {}).pop(row_id, None)

    def recent(self, draft: Draft, entity: EntitySpec, since: str, stream: str) -> list[Row]:
        """Return rows that may have been added since a time, with the same parent where there is one."""
        path = {entity.path.get(name, name): value for name, value in draft.path.items()}
        return list(self._rows.recent(entity, path | draft.body, since, stream))

    def claim(
        self,
        rows: Iterable[Row],
        action: ActionSpec,
        draft: Draft,
        sent: Mapping[str, object],
        entity: EntitySpec,
        identity: bytes,
    ) -> tuple[str, Row] | None:
        """Return id and row that agree with what was sent and that no other record added.

        A custom field that references a row which was not received yet may be empty. Of several rows the one
        that lacks least is chosen, and of these the one with the least other content: an add with less
        content than another fits both rows.
        """
        columns = action.body_columns
        soft = {one.column for one in draft.references if one.soft}
        filename = next((part[0] for part in draft.files.values()), None)
        with self._lock:
            taken = self._identities.setdefault(action.name, {})
            fitting: list[tuple[int, int, int, str, Row]] = []
            for row in rows:
                row_id = str(row.get(entity.key) or row.get("user_id") or "")
                if not row_id or row_id in taken:
                    continue
                if filename is not None and filename not in (row.get("name"), row.get("file_name")):
                    continue
                lacking = _lacking(row, soft)
                asked = _without(sent, lacking)
                if all(_agrees(asked[name], row, name, columns) for name in asked):
                    others = _count_others(sent, row, columns)
                    fitting.append((len(lacking), others, len(fitting), row_id, row))
            if not fitting:
                return None
            *_, row_id, row = min(fitting, key=lambda one: one[:3])
            taken[row_id] = identity
            return row_id, row


def holds(row: Row, sent: Mapping[str, object], columns: Columns) -> bool:
    """Return whether a row has everything that was sent."""
    return all(name in row and _agrees(value, row, name, columns) for name, value in sent.items())


def _lacking(row: Row, soft: Iterable[str]) -> set[str]:
    """Return custom fields that the row lacks and may have been added without."""
    customs = row.get("custom_fields")
    held = customs if isinstance(customs, Mapping) else row
    return {name for name in soft if held.get(name) in _NO_VALUE}


def _without(sent: Mapping[str, object], names: Collection[str]) -> Mapping[str, object]:
    """Return what was sent, without some custom fields."""
    if not names:
        return sent
    asked = {name: value for name, value in sent.items() if name not in names}
    customs = asked.pop("custom_fields", None)
    if isinstance(customs, Mapping):
        kept = {name: value for name, value in customs.items() if name not in names}
        asked |= {"custom_fields": kept} if kept else {}
    return asked


def _count_others(sent: Mapping[str, object], row: Row, columns: Columns) -> int:
    """Return the number of values that the row has and that were not sent."""
    customs = row.get("custom_fields")
    held = customs.values() if isinstance(customs, dict) and "custom_fields" not in sent else ()
    others = [row.get(name) for name in columns if name not in sent and name != "custom_fields"]
    return sum(value not in _NO_VALUE for value in (*others, *held))


def _agrees(sent: object, row: Row, name: str, columns: Columns) -> bool:
    """Return whether a row has what was sent in a column; a column that it does not show agrees."""
    if name not in row:
        return True
    column = columns.get(name)
    kind = column.kind if column is not None else None
    held = row[name]
    if isinstance(sent, str) and isinstance(held, str):
        return compare.same(sent, held, kind) or _plain(sent) == _plain(held)
    return compare.same(sent, held, kind)


def _plain(text: str) -> str:
    """Return a text without markup, hidden content and white space: Pipedrive cleans HTML."""
    return _TAGS.sub("", html.unescape(_UNSEEN.sub("", text)))
