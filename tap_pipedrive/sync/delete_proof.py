"""The second proof of a deletion: a row that its list no longer shows is asked for by its id.

The first proof is a list that was read to its end. A list can be wrong without an error, so rows are
reported as deleted only when both agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipedrive_client import Gone, NotFound, NotVisible, Null, UnknownMethod
from tap_pipedrive.read.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.rows.row import Context, Row
    from tap_pipedrive.streams.base import PipedriveStream

SAMPLE = 20
"""Missing rows that are asked for one by one at least; all when fewer are missing."""
_DELETED: dict[str, object] = {"is_deleted": True, "active_flag": False, "deleted": True, "status": "deleted"}
"""What a single read of a deleted row may still say of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of rows that a list no longer shows.

    Attributes:
        gone: those that count as deleted.
        kept: those that answered by their id, or that this user may not see.
        complete: whether all were asked for, or the sample left no doubt.
    """

    gone: list[int | str]
    kept: list[int | str]
    complete: bool = True


def check_gone(stream: PipedriveStream, missing: Sequence[int | str], *, most: int) -> Checked:
    """Ask Pipedrive for rows that are missing from their list.

    Args:
        stream: whose rows they are.
        missing: their ids.
        most: rows that may be gone at once; a sample that speaks against it is not extended beyond them.

    Raises:
        PipedriveError: a request failed for good.
    """
    reads = stream.spec.reads
    if all(read.by_ids for read in reads):
        there = {one for read in reads for one in _asked_in_bulk(stream, read, missing)}
        return _divided(missing, there)
    if stream.spec.single is None:
        there = {row.get("id") for read in reads for row in _rows(stream, read, {}, {})}
        return _divided(missing, there)
    step = max(1, len(missing) // SAMPLE)
    sample = missing[::step] if len(missing) > SAMPLE else missing
    there = set(_asked_one_by_one(stream, stream.spec.single, sample))
    if len(sample) < len(missing) and there:
        if len(missing) > most:
            return Checked(gone=[], kept=[one for one in missing if one in there], complete=False)
        others = [one for one in missing if one not in {*sample}]
        there |= set(_asked_one_by_one(stream, stream.spec.single, others))
    return _divided(missing, there)


def _divided(missing: Sequence[int | str], there: set[object]) -> Checked:
    return Checked(
        gone=[one for one in missing if one not in there], kept=[one for one in missing if one in there]
    )


def _asked_in_bulk(stream: PipedriveStream, read: Read, missing: Sequence[int | str]) -> Iterator[object]:
    """Yield the ids of rows that exist, asked for many at a time."""
    groups = [missing[at : at + read.by_ids] for at in range(0, len(missing), read.by_ids)]
    for rows in stream.tap_context.client.ordered_map(
        lambda group: _rows(stream, read, {}, {"ids": ",".join(map(str, group))}), groups
    ):
        yield from (row.get("id") for row in rows if not _says_deleted(row))


def _asked_one_by_one(
    stream: PipedriveStream, single: Read, missing: Sequence[int | str]
) -> Iterator[int | str]:
    """Yield those ids whose rows exist, or may exist where this user cannot see them."""
    answers = stream.tap_context.client.ordered_map(partial(_exists, stream, single), missing)
    yield from (one for one, there in zip(missing, answers, strict=True) if there)


def _exists(stream: PipedriveStream, single: Read, one: int | str) -> bool:
    try:
        rows = _rows(stream, single, dict.fromkeys(single.placeholders, one), {})
    except (NotFound, Gone):
        return False
    except (NotVisible, UnknownMethod):  # neither says that the row is gone
        return True
    return any(not _says_deleted(row) for row in rows)


def _rows(stream: PipedriveStream, read: Read, context: Context, query: Context) -> list[Row]:
    """Return all rows of a read, asked for without what the settings add: filters would win over ids."""
    reader = Reader(stream.tap_context.client, read, label=stream.name)
    reader.null = Null.REFUSED
    return [row for page in reader.all(context, query) for row in page]


def _says_deleted(row: Row) -> bool:
    return any(row.get(name) == value for name, value in _DELETED.items() if name in row)
