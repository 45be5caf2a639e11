"""Deletes of rows that a full-table version no longer contains, for the setting `mirror`.

Rows of a stream are deleted only if its version was closed by an ACTIVATE_VERSION after its records, each
record was read, had an external id, and was recorded as written or unchanged, and the input ended completely.
Otherwise nothing is deleted, and the log contains the reason.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pipedrive_client import ConfigError
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.outcome import Outcome
from target_pipedrive.record.task import Task
from target_pipedrive.run.admission import DIGEST_BYTES

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence

    from target_pipedrive.apply.delete import DeleteGuard
    from target_pipedrive.ids.id_map import Links
    from target_pipedrive.mapping.entity import EntityPlan
    from target_pipedrive.record.task import Handler
    from target_pipedrive.settings import Options

_ARRIVED = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.DELETED})
_SHOWN = 5


class Missing(NamedTuple):
    """A row that is to be deleted.

    Attributes:
        plan: of the stream that wrote it.
        handler: of that stream.
        external_id: its external id.
        row_id: its id.
        parent: id of the row that it is below; empty for a row of its own, or if it is not known.
    """

    plan: EntityPlan
    handler: Handler
    external_id: str
    row_id: str
    parent: str = ""


@dataclass(slots=True)
class _Version:
    """The records of one stream as far as `mirror` needs them.

    Attributes:
        plan: the stream's plan when it was last activated.
        handler: the stream's handler then.
        seen: external ids of the records.
        records: records read, whether they can be used or not.
        open: records read since the last ACTIVATE_VERSION.
        nameless: records without an external id.
        activated: versions that ACTIVATE_VERSION named.
        announced: versions that records named.
        lost: number of unusable records by reason.
    """

    plan: EntityPlan | None = None
    handler: Handler | None = None
    seen: set[str] = field(default_factory=set)
    records: int = 0
    open: int = 0
    nameless: int = 0
    activated: set[int] = field(default_factory=set)
    announced: set[int] = field(default_factory=set)
    lost: Counter[str] = field(default_factory=Counter)


class Mirror:
    """Decides at the end of the input which rows are deleted; thread-safe.

    Args:
        links: rows by external id, with the stream that wrote them.
        options: the target's settings.
        logger: receives the reason if nothing is deleted.
    """

    def __init__(self, links: Links, options: Options, logger: logging.Logger) -> None:
        self._links = links
        self._logger = logger
        self._on = options.mirror
        self._empty_too = options.mirror_empty
        self._lock = threading.Lock()
        self._versions: dict[str, _Version] = {}
        self._unread = 0

    def arrived(self, stream: str, draft: Draft) -> None:
        """Count a record that was read and translated."""
        if not self._on:
            return
        with self._lock:
            version = self._count(stream)
            if draft.external_id is None:
                version.nameless += 1
            else:
                version.seen.add(draft.external_id)

    def numbered(self, stream: str, number: int) -> None:
        """Store the version in a record."""
        if self._on:
            with self._lock:
                self._version(stream).announced.add(number)

    def rejected(self, stream: str | None) -> None:
        """Note a record that cannot be used; without a stream it may belong to any."""
        if not self._on:
            return
        with self._lock:
            if stream is None:
                self._unread += 1
            else:
                self._count(stream).lost[Outcome.FAILED] += 1

    def ended(self, stream: str, outcome: Outcome) -> None:
        """Record the outcome of a record."""
        if self._on and outcome not in _ARRIVED:
            with self._lock:
                self._version(stream).lost[outcome] += 1

    def activate(self, plan: EntityPlan, handler: Handler, number: int | None) -> None:
        """Note an ACTIVATE_VERSION: the records before it are complete."""
        if not self._on:
            return
        with self._lock:
            version = self._version(plan.stream)
            version.plan, version.handler, version.open = plan, handler, 0
            version.activated.add(-1 if number is None else number)

    def deletes(self, guard: DeleteGuard) -> list[Missing]:
        """Return the rows to delete; called when the outcomes of all records are recorded.

        Raises:
            ConfigError: there are more than `max_deletes` allows; nothing may be deleted then.
        """
        found: list[Missing] = []
        counts: dict[str, int] = {}
        for stream, version in self._versions.items():
            if version.plan is None or version.handler is None:
                continue
            gone = [
                (one, row_id) for _, one, row_id in self._links.of_stream(stream) if one not in version.seen
            ]
            why = self._doubt(version) if gone else ""
            if why:
                self._logger.warning(
                    "Stream %s: mirror deleted nothing, although %s of %s not received again: %s.",
                    stream,
                    "1 row" if len(gone) == 1 else f"{len(gone)} rows",
                    f"{version.plan.spec.name} {'was' if len(gone) == 1 else 'were'}",
                    why,
                )
                continue
            mine = list(self._unshared(stream, version, gone))
            found += [Missing(version.plan, version.handler, *one) for one in mine]
            counts[stream] = len(mine)
        if len(found) > guard.left:
            named = ", ".join(f"{count} of stream {stream}" for stream, count in counts.items() if count)
            raise ConfigError(
                f"mirror would delete {named}, more than max_deletes allows ({guard.left} left); nothing was "
                "deleted. Raise max_deletes to delete these rows."
            )
        return sorted(
            found, key=lambda one: not one.parent
        )  # a row is deleted before the row that it is below

    def _doubt(self, version: _Version) -> str:
        """Return why the missing rows may still exist at the source; empty if they certainly do not."""
        lost = ", ".join(f"{count} {outcome}" for outcome, count in sorted(version.lost.items()))
        unclosed = max(version.announced - version.activated, default=None)
        empty = not version.records and not self._empty_too
        doubts = {
            f"{_records(self._unread)} of the input could not be read, and may belong to it": self._unread,
            f"not every record was written or unchanged ({lost})": lost,
            f"{_records(version.open)} followed the last ACTIVATE_VERSION": version.open,
            f"records of version {unclosed} came, and no ACTIVATE_VERSION of it": unclosed is not None,
            f"{_records(version.nameless)} came without an external id": version.nameless,
            "its version has no record; set mirror_empty: true to delete the rows anyway": empty,
        }
        return next((why for why, holds in doubts.items() if holds), "")

    def _unshared(
        self, stream: str, version: _Version, gone: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[str, str, str]]:
        """Return the rows that no received record and no other stream links to, with their parents."""
        plan = version.plan
        if plan is None:
            return
        missing = {external_id for external_id, _ in gone}
        kept: list[str] = []
        named: set[tuple[str, str]] = set()
        for external_id, row_id in gone:
            parent = self._links.parent(plan.spec.name, external_id)
            others = self._links.external_ids(plan.spec.name, row_id, parent) - missing
            if others or self._links.is_of_other_stream(stream, plan.spec.name, external_id):
                kept.append(row_id)
            elif (row_id, parent) not in named:
                named.add((row_id, parent))
                yield external_id, row_id, parent
        if kept:
            self._logger.warning(
                "Stream %s: mirror keeps %s that other external ids or streams also link to (ids %s).",
                stream,
                plan.spec.name,
                ", ".join(kept[:_SHOWN]),
            )

    def _version(self, stream: str) -> _Version:
        return self._versions.setdefault(stream, _Version())

    def _count(self, stream: str) -> _Version:
        version = self._version(stream)
        version.records += 1
        version.open += 1
        return version


def delete_task(number: int, missing: Missing) -> Task:
    """Return the task that deletes a row."""
    plan, handler, external_id, row_id, parent = missing
    entity = plan.spec.name
    draft = Draft(external_id=external_id, deleted=True, every_id=True)
    if parent and plan.spec.parent is not None:
        draft.body[plan.spec.parent] = int(parent) if parent.isdecimal() else parent
    owns, needs = plan.locks(draft)
    return Task(
        number=number,
        stream=plan.stream,
        key={"external_id": external_id},
        line=b"",
        schema=b"",
        plan=plan,
        handler=handler,
        draft=draft,
        owns=(*owns, (entity, row_id)),
        needs=needs,
        # Several streams may have the same external id, and a row with it may be added again later.
        identity=hashlib.blake2b(
            f"mirror\n{plan.stream}\n{entity}\n{external_id}\n{row_id}".encode(), digest_size=DIGEST_BYTES
        ).digest(),
    )


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"
