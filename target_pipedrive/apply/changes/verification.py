"""Verification of a write by its response: columns that Pipedrive stored, ignored or normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from target_pipedrive.apply.changes.diff import custom_changes
from target_pipedrive.ledger.stored_forms import StoredForm, StoredForms, form_of
from target_pipedrive.values import compare

if TYPE_CHECKING:
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.notation import Columns, Kind
    from target_pipedrive.catalog.spec import EntitySpec
    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.ledger.store import Ledger
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.row import Row

_CLOSE = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The content of one write.

    Attributes:
        body: columns of the body.
        custom: custom fields by key.
        columns: columns that the action takes.
    """

    body: Mapping[str, object]
    custom: Mapping[str, object]
    columns: Columns


class Verifier:
    """Compares responses with the values that were sent, and keeps the forms that Pipedrive stores.

    Args:
        forms: stored forms of earlier writes.
        journal: notes forms in the ledger.
        rows: reads rows that responses to writes show only in part.
    """

    def __init__(self, forms: StoredForms, journal: Journal, rows: Rows) -> None:
        self._rows = rows
        self._forms = forms
        self._journal = journal

    def leave_out(
        self,
        plan: EntityPlan,
        row_id: str,
        row: Row,
        changed: dict[str, object],
        custom: dict[str, object],
    ) -> tuple[str, ...]:
        """Remove values from an update that Pipedrive is known to store in the form of the row.

        Returns:
            The columns among them that Pipedrive ignored when they were sent.
        """
        ignored: list[str] = []
        for values, held in ((changed, row), (custom, held_customs(row, plan.spec))):
            for name in list(values):
                taken = self._forms.known(plan.spec.name, row_id, name, values[name], held.get(name))
                if taken is None:
                    continue
                del values[name]
                if not taken:
                    ignored.append(name)
        return tuple(ignored)

    def shown(
        self, spec: EntitySpec, row_id: str | None, sent: Sent, response: object, stream: str
    ) -> object:
        """Return the response to a write, or the row where only a read shows all columns."""
        if not isinstance(response, Mapping) or row_id is None or spec.single is None:
            return response
        missing = sent.body.keys() - with_aliases(response, spec).keys()
        shows_none = bool(missing) and missing == sent.body.keys()
        if not shows_none and not (missing and spec.single.params):
            return response
        return self._rows.one(spec, row_id, sent.body, stream)

    def check(
        self, plan: EntityPlan, row_id: str, sent: Sent, before: Row | None, response: object
    ) -> tuple[str, ...]:
        """Return the columns that the response shows unchanged although another value was sent.

        Args:
            plan: of the stream.
            row_id: id of the row.
            sent: content of the write.
            before: the row before the write; None for one that was added.
            response: `data` of the response, or the row from a lookup.
        """
        if not isinstance(response, Mapping):
            return ()
        after = with_aliases(response, plan.spec)
        ignored: list[str] = []
        forms: list[StoredForm] = []
        unseen = before is not None
        for name, value in compare.differing(sent.body, after, sent.columns).items():
            shown = name in after
            if not shown and (not unseen or name in (before or {})):
                continue
            kind = sent.columns[name].kind
            taken = not shown or not _is_ignored(value, after[name], kind, before, name)
            forms.append(form_of(plan.spec.name, row_id, name, value, after.get(name), taken=taken))
            if not taken:
                ignored.append(name)
        held, was = held_customs(after, plan.spec), held_customs(before or {}, plan.spec)
        for key, value in custom_changes(plan, sent.custom, after).items():
            if key not in held:
                continue
            earlier = None if before is None else was
            taken = not _is_ignored(value, held[key], None, earlier, key)
            forms.append(form_of(plan.spec.name, row_id, key, value, held[key], taken=taken))
            if not taken:
                ignored.append(key)
        self._remember(forms)
        return tuple(ignored)

    def _remember(self, forms: list[StoredForm]) -> None:
        if not forms:
            return
        for form in forms:
            self._forms.put(form)

        def step(ledger: Ledger) -> None:
            for form in forms:
                ledger.keep_form(form)

        self._journal.note(step)

    def forget(self, plan: EntityPlan, row_id: str) -> None:
        """Forget a deleted row."""
        self._forms.drop(plan.spec.name, row_id)

    def ignored_by_action(
        self, spec: EntitySpec, row_id: str | None, sent: Sent, response: object, stream: str
    ) -> tuple[str, ...]:
        """Return the columns of a plain action that have other values in the row after it."""
        return _ignored(sent, self.shown(spec, row_id, sent, response, stream), spec)


def _ignored(sent: Sent, response: object, spec: EntitySpec) -> tuple[str, ...]:
    """Return the columns of the body that have other values in the response to a plain action."""
    if not isinstance(response, Mapping):
        return ()
    after = with_aliases(response, spec)
    return tuple(
        name
        for name, value in compare.differing(sent.body, after, sent.columns).items()
        if name in after and _is_ignored(value, after[name], sent.columns[name].kind, None, name)
    )


def with_aliases(row: Row, spec: EntitySpec) -> Row:
    """Return a row with the column names of records added."""
    named = {to: row[name] for name, to in spec.aliases.items() if name in row}
    return {**named, **row} if named else row


def held_customs(row: Row, spec: EntitySpec) -> Row:
    """Return the custom fields of a row by key."""
    if spec.flat_custom_fields:
        return row
    held = row.get("custom_fields")
    return held if isinstance(held, Mapping) else {}


def _is_ignored(sent: object, after: object, kind: Kind | None, before: Row | None, name: str) -> bool:
    """Return whether Pipedrive ignored a value; otherwise it stores the value in another form."""
    if before is not None and compare.same_or_empty(before.get(name), after):
        return True
    if after in compare.EMPTY_VALUES:
        return sent not in compare.EMPTY_VALUES
    if isinstance(sent, bool) or isinstance(after, bool):
        return sent != after
    if isinstance(sent, (int, float, Decimal)) and isinstance(after, (int, float)):
        return abs(Decimal(str(sent)) - Decimal(str(after))) > _CLOSE
    return bool(kind is not None and kind.choices)
