"""Changes in readable form: options by label, references with the name of their row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from target_pipedrive.custom_fields.values import ENTITY_OF_TYPE
from target_pipedrive.mapping.columns.references import LIST_REFERENCES, REFERENCES
from target_pipedrive.mapping.stream import Plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from target_pipedrive.account.known_names import KnownNames
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.record.outcome import Result
    from target_pipedrive.record.task import StreamPlan, Task

    Reader: TypeAlias = Callable[[object], object]


class ReadableChanges:
    """Converter of changes to readable names, without requests.

    Args:
        registry: options of fields, as far as they were read.
        names: names of rows, as far as they are known.
    """

    def __init__(self, registry: FieldRegistry, names: KnownNames) -> None:
        self._registry = registry
        self._names = names

    def worded(self, task: Task, result: Result) -> Result:
        """Return a result with readable columns and values.

        Args:
            task: the record.
            result: of the record, with columns by their names in Pipedrive and custom fields by key.
        """
        plan = task.plan
        if plan is None or (result.before is None and result.after is None):
            return result
        for one in task.draft.references if task.draft is not None else ():
            if one.key in {"name", "title"} and one.column in one.place:
                self._names.remember(one.entity, str(one.place[one.column]), str(one.value))
        self._names.remember(plan.entity_name, result.id, result.name)
        return replace(result, before=self._shown(plan, result.before), after=self._shown(plan, result.after))

    def _shown(self, plan: StreamPlan, values: Mapping[str, object] | None) -> dict[str, object] | None:
        if values is None:
            return None
        shown: dict[str, object] = {}
        for (name,), (key, value) in zip(map(plan.names.named, zip(values)), values.items(), strict=True):
            reader = self._reader(plan, key)
            shown[name] = _plain(value if reader is None or value in (None, "", []) else reader(value))
        return shown

    def _reader(self, plan: StreamPlan, key: str) -> Reader | None:
        """Return the function that makes the values of a column readable; None if they are already."""
        if not isinstance(plan, Plan):
            return None
        fields = plan.custom_fields or ""
        if key not in plan.columns:
            return self._of_custom(fields, key)
        if key in plan.labelled and fields:
            return lambda value: self._labels(fields, key, value)
        kind = plan.columns[key].kind
        if kind.name == "list":
            return self._of_entity(LIST_REFERENCES.get(key))
        return self._of_entity(REFERENCES.get(key))

    def _of_custom(self, fields: str, key: str) -> Reader | None:
        definition = self._registry.known(fields).get(key)
        if definition is None:
            return lambda value: self._labels(fields, key, value)  # only options have labels
        if definition.kind in {"option", "options"}:
            return lambda value: self._labels(fields, key, value)
        return self._of_entity(ENTITY_OF_TYPE.get(definition.field_type))

    def _of_entity(self, entity: str | None) -> Reader | None:
        return None if entity is None else lambda value: self._row(entity, value)

    def _labels(self, fields: str, key: str, value: object) -> object:
        """Return the label of an option, or of each of several; v1 joins their numbers with commas."""
        if isinstance(value, str) and "," in value:
            value = value.split(",")
        if isinstance(value, list):
            return [self._labels(fields, key, one) for one in value]
        return self._registry.label(fields, key, value) or value

    def _rows(self, entity: str, value: object) -> object:
        return [self._row(entity, one) for one in value] if isinstance(value, list) else value

    def _row(self, entity: str, value: object) -> object:
        """Return id and name of a row; v1 embeds the row, or some of its columns."""
        if isinstance(value, list):
            return self._rows(entity, value)
        row_id, name = value, ""
        if isinstance(value, Mapping):
            row_id = value.get("id", value.get("value"))
            name = str(value.get("name") or "")
        name = name or self._names.of(entity, row_id)
        return {"id": row_id, "name": name} if name else {"id": row_id}


def _plain(value: object) -> object:
    """Return a stored value without parts that only repeat it."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one not in (None, "")}
    return [_plain(one) for one in value] if isinstance(value, list) else value
