"""Creation of rows that records name by natural key and that do not exist (`missing_references: create`)."""

from __future__ import annotations

import hashlib
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipedrive_client.errors import RecordError
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.ids.resolve import Created
from target_pipedrive.lookup.reference_finder import key_of, keys_in
from target_pipedrive.mapping.columns.references import SEARCHED_KEYS
from target_pipedrive.record.draft import Draft
from target_pipedrive.record.task import Task
from target_pipedrive.values.encoders import encoder
from target_pipedrive.values.identity import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_pipedrive.ledger.report import Report
    from target_pipedrive.lookup.reference_finder import Key, ReferenceFinder
    from target_pipedrive.record.draft import Reference
    from target_pipedrive.write.writer import RecordWriter

_LOCKS = 64


class ReferenceCreator:
    """Creator of missing rows: each is added once, even if many records reference it at the same time.

    The add is stored in the ledger like that of a record, under an identity that depends only on the natural
    key: if the process dies before the row is used, the next run finds it.

    Args:
        writer: sends, or plans in a dry run.
        finder: finds rows that other records have created.
        report: counts and names the created rows.
    """

    def __init__(self, writer: RecordWriter, finder: ReferenceFinder, report: Report) -> None:
        self._writer = writer
        self._finder = finder
        self._report = report
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))
        self._rejected: dict[tuple[str, Key], str] = {}

    def create(self, reference: Reference, task: Task) -> Created:
        """Return the row that a reference names, added if it does not exist.

        Args:
            reference: with a natural key that no row has, of one of the entities in `CREATABLE`.
            task: the record that names it.

        Raises:
            RecordFault: Pipedrive rejects the row.
            PipedriveError: the request failed.
        """
        body = _body(reference)
        names = [(reference.entity, key) for key in keys_in(reference.entity, body)]
        with ExitStack() as stack:
            for number in sorted({hash(name) % _LOCKS for name in names}):
                stack.enter_context(self._locks[number])
            row_id = self._finder.find(reference, task.stream, last=True)
            return Created(row_id) if row_id is not None else self._add(reference, body, task)

    def _add(self, reference: Reference, body: dict[str, object], task: Task) -> Created:
        entity = ENTITIES[reference.entity]
        place = reference.entity, key_of(reference)
        if place in self._rejected:
            raise reference.fault(self._rejected[place])
        addition = Task(
            number=0,
            stream=task.stream,
            key={},
            line=b"",
            schema=b"",
            identity=hashlib.blake2b(repr(place).encode(), digest_size=16, key=b"reference").digest(),
        )
        try:
            done = self._writer.send(addition, ACTIONS[entity.add or ""], Draft(body=dict(body)), entity)
        except RecordError as error:
            self._rejected[place] = (
                f"names a new {reference.one} that Pipedrive does not accept: {error.error_info or error}"
            )
            raise reference.fault(self._rejected[place]) from None
        if done.id is None:
            raise reference.fault(f"names a new {reference.one} that Pipedrive did not return")
        self._finder.added(entity.name, body, done.id)
        self._writer.finished(addition)
        name = "" if reference.entity == "persons" else str(body["name"])
        self._report.take_created(reference.entity, done.id, name)
        return Created(done.id, f"created {reference.one} {done.id}")


def _body(reference: Reference) -> dict[str, object]:
    """Return the columns of a new row; a row without a name gets the value of its natural key.

    Raises:
        RecordFault: a value is invalid.
    """
    given: Mapping[str, object] = {reference.key: reference.value, **dict(reference.also)}
    columns = ACTIONS[ENTITIES[reference.entity].add or ""].body_columns
    if reference.key == "email" and "@" not in str(reference.value):
        raise reference.fault("is not an e-mail address: correct it")
    body: dict[str, object] = {}
    for key, column in SEARCHED_KEYS[reference.entity].items():
        if key in given:
            body[column] = encoder(columns[column].kind)(clean(str(given[key])))
    body.setdefault("name", clean(str(reference.value)))
    return body
