"""Factory of stream plans, from the stream's name, its SCHEMA and the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES, ENTITY_OF_STREAM
from target_pipedrive.catalog.names import folded, nearest, snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from target_pipedrive.mapping.action import ActionPlan, RawPlan
from target_pipedrive.mapping.entity import EntityPlan
from target_pipedrive.mapping.field_definition import FieldPlan
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.settings import StreamSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.settings import Options

Made_co = TypeVar("Made_co", covariant=True)


class Kinds(Protocol[Made_co]):
    """Maker of handlers, by the kind of the plan."""

    def entity(self, plan: EntityPlan, /) -> Made_co:
        """Return the handler of an entity stream."""

    def action(self, plan: ActionPlan, /) -> Made_co:
        """Return the handler of an action stream."""

    def raw(self, plan: RawPlan, /) -> Made_co:
        """Return the handler of a stream of requests."""


def compile_stream(
    stream: str,
    properties: Mapping[str, Mapping[str, object]],
    settings: StreamSettings | None,
    options: Options,
    registry: FieldRegistry,
    kinds: Kinds[Made_co],
    keys: Sequence[str] = (),
) -> Made_co | None:
    """Compile the plan of a stream, and return its handler; None for a stream that is ignored.

    Raises:
        RecordFault: the stream or one of its properties is unknown.
    """
    named = settings or StreamSettings()
    declared = {folded(name) for name in properties}
    # A key counts as a column even if it is missing in the properties.
    undeclared: dict[str, Mapping[str, object]] = {name: {} for name in keys if folded(name) not in declared}
    columns = {**properties, **undeclared}
    if RAW_REQUEST in (snake(named.action or ""), snake(stream)) and not named.entity:
        raw = RawPlan(stream, named, options, registry)
        raw.bind(columns, keys)
        return kinds.raw(raw)
    if named.action or (not named.entity and snake(stream) in ACTIONS):
        spec = ACTIONS[snake(named.action or stream)]
        for fields in _rehearsed(registry, options):
            action = ActionPlan(spec, stream, named, options, fields)
            action.bind(columns, keys)
        return kinds.action(action)
    if named.entity or stream in ENTITIES or stream in ENTITY_OF_STREAM:
        name = named.entity or ENTITY_OF_STREAM.get(stream, stream)
        kind = FieldPlan if ENTITIES[name].definitions else EntityPlan
        for fields in _rehearsed(registry, options):
            entity = kind(ENTITIES[name], stream, named, options, fields)
            entity.bind(columns, keys)
        return kinds.entity(entity)
    if options.ignore_unknown_streams:
        return None
    raise RecordFault(
        f"Stream {stream}: the name is neither an action nor an entity"
        f"{nearest(stream, [*ACTIONS, *ENTITIES])}. "
        "Add it to `streams`, or set unknown_streams to ignore"
    )


def _rehearsed(registry: FieldRegistry, options: Options) -> tuple[FieldRegistry, ...]:
    """Return the registries to bind a stream with, one after the other.

    With `create_fields` the first one creates nothing: a stream with a fault leaves no field behind.
    """
    return (registry.rehearsal(), registry) if options.create_fields else (registry,)
