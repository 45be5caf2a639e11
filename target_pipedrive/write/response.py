"""Responses of writes: ids and data, successes without content, and the links of added rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import DataKind, Expectation, MalformedResponse, RecordError, flaw_of
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.spec import Verb

if TYPE_CHECKING:
    from pipedrive_client import Response
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task

NOT_IMPLEMENTED = 501
_WRITTEN = Expectation(kind=DataKind.ANY)


@dataclass(slots=True, kw_only=True)
class Done:
    """Outcome of a write; not frozen, which would cost a microsecond per record.

    Attributes:
        id: Pipedrive id of the row, if the response or the lookup names one.
        data: `data` of the response.
        note: why there was no request, or a lookup instead of a response.
        made_before: whether an earlier try for the same record added the row, perhaps without rows that it
            references.
    """

    id: str | None = None
    data: object = None
    note: str = ""
    made_before: bool = False


def is_guarded(action: ActionSpec) -> bool:
    """Return whether repeating the action has another effect, so that the ledger must know of it."""
    return (action.method == "POST" and not action.repeatable) or action.verb in (Verb.DELETE, Verb.MERGE)


def makes_row(action: ActionSpec) -> bool:
    """Return whether the response names a new row: that of an add of an entity.

    For options of a field and members of a team the response is a list, and for a provider link only a
    confirmation.
    """
    entity = ENTITIES.get(action.entity)
    return action.verb is Verb.ADD and not action.silent and entity is not None and entity.add == action.name


def linked_by(task: Task, action: ActionSpec | None) -> tuple[str, str] | None:
    """Return entity and external id of the row that an add makes for its record, if it has one."""
    draft, plan = task.draft, task.plan
    if action is None or action.verb is not Verb.ADD or draft is None or plan is None:
        return None
    if draft.external_id is None or action.entity != plan.entity_name:
        return None
    return plan.entity_name, draft.external_id


def opened_files(draft: Draft) -> dict[str, tuple[str, bytes, str]]:
    """Return the parts of a multipart body with their bytes."""
    found = {}
    for name, (filename, source, content_type) in draft.files.items():
        content = source.read_bytes() if isinstance(source, Path) else source
        if not isinstance(content, bytes):
            raise RecordError(f"{name} contains no bytes")
        found[name] = (filename, content, content_type)
    return found


def done_of(action: ActionSpec, draft: Draft, response: Response, entity: EntitySpec | None) -> Done:
    """Return the outcome that a response states."""
    body = response.json() if response.is_json and response.body else None
    data = body.get("data") if isinstance(body, Mapping) else None
    row_id = None
    if isinstance(data, Mapping) and len(data) == 1:
        inner = next(iter(data.values()))  # goals are one level deeper
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
    """Return the id of the row itself in the path, which is the last one."""
    if not action.placeholders or action.verb is Verb.ADD:
        return None
    value = draft.path.get(action.placeholders[-1])
    return value if value is None or isinstance(value, str) else str(value)


def has_data(response: Response) -> bool:
    """Return whether the response of a write has content under `data`."""
    return flaw_of(response, _WRITTEN) is None


def without_data(what: str, *, status: int | None = None) -> MalformedResponse:
    """Return the error of a write whose response is a success without content.

    Args:
        what: method and path.
        status: HTTP status.
    """
    return MalformedResponse(
        f"{what} succeeded but returned no data; the outcome is unknown. Run the same input again later.",
        status=status,
        may_have_acted=True,
    )
