"""Factory of stream plans, from the stream's name, its SCHEMA and the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES, ENTITY_OF_STREAM
from target_pipedrive.catalog.names import nearest, snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from target_pipedrive.mapping.action import ActionPlan, RawPlan
from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.mapping.field_definition import FieldPlan
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.settings import StreamSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.custom_fields.registry import FieldBook
    from target_pipedrive.mapping.stream import Plan
    from target_pipedrive.settings import Options


def plan_of(
    stream: str,
    properties: Mapping[str, Mapping[str, object]],
    settings: StreamSettings | None,
    options: Options,
    book: FieldBook,
    keys: Sequence[str] = (),
) -> Plan | None:
    """Return the plan of a stream; None for an ignored stream.

    Raises:
        RecordFault: the stream or one of its properties is unknown.
    """
    named = settings or StreamSettings()
    plan: Plan
    if RAW_REQUEST in (snake(named.action or ""), snake(stream)) and not named.entity:
        plan = RawPlan(stream, named, options, book)
    elif named.action or (not named.entity and snake(stream) in ACTIONS):
        plan = ActionPlan(ACTIONS[snake(named.action or stream)], stream, named, options, book)
    elif named.entity or stream in ENTITIES or stream in ENTITY_OF_STREAM:
        name = named.entity or ENTITY_OF_STREAM.get(stream, stream)
        kind = FieldPlan if ENTITIES[name].definitions else EntityPlan
        plan = kind(ENTITIES[name], stream, named, options, book)
    elif options.ignore_unknown_streams:
        return None
    else:
        raise RecordFault(
            f"Stream {stream}: the name is neither an action nor an entity"
            f"{nearest(stream, [*ACTIONS, *ENTITIES])}. "
            "Add it to `streams`, or set unknown_streams to ignore"
        )
    declared = {name.casefold() for name in properties}
    # A key counts as a column even if it is missing in the properties.
    undeclared: dict[str, Mapping[str, object]] = {
        name: {} for name in keys if name.casefold() not in declared
    }
    plan.bind({**properties, **undeclared}, keys)
    return plan
