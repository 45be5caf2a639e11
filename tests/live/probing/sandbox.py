"""Rows of a sandbox account that a check creates, changes, and deletes again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_client import PipedriveError
from pipedrive_client.settings import is_loopback
from tests.live.probing.journal import Entry, Journal
from tests.live.shapes import Shape, shape_of
from tests.support.checker import operation_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.live.wire import Answer, Wire

PREFIX = "pipedrive-singer check"
"""Beginning of the name of every row that a check creates."""
NEWEST = 100
EMULATED_SPEED = 30
"""How much faster than its clock an emulator has delayed effects."""
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of rows.

    Attributes:
        path: path of the list.
        name: key with the name of a row.
        newest: query parameters for the newest rows first, if the list can be sorted.
    """

    path: str
    name: str
    newest: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def newest_first(self) -> bool:
        """True if the list is sorted from the newest row."""
        return any(name.startswith("sort") for name in self.newest)


_V2 = {"sort_by": "add_time", "sort_direction": "desc", "limit": NEWEST}
_V1 = {"sort": "add_time DESC", "limit": NEWEST}
ENTITIES: Mapping[str, Entity] = {
    "organizations": Entity("/api/v2/organizations", "name", _V2),
    "persons": Entity("/api/v2/persons", "name", _V2),
    "deals": Entity("/api/v2/deals", "title", _V2),
    "products": Entity("/api/v2/products", "name", _V2),
    "activities": Entity("/api/v2/activities", "subject", _V2),
    "notes": Entity("/v1/notes", "content", _V1),
    "leads": Entity("/v1/leads", "title", _V1),
    "projects": Entity("/api/v2/projects", "title", {"limit": NEWEST}),
    "tasks": Entity("/api/v2/tasks", "title", {"limit": NEWEST}),
}


@dataclass(slots=True)
class Taken:
    """Response to a write.

    Attributes:
        method: HTTP method.
        path: path with placeholders.
        status: HTTP status.
        code: Pipedrive's error code, if there is one.
        shape: shape of the body.
    """

    method: str
    path: str
    status: int
    code: str
    shape: Shape


class NotSettledError(Exception):
    """A request that a question needs was rejected; the text contains its status only."""


class Sandbox:
    """The rows of one check.

    Args:
        wire: connection to a sandbox account.
        journal: rows that were created and are not known to be deleted.
        account: company id of the account.
    """

    def __init__(self, wire: Wire, journal: Journal, account: str) -> None:
        self.wire = wire
        self.taken: dict[str, Taken] = {}
        """Responses to the writes, by description."""
        self._journal = journal
        self._account = account
        self._mark = secrets.token_hex(4)
        self._count = 0

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    def send(self, label: str, method: str, path: str, body: object = None, **ids: object) -> Answer:
        """Send a write and keep its response for the comparison.

        Args:
            label: description, the same in every account.
            method: HTTP method.
            path: path with placeholders.
            body: JSON body.
            ids: values of the placeholders.
        """
        answer = self._sent(method, path.format(**ids), json=body)
        self.taken.setdefault(label, Taken(method, path, answer.status, answer.code, shape_of(answer.body)))
        return answer

    def row(self, path: str, **ids: object) -> dict[str, Any]:
        """Return one row.

        Raises:
            NotSettledError: the row cannot be read.
        """
        return _row_of(self._sent("GET", path.format(**ids)))

    def rows(self, path: str, **params: object) -> list[dict[str, Any]]:
        """Return the rows of one page.

        Raises:
            NotSettledError: the list cannot be read.
        """
        return rows_of(self.page(path, **params))

    def page(self, path: str, **params: object) -> Answer:
        """Return the response with one page of a list."""
        return self._sent("GET", path, params=params)

    def _sent(self, method: str, path: str, **parts: Any) -> Answer:
        """Send a request with its published cost."""
        operation = operation_at(method, path)
        cost = operation["token_cost"] if operation else 0
        return self.wire.send(method, path, cost=cost or 0, label="sandbox", **parts)

    def create(self, entity: str, body: Mapping[str, object], label: str = "") -> dict[str, Any]:
        """Create a row with a name of its own.

        Raises:
            NotSettledError: the row was not created.
        """
        kind = ENTITIES[entity]
        self._count += 1
        entry = Entry(self._account, entity, f"{PREFIX} {self._mark} {self._count}")
        self._journal.add(entry)
        whole = {kind.name: entry.name, **body}
        answer = self.send(label or f"create a row of {entity}", "POST", kind.path, whole)
        if answer.error and answer.status in range(400, 500):
            self._journal.remove(entry)
        row = _row_of(answer)
        entry.row_id = str(row["id"])
        self._journal.save()
        return row

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def pause(self, seconds: float) -> None:
        """Let time pass; an emulator's clock is advanced instead."""
        pause(self.wire, seconds)

    def seconds_until(self, condition: Callable[[], bool], most: float) -> float | None:
        """Return the seconds until a condition is met, or None if it is not within the given time."""
        waited, step = 0.0, 0.5
        while not condition():
            if waited >= most:
                return None
            self.pause(step)
            waited, step = waited + step, min(2 * step, 5.0)
        return waited

    # ── cleaning ─────────────────────────────────────────────────────────────────────────────────

    def clean(self) -> list[Entry]:
        """Delete every row in the journal; return those that could not be deleted."""
        left = []
        for entry in reversed(self._journal.of(self._account)):
            try:
                is_gone = self._delete(entry)
            except (PipedriveError, NotSettledError):
                is_gone = False
            if is_gone:
                self._journal.remove(entry)
            else:
                left.append(entry)
        return left

    def _delete(self, entry: Entry) -> bool:
        """Delete a row if it has the name in the journal; return True if it does not exist any more."""
        entity = ENTITIES[entry.entity]
        if entry.row_id is None:
            rows = self.rows(entity.path, **entity.newest)
            found = [row for row in rows if _named(row, entity, entry)]
            if not found:  # it was never created, unless it is on a later page of an unsorted list
                return entity.newest_first or len(rows) < NEWEST
            entry.row_id = str(found[0]["id"])
        if not self._is_own(entity, entry):
            return True  # it was deleted before
        path = f"{entity.path}/{{row}}"
        self._restore(path, entry)
        answer = self.send(f"delete a row of {entry.entity}", "DELETE", path, row=entry.row_id)
        return not answer.error or answer.status in _GONE

    def _restore(self, path: str, entry: Entry) -> None:
        """Take a deal out of the archive, since archived rows may not be deleted."""
        row = self.row(path, row=entry.row_id)
        if entry.entity == "deals" and row.get("is_archived"):
            body = {"is_archived": False}
            self.send("take a deal out of the archive", "PATCH", path, body, row=entry.row_id)

    def _is_own(self, entity: Entity, entry: Entry) -> bool:
        """Return True if a row exists with the name of the journal.

        Raises:
            NotSettledError: the row cannot be read, or has another name.
        """
        answer = self._sent("GET", f"{entity.path}/{entry.row_id}")
        if answer.status in _GONE:
            return False
        row = _row_of(answer)
        if row.get("is_deleted") or row.get("active_flag") is False or row.get("status") == "deleted":
            return False
        if not _named(row, entity, entry):
            raise NotSettledError("another name")
        return True


def _named(row: Mapping[str, Any], entity: Entity, entry: Entry) -> bool:
    """Return True if a row has the name in the journal, to which a check may have added something."""
    return entry.name.startswith(PREFIX) and str(row.get(entity.name)).startswith(entry.name)


def pause(wire: Wire, seconds: float) -> None:
    """Let time pass in an account; an emulator's clock is advanced instead."""
    address = wire.client.base_url.partition("://")[2]
    if is_loopback(address.rpartition(":")[0]):
        moved = {"advance_seconds": max(1, round(seconds))}
        if not wire.send("POST", "/_emulator/clock", json=moved, end=False).error:
            seconds /= EMULATED_SPEED
    wire.client.wait(seconds)


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the rows of a response.

    Raises:
        NotSettledError: it contains none.
    """
    found = answer.body.get("data", ()) if isinstance(answer.body, dict) and not answer.error else ()
    if found is None:
        return []  # version 1 sends null for an empty list
    if isinstance(found, dict):
        found = [one["item"] for one in found.get("items", ())]
    if not isinstance(found, list):
        raise NotSettledError(f"status {answer.status}")
    return found


def _row_of(answer: Answer) -> dict[str, Any]:
    found = answer.body.get("data") if isinstance(answer.body, dict) and not answer.error else None
    if not isinstance(found, dict):
        raise NotSettledError(f"status {answer.status}")
    return found
