"""Filter conditions copied from another account: translation of field numbers and ids."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from pipedrive_client.fields import HASH_KEY
from target_pipedrive.ids.resolve import NotYet
from target_pipedrive.record.errors import RecordFault

if TYPE_CHECKING:
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task

_SENT = ("object", "field_id", "operator", "value", "extra_value")
_WORDS = {"lead": "deal"}
_ENTITIES: Mapping[str, str] = MappingProxyType(
    {
        "user": "users",
        "org": "organizations",
        "people": "persons",
        "stage": "stages",
        "pipeline": "pipelines",
    }
)
_OPTIONS = frozenset({"enum", "set"})


class Conditions:
    """Translator of conditions, once the fields and rows that they reference exist in this account."""

    def __init__(self, links: Links, registry: FieldRegistry) -> None:
        self._links = links
        self._registry = registry

    def translate(self, task: Task, draft: Draft, column: str) -> None:
        """Replace the conditions of the other account by those of this account.

        Raises:
            NotYet: a referenced field or row may still be received.
            RecordFault: a referenced field or row was not received.
        """
        given = draft.body.get(column)
        if not isinstance(given, Mapping):
            return
        draft.body[column] = {
            "glue": given.get("glue"),
            "conditions": [
                {
                    "glue": group.get("glue"),
                    "conditions": [self._one(task, one) for one in group.get("conditions") or ()],
                }
                for group in given.get("conditions") or ()
                if isinstance(group, Mapping)
            ],
        }

    def _one(self, task: Task, given: Mapping[str, object]) -> dict[str, object]:
        found = {name: given.get(name) for name in _SENT}
        code = given.get("field_code")
        if code is None:
            return found  # translated already
        word = _WORDS.get(str(given.get("object")), str(given.get("object")))
        here = str(code)
        if HASH_KEY.fullmatch(here):
            here = self._id(task, f"{word}_fields", here)
        numbers = self._registry.numbers(word, task.stream)
        if here not in numbers:
            raise RecordFault(
                f"has a condition on a {word} field that this account does not have", fields=("conditions",)
            )
        number, field_type = numbers[here]
        found["field_id"] = str(number)
        value = given.get("value")
        if value is not None and str(value).isdigit():
            if field_type in _ENTITIES:
                found["value"] = self._id(task, _ENTITIES[field_type], str(value))
            elif field_type in _OPTIONS:
                option = self._links.get(f"{word}_field_options", f"{code}:{value}")
                found["value"] = option or value
        return found

    def _id(self, task: Task, entity: str, external_id: str) -> str:
        row_id = self._links.get(entity, external_id)
        if row_id is not None:
            return row_id
        if (entity, external_id) not in task.given_up and not self._links.is_nowhere(entity, external_id):
            raise NotYet(entity, external_id)
        raise RecordFault(
            f"has a condition that references {entity} {external_id}, which is not in this ledger; load "
            "it first",
            fields=("conditions",),
        )
