"""Requests and responses of writes: path, files of the body, and values of the response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import RecordError
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.spec import Verb

if TYPE_CHECKING:
    from pipedrive_client import Answer
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a write came to.

    Attributes:
        id: Pipedrive id of the row, if the answer or the look-up names one.
        data: what the answer held under `data`.
        note: why there was no call, or a look-up instead of an answer.
        made_before: whether an earlier try at the same record had made the row, knowing less maybe of what it
            points at.
    """

    id: str | None = None
    data: object = None
    note: str = ""
    made_before: bool = False


def is_guarded(action: ActionSpec) -> bool:
    """Whether doing it twice differs from once, so that the ledger must know."""
    return (action.method == "POST" and not action.repeatable) or action.verb in (Verb.DELETE, Verb.MERGE)


def makes_row(action: ActionSpec) -> bool:
    """Whether a finished call has the id of a new row: an addition of an entity, answered with data.

    Options of a field and members of a team are answered with a list, and a provider link with nothing but
    a confirmation.
    """
    entity = ENTITIES.get(action.entity)
    return action.verb is Verb.ADD and not action.silent and entity is not None and entity.add == action.name


def linked_by(task: Task, action: ActionSpec | None) -> tuple[str, str] | None:
    """Entity and external id of the row that an addition makes for its record, if it has one."""
    draft, plan = task.draft, task.plan
    if action is None or action.verb is not Verb.ADD or draft is None or plan is None:
        return None
    if draft.external_id is None or action.entity != plan.entity_name:
        return None
    return plan.entity_name, draft.external_id


def opened_files(draft: Draft) -> dict[str, tuple[str, bytes, str]]:
    """Parts of a multipart body with their bytes."""
    found = {}
    for name, (filename, source, content_type) in draft.files.items():
        content = source.read_bytes() if isinstance(source, Path) else source
        if not isinstance(content, bytes):
            raise RecordError(f"{name} holds no bytes")
        found[name] = (filename, content, content_type)
    return found


def done_of(action: ActionSpec, draft: Draft, answer: Answer, entity: EntitySpec | None) -> Done:
    """What an answer says was done."""
    body = answer.json() if answer.is_json and answer.body else None
    data = body.get("data") if isinstance(body, Mapping) else None
    row_id = None
    if isinstance(data, Mapping) and len(data) == 1:
        inner = next(iter(data.values()))  # goals come one level deeper
        data = inner if isinstance(inner, Mapping) else data
    if isinstance(data, Mapping):
        key = entity.key if entity is not None else "id"
        row_id = next(
            (data[name] for name in (key, "id", "field_code", "user_id") if data.get(name) is not None), None
        )
    if row_id is None:
        row_id = path_id(action, draft)
    return Done(id=None if row_id is None else str(row_id), data=data)


def path_id(action: ActionSpec, draft: Draft) -> str | None:
    """The id in the path that names the row itself, which is the last one."""
    if not action.placeholders or action.verb is Verb.ADD:
        return None
    value = draft.path.get(action.placeholders[-1])
    return None if value is None else str(value)
