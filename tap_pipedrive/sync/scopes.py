"""Check of the granted OAuth scopes against the selected streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client.auth.scopes import missing_scopes
from pipedrive_client.fields import FIELD_LISTS

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from tap_pipedrive.catalog.spec import StreamSpec
    from tap_pipedrive.streams.base import PipedriveStream


def scopes_lacking(
    spec: StreamSpec, granted: frozenset[str], defined_by: str | None = None
) -> tuple[str, ...]:
    """Return the scopes of which the token needs one to read a stream; empty if it has one.

    Args:
        spec: the stream.
        granted: scopes of the token.
        defined_by: entity whose field definitions the stream needs too.
    """
    paths = [read.path for read in spec.reads]
    paths += [FIELD_LISTS[defined_by]] if defined_by else []
    return next((scopes for path in paths if (scopes := missing_scopes("GET", path, granted))), ())


def warn_of_missing_scopes(
    streams: Iterable[PipedriveStream], granted: frozenset[str] | None, logger: logging.Logger
) -> None:
    """Compare the selection with the granted OAuth scopes, before the first request of a stream.

    Args:
        streams: top-level streams of the run; their selected child streams are checked too.
        granted: None if scopes do not apply or are unknown.
        logger: receives one warning for all streams.
    """
    if granted is None:
        return
    missing: dict[str, list[str]] = {}
    waiting: list[tuple[PipedriveStream, list[str]]] = [(stream, []) for stream in streams]
    while waiting:
        stream, above = waiting.pop()
        lacking = " or ".join(scopes_lacking(stream.spec, granted, stream.defined_by))
        if stream.selected and (lacking or above):
            missing[stream.name] = [*filter(None, [lacking]), *above]
        # A parent that is not selected is read for its child streams, so they are named.
        needed = [f"{lacking} for {stream.name}"] if lacking and not stream.selected else []
        waiting += [(child, [*above, *needed]) for child in stream.wanted_children()]
    if missing:
        logger.warning(
            "The OAuth token lacks scopes of selected streams: %s. Add them to the app and authorize again, "
            "or deselect the streams.",
            "; ".join(f"{name} requires {', '.join(scopes)}" for name, scopes in sorted(missing.items())),
        )
