"""Exact-text index of the rows of a large table, built in one pass.

Rows of a base never change: written rows override them. So the index is built once for each field, and the
written rows are compared every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipedrive_emulator.account.base import Base
    from pipedrive_emulator.account.store import Table
    from pipedrive_emulator.api.http import Row

Texts = dict[str, list[int]]
_KNOWN: WeakKeyDictionary[Base, dict[str, Texts]] = WeakKeyDictionary()


def _index(table: Table, base: Base, texts: Callable[[Row], Iterable[str]]) -> Texts:
    found: Texts = {}
    for seq in range(1, base.count + 1):
        if seq not in table.rows:
            for text in texts(table.row(seq)):
                found.setdefault(text.lower(), []).append(seq)
    return found


def exact_rows(
    table: Table, term: str, fields: Mapping[str, Callable[[Row], Iterable[str]]]
) -> Iterator[int]:
    """Return the numbers of the rows that may contain the exact term in one of the fields, ascending.

    Args:
        table: the table; all written rows are included.
        term: the text, in lower case.
        fields: functions that return a row's texts, by name of the field.
    """
    base = table.base
    found = set(table.rows)
    if base is not None:
        known = _KNOWN.setdefault(base, {})
        for name, texts in fields.items():
            if name not in known:
                known[name] = _index(table, base, texts)
            found.update(known[name].get(term, ()))
    return iter(sorted(seq for seq in found if table.holds(seq)))
