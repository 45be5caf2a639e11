"""Ledger: write intents, outcomes and ids, in a database that survives a crash.

It contains the Pipedrive id of each external id (`links`, permanently), the started writes of an unfinished
run with their results (`writes`, until a run with the same streams ends successfully), the tokens that the
runs of a day have used (`days`), and the time of the last product or discount of a deal (`meta`). No record
content is stored. Only one run can use a ledger at a time. One thread does all the writing, see `journal.py`.
`storage/` has the databases.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pipedrive_client import OutputFailed, times
from pipedrive_client.limits.token_budget import DayCost
from target_pipedrive.ids.id_map import Link
from target_pipedrive.ledger.links import all_links, move_links, put_link, remove_link, remove_links
from target_pipedrive.ledger.schema import (
    OLDEST,
    VERSION,
    check_creatable,
    copy_content,
    create_tables,
    is_ledger,
    keep_meta,
    meta,
    open_database,
    readable,
)
from target_pipedrive.ledger.stored_forms import StoredForm
from target_pipedrive.ledger.upgrade import normalise_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_pipedrive.ledger.storage.database import StoreError
    from target_pipedrive.settings.address import Address

_DROP_FORMS = "delete from forms where entity = :entity and id = :id"


class WriteState(StrEnum):
    """State of a write."""

    BEGUN = "begun"
    """The request may or may not have acted: its outcome must be looked up."""
    DONE = "done"
    GONE = "gone"
    """It created a row that the same run deleted or merged: a repeated run does not create it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One write in the ledger.

    Attributes:
        identity: digest of stream, content and occurrence.
        stream: name of the stream.
        action: name of the action.
        state: state of the write.
        id: Pipedrive id of the outcome, if there is one.
        begun_at: RFC 3339 time of the intent, by the server's clock.
        ended_at: RFC 3339 time of the outcome, if there is one.
    """

    identity: bytes
    stream: str
    action: str
    state: WriteState
    id: str | None
    begun_at: str
    ended_at: str | None = None


def now() -> str:
    """Return the time as RFC 3339."""
    return times.to_rfc3339(datetime.now(UTC))


class Ledger:
    """Ledger, opened exclusively by this process.

    Args:
        address: path of a file or URL of a database; what is missing is created. None keeps everything in
            memory, for dry runs.
        account: host of the account; a ledger belongs to one account. None skips the check.
        create: False if the ledger must exist.

    Attributes:
        notices: messages about entries dropped from a ledger of an earlier release.

    Raises:
        ConfigError: another process uses it, it belongs to another account, or it is not a ledger.
    """

    def __init__(self, address: Address | None, *, account: str | None, create: bool = True) -> None:
        self.address = address
        self.notices: list[str] = []
        self._account = account
        with readable(address):
            self.database = open_database(address)
            try:
                if not is_ledger(self.database, account):
                    check_creatable(address, create=create)
                self.database.prepare()
                self._open(account)
            except BaseException:
                self.database.close()
                raise

    def _open(self, account: str | None) -> None:
        db = self.database
        db.begin()
        create_tables(db)
        known = meta(db)
        if known.get("version") == str(OLDEST):
            self.notices = normalise_links(db)
        keep_meta(db, "version", str(VERSION))
        if account is not None:
            db.run("insert into meta values ('account', :account) on conflict do nothing", account=account)
        db.commit()

    def failed(self, error: StoreError) -> OutputFailed:
        """Return the message for a ledger that failed during the run."""
        return OutputFailed(
            f"{self.database.setting} {self.address} cannot be written ({error}). The run stopped and emits "
            f"no further STATE; {self.database.advice}, and run again with the same input: the ledger "
            "contains the finished writes"
        )

    # --- reading, at the start of a run and by the command line -----------------------------------

    def links(self) -> Iterator[Link]:
        """Yield every link, by entity and external id."""
        with readable(self.address):
            yield from all_links(self.database)

    def writes(self) -> Iterator[Entry]:
        """Yield every write, oldest first."""
        with readable(self.address):
            for identity, stream, action, state, row_id, begun_at, ended_at in self.database.rows(
                "select identity, stream, action, state, id, begun_at, ended_at from writes "
                "order by begun_at, identity"
            ):
                yield Entry(
                    identity=identity,
                    stream=stream,
                    action=action,
                    state=WriteState(state),
                    id=row_id,
                    begun_at=begun_at,
                    ended_at=ended_at,
                )

    def forms(self) -> Iterator[StoredForm]:
        """Yield every value that Pipedrive stores in another form."""
        for entity, row_id, name, sent, held, taken in self._rows(
            "select entity, id, name, sent, held, taken from forms"
        ):
            yield StoredForm(
                entity=entity, row_id=row_id, column=name, sent=sent, held=held, taken=bool(taken)
            )

    def day_cost(self) -> DayCost | None:
        """Return the tokens used on the latest day in the ledger."""
        with readable(self.address):
            for day, tokens in self.database.rows("select day, tokens from days order by day desc limit 1"):
                return DayCost(day=date.fromisoformat(day), tokens=tokens)
        return None

    def _rows(self, query: str, **values: object) -> Iterator[tuple[Any, ...]]:
        with readable(self.address):
            yield from self.database.rows(query, **values)

    # --- writing, by the journal's thread ----------------------------------------------------------

    def begin(self) -> None:
        """Open a transaction."""
        self.database.begin()

    def commit(self) -> None:
        """Commit all changes since `begin`."""
        self.database.commit()

    def intend(self, identity: bytes, stream: str, action: str, since: str) -> None:
        """Store the intent of a write, also of one whose row was deleted; `since` is the server's time."""
        self.database.run(
            "insert into writes values (:identity, :stream, :action, 'begun', null, :since, null) "
            "on conflict (identity) do update set state = 'begun', id = null, ended_at = null, "
            "begun_at = excluded.begun_at where writes.state = 'gone'",
            identity=identity,
            stream=stream,
            action=action,
            since=since,
        )

    def begun(self, identity: bytes, job: str) -> None:
        """Record the job that a write has started and that has not ended."""
        self.database.run(
            "update writes set id = :job where identity = :identity and state = 'begun'",
            job=job,
            identity=identity,
        )

    def done(self, identity: bytes, stream: str, action: str, row_id: str | None) -> None:
        """Record that a write was made; later writes do not change the id of an added row."""
        self.database.run(
            "insert into writes values (:identity, :stream, :action, 'done', :id, :moment, :moment) "
            "on conflict (identity) do update set state = 'done', id = coalesce(excluded.id, writes.id), "
            "ended_at = excluded.ended_at",
            identity=identity,
            stream=stream,
            action=action,
            id=row_id,
            moment=now(),
        )

    def withdraw(self, identity: bytes) -> None:
        """Record that a write certainly had no effect."""
        self.database.run(
            "delete from writes where identity = :identity and state = 'begun'", identity=identity
        )

    def gone(self, identity: bytes) -> None:
        """Record that the row of a write was deleted; the write is not repeated in this run."""
        self.database.run("update writes set state = 'gone' where identity = :identity", identity=identity)

    def link(self, entity: str, external_id: str, row_id: str, stream: str, parent: str = "") -> None:
        """Link an external id to a row, and to the row that it is below."""
        link = Link(
            entity=entity,
            external_id=external_id,
            id=row_id,
            stream=stream,
            written_at=now(),
            parent=parent,
        )
        put_link(self.database, link)

    def keep_form(self, form: StoredForm) -> None:
        """Record a value that Pipedrive stores in another form than it was sent."""
        self.database.run(
            "insert into forms values (:entity, :id, :name, :sent, :held, :taken) on conflict "
            "(entity, id, name) do update set sent = excluded.sent, held = excluded.held, "
            "taken = excluded.taken",
            entity=form.entity,
            id=form.row_id,
            name=form.column,
            sent=form.sent,
            held=form.held,
            taken=int(form.taken),
        )

    def keep_day(self, cost: DayCost) -> None:
        """Record the tokens used on a day so far, by all runs; earlier days are removed."""
        day = cost.day.isoformat()
        self.database.run("delete from days where day < :day", day=day)
        self.database.run(
            "insert into days values (:day, :tokens) on conflict (day) do update set "
            "tokens = excluded.tokens",
            day=day,
            tokens=cost.tokens,
        )

    def relink(self, entity: str, old_id: str, new_id: str) -> None:
        """Move all external ids of a merged row to the survivor, and its child rows too."""
        move_links(self.database, entity, old_id, new_id)
        self.database.run(_DROP_FORMS, entity=entity, id=old_id)

    def release(self, entity: str, external_id: str) -> None:
        """Remove the link of an external id, whose row stays."""
        remove_link(self.database, entity, external_id)

    def unlink(self, entity: str, row_id: str, parent: str = "") -> None:
        """Remove the external ids of a deleted row; see `remove_links`."""
        remove_links(self.database, entity, row_id, parent)
        self.database.run(_DROP_FORMS, entity=entity, id=row_id)

    def settle(self, streams: Iterable[str], kept: Iterable[bytes] = ()) -> None:
        """Remove the finished writes of these streams, whose run has ended.

        Exceptions are kept: their records failed after the row was created, and will be sent again as
        rejects.
        """
        for one in kept:
            self.database.run(
                "update writes set state = 'kept' where identity = :identity and state = 'done'", identity=one
            )
        for stream in streams:
            self.database.run(
                "delete from writes where stream = :stream and state in ('done', 'gone')", stream=stream
            )
        self.database.run("update writes set state = 'done' where state = 'kept'")

    # --- the command line and dry runs -------------------------------------------------------------

    def linked(self, entity: str, row_id: str) -> int:
        """Return the number of external ids of a row."""
        query = "select count(*) from links where entity = :entity and id = :id"
        return sum(count for (count,) in self._rows(query, entity=entity, id=row_id))

    def forget(self, entity: str | None, external_id: str | None) -> int:
        """Remove links permanently, and without an entity all writes too; returns the number of rows."""
        where, values = "", {}
        if entity is not None:
            where, values = " where entity = :entity", {"entity": entity}
        if external_id is not None:
            where, values = f"{where} and external_id = :external_id", {**values, "external_id": external_id}
        tables = ("links", "writes", "forms") if entity is None else ("links",)
        with_parents = f"delete from parents{where}"  # noqa: S608  our own names
        count = 0
        with readable(self.address):
            self.begin()
            for table in tables:
                query = f"select count(*) from {table}{where}"  # noqa: S608  our own names
                count += sum(found for (found,) in self.database.rows(query, **values))
                self.database.run(f"delete from {table}{where}", **values)  # noqa: S608  our own names
            self.database.run(with_parents, **values)
            self.commit()
            self.database.compact()  # an external id may be an e-mail address
        return count

    def borrow(self, address: Address) -> None:
        """Copy another ledger into this one, which is empty, for a dry run that changes nothing.

        Raises:
            ConfigError: it is in use, belongs to another account, or is not a ledger.
        """
        with readable(address), closing(open_database(address, read_only=True)) as source:
            if not is_ledger(source, self._account):
                return  # an empty file is an empty ledger
            self.address = address
            version = meta(source).get("version")
            self.begin()
            copy_content(source, self.database)
            if version == str(OLDEST):
                self.notices = normalise_links(self.database)
            self.commit()

    def close(self) -> None:
        """Close the database."""
        self.database.close()
