"""Plans of streams whose records are field definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from pipedrive_client.fields import HASH_KEY
from target_pipedrive.custom_fields.options import label_key, options_of
from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.identity import is_blank, key_text
from target_pipedrive.values.scalars import boolean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_pipedrive.record.row import Row


class FieldPlan(EntityPlan):
    """Plan of a stream of field definitions, for custom fields and Pipedrive's own."""

    @override
    def draft(self, record: Mapping[str, object]) -> Draft:
        own = self._is_own(record)
        if not self.foreign:
            draft = super().draft(self._without_type(record) if own else record)
            _leave_places(draft)
            return draft
        facts = {"is_custom_field": not own, "options": self._value(record, "options")}
        if own:
            return Draft(external_id=key_text(self._value(record, self.spec.key)), facts=facts)
        draft = super().draft(record)
        _leave_places(draft)
        draft.facts = facts
        for reference in draft.references:
            reference.soft = True  # its pipelines and stages may be received later
        return draft

    def _is_own(self, record: Mapping[str, object]) -> bool:
        """Return whether the field is one of Pipedrive's own, according to the record or its key."""
        mark = self._value(record, "is_custom_field")
        if not is_blank(mark):
            return not boolean(mark)
        keys = [record.get(one.source) for one in self.bindings if one.name == self.spec.key]
        return any(isinstance(key, str) and key and not HASH_KEY.fullmatch(key) for key in keys)

    def _without_type(self, record: Mapping[str, object]) -> Mapping[str, object]:
        """Return the record without its type: Pipedrive's own fields have types of their own."""
        sources = {one.source for one in self.bindings if one.name == "field_type"}
        return {name: value for name, value in record.items() if name not in sources}

    @override
    def check_change(self, row: Row, changed: Iterable[str]) -> None:
        if not row.get("is_custom_field", True):
            raise RecordFault(
                "is a built-in field of Pipedrive, which cannot be changed, and differs in {columns}; "
                "omit these columns",
                fields=changed,
            )

    @override
    def remark(self, draft: Draft, row: Row) -> str:
        held = {label_key(label) for _, label in options_of(row)}
        given = draft.body.get("options")
        labels = (
            [str(one.get("label")) for one in given if isinstance(one, dict)]
            if isinstance(given, list)
            else []
        )
        lacking = [label for label in labels if label_key(label) not in held]
        action = f"add_{self.spec.definitions}_field_options"
        return f"{action} adds its options {', '.join(lacking)}, an upsert does not" if lacking else ""


def _leave_places(draft: Draft) -> None:
    """Remove the position of a field in a dialog, which Pipedrive computes itself."""
    visible = draft.body.get("ui_visibility")
    for part in visible.values() if isinstance(visible, dict) else ():
        if isinstance(part, dict):
            part.pop("order", None)
