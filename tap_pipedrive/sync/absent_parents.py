"""Parents whose child rows are not found: deleted, or present although a request for their rows is denied."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound
from tap_pipedrive.state.access import ACCESS_ERRORS
from tap_pipedrive.sync.delete_proof import UnprovenDeletes, check_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_pipedrive.streams.base import PipedriveStream
    from tap_pipedrive.values.row import Context


def existing(stream: PipedriveStream, parents: Sequence[Context]) -> list[Context] | None:
    """Return those of the parents that exist, requested by their ids; None if this cannot be determined.

    Args:
        stream: the child stream.
        parents: parents of it.
    """
    parent = stream.spec.parent
    if parent is None or not parents:
        return None
    spec = stream.tap_context.specs[parent.stream]
    by_id = spec.single is not None or all(read.by_ids for read in spec.reads)
    if [*parent.context.values()] != ["id"] or spec.parent is not None or not by_id:
        return None
    (name,) = parent.context
    ids = [one for one in (context[name] for context in parents) if isinstance(one, int | str)]
    try:
        checked = check_gone(stream.tap_context.client, spec, ids, most=len(ids))
    except (*ACCESS_ERRORS, NotFound, Gone, UnprovenDeletes):
        return None
    kept = {*checked.kept}
    return [context for context in parents if context[name] in kept]


def settle(stream: PipedriveStream) -> None:
    """Report the parents that were not found, and forget those that were deleted.

    A parent that was not found in two runs is requested itself: it was deleted if it does not exist;
    otherwise access to its rows is denied. If that cannot be determined, it was deleted unless no request of
    the stream succeeded, because the cause may then be the path.
    """
    twice, once = stream.absent_parents.stored()
    access = stream.tap_context.access
    found = access.has_success(stream.name)
    there = existing(stream, twice)
    unsure = twice if there is None and not found else []
    if there:
        error = NotFound(f"The rows of {stream.name} are not found, although their parents exist.")
        access.deny_parents(stream.name, error, len(there), stream.names_below())
        access.count_parents(stream.name, len(there), 0)
    kept = {tuple(one.values()) for one in (*(there or ()), *unsure)}
    deleted = [one for one in twice if tuple(one.values()) not in kept]
    if deleted:
        stream.absent_parents.update(deleted, ())
        stream.logger.info(
            "Stream %s: parents that were not found in two runs count as deleted: %d",
            stream.name,
            len(deleted),
        )
    left = len(once) + len(unsure)
    if left:
        stream.logger.log(
            logging.INFO if found else logging.WARNING,
            "Stream %s: Pipedrive listed parents, but returned 404 for their child rows (%d)%s. They may "
            "have been deleted meanwhile; the next run requests them again",
            stream.name,
            left,
            "" if found else ", and no request of the stream succeeded",
        )
