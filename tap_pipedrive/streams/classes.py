"""Stream classes, one for each specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tap_pipedrive.streams.base import PipedriveStream

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from tap_pipedrive.catalog.spec import StreamSpec


def stream_class(
    spec: StreamSpec, parent: type[PipedriveStream] | None, base: type[PipedriveStream] = PipedriveStream
) -> type[PipedriveStream]:
    """Return the Stream subclass of one spec.

    The SDK links parents and children by class, never by instance, so each spec needs its own.
    """
    body = {
        "__doc__": spec.summary,
        "__module__": __name__,
        "name": spec.name,
        "spec": spec,
        "parent_stream_type": parent,
        "selected_by_default": spec.selected_by_default,
    }
    return cast("type[PipedriveStream]", type(spec.class_name, (base,), body))


def stream_classes(
    specs: Mapping[str, StreamSpec],
    kinds: Mapping[str, type[PipedriveStream]],
    alone: Container[str] = (),
) -> dict[str, type[PipedriveStream]]:
    """Return the classes of all specs by name, parents before their fan-outs.

    Args:
        specs: the streams.
        kinds: base class of the streams that are not read like the others, by name.
        alone: fan-outs that are read without their parents, since the settings name their rows.
    """
    made: dict[str, type[PipedriveStream]] = {}

    def make(spec: StreamSpec) -> type[PipedriveStream]:
        if spec.name not in made:
            below = None if spec.name in alone else spec.parent
            parent = make(specs[below.stream]) if below else None
            made[spec.name] = stream_class(spec, parent, kinds.get(spec.name, PipedriveStream))
        return made[spec.name]

    for spec in specs.values():
        make(spec)
    return made
