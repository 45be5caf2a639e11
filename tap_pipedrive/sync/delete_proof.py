"""Second proof of a deletion: a row that is missing from its list is requested by id.

The first proof is a completely read list. A list can be wrong without an error, so rows are reported as
deleted only if both agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipedrive_client import Gone, MissingScope, NotFound, NotVisible, Null, PipedriveError
from tap_pipedrive.read.reader import Reader
from tap_pipedrive.state.known_ids import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipedrive_client import PipedriveClient
    from tap_pipedrive.catalog.spec import Read, StreamSpec
    from tap_pipedrive.values.row import Context, Row

SAMPLE = 20
"""Minimum number of missing rows to request one by one; all if fewer are missing."""
_DELETED: dict[str, object] = {"is_deleted": True, "active_flag": False, "deleted": True, "status": "deleted"}
"""Columns that mark a deleted row in a single read."""


class UnprovenDeletes(PipedriveError):  # noqa: N818 - describes the failure, like the client's errors
    """Missing rows that must not be reported as deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Result for rows that are missing from a list.

    Attributes:
        gone: ids of rows that count as deleted.
        kept: ids of rows that exist, or that this user may not see.
        complete: True if all were requested, or the sample is sufficient.
    """

    gone: list[int | str]
    kept: list[int | str]
    complete: bool = True


def check_gone(
    client: PipedriveClient, spec: StreamSpec, missing: Sequence[int | str], *, most: int
) -> Checked:
    """Request rows by id that are missing from their list.

    Args:
        client: sends the requests.
        spec: stream of the rows.
        missing: their ids.
        most: maximum number of rows that may be deleted at once; beyond it, the sample is not extended.

    Raises:
        UnprovenDeletes: a response has a row without an id.
        PipedriveError: a request failed permanently.
    """
    reads = spec.reads
    if all(read.by_ids for read in reads):
        there = {one for read in reads for one in _asked_in_bulk(client, spec, read, missing)}
        return _divided(missing, there)
    if spec.single is None:
        rows = [row for read in reads for row in _rows(client, spec.name, read, {}, {})]
        return _divided(missing, {*ids_of(spec.name, rows)})
    step = max(1, len(missing) // SAMPLE)
    sample = missing[::step] if len(missing) > SAMPLE else missing
    there = set(_asked_one_by_one(client, spec.name, spec.single, sample))
    if len(sample) < len(missing) and there:
        if len(missing) > most:
            return Checked(gone=[], kept=[one for one in missing if one in there], complete=False)
        others = [one for one in missing if one not in {*sample}]
        there |= set(_asked_one_by_one(client, spec.name, spec.single, others))
    return _divided(missing, there)


def ids_of(stream: str, rows: Iterable[Row]) -> Iterator[int | str]:
    """Yield the ids of rows that are compared with the known ones.

    Raises:
        UnprovenDeletes: a row has no id, so it may be any of those that are missing.
    """
    for row in rows:
        one = id_of(row)
        if one is None:
            raise UnprovenDeletes(
                f"Stream {stream}: while deletes were detected, Pipedrive sent a row without an id. No "
                "row was reported as deleted. The next run compares again; if this persists, report it to "
                "Pipedrive.",
                label=stream,
            )
        yield one


def _divided(missing: Sequence[int | str], there: set[object]) -> Checked:
    return Checked(
        gone=[one for one in missing if one not in there], kept=[one for one in missing if one in there]
    )


def _asked_in_bulk(
    client: PipedriveClient, spec: StreamSpec, read: Read, missing: Sequence[int | str]
) -> Iterator[object]:
    """Yield the ids of rows that exist, with many ids per request."""
    groups = [missing[at : at + read.by_ids] for at in range(0, len(missing), read.by_ids)]
    for rows in client.ordered_map(
        lambda group: _rows(client, spec.name, read, {}, {"ids": ",".join(map(str, group))}), groups
    ):
        yield from ids_of(spec.name, (row for row in rows if not _says_deleted(row)))


def _asked_one_by_one(
    client: PipedriveClient, stream: str, single: Read, missing: Sequence[int | str]
) -> Iterator[int | str]:
    """Yield the ids of rows that exist, or that may exist but are not visible to this user."""
    responses = client.ordered_map(partial(_exists, client, stream, single), missing)
    yield from (one for one, there in zip(missing, responses, strict=True) if there)


def _exists(client: PipedriveClient, stream: str, single: Read, one: int | str) -> bool:
    try:
        rows = _rows(client, stream, single, dict.fromkeys(single.placeholders, one), {})
    except (NotFound, Gone):
        return False
    except MissingScope:
        raise
    except NotVisible:  # hidden rows are not deleted
        return True
    return any(not _says_deleted(row) for row in rows)


def _rows(client: PipedriveClient, stream: str, read: Read, context: Context, query: Context) -> list[Row]:
    """Return all rows of a read, without parameters of the settings: filters would override ids."""
    reader = Reader(client, read, label=stream)
    reader.null = Null.REJECTED
    return [row for page in reader.all(context, query) for row in page]


def _says_deleted(row: Row) -> bool:
    return any(row.get(name) == value for name, value in _DELETED.items() if name in row)
