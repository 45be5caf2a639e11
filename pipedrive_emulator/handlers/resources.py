"""Declarative layer: list, get, create, update and delete of an ordinary entity from a short description."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from pipedrive_emulator.account.account import FIELD_TABLES, Account
from pipedrive_emulator.account.custom_fields import check_v2, from_v1, in_shape, with_labels
from pipedrive_emulator.account.shapes import part
from pipedrive_emulator.api.http import Response, Row, encode, invalid, success
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.handlers.time_bounds import Test, bounds, within
from pipedrive_emulator.query import filters
from pipedrive_emulator.query.paging import (
    DEFAULT_LIMIT,
    Window,
    cursor_response,
    keyset_page,
    offset_response,
    read_cursor,
)

if TYPE_CHECKING:
    from pipedrive_emulator.account.store import Table
    from pipedrive_emulator.api.operations import Operation

Present = Callable[[Account, Row], Row]
Change = Callable[[Call, Row], Row]
GENERIC = {
    "limit",
    "cursor",
    "start",
    "sort",
    "sort_by",
    "sort_direction",
    "updated_since",
    "updated_until",
    "ids",
    "filter_id",
    "include_fields",
    "custom_fields",
    "include_option_labels",
    "include_labels",
}

SHAPING = {"custom_fields", "include_option_labels", "include_labels"}
"""Parameters in addition to `include_fields` that change the form of a row."""


def always_live(_: Call) -> str:
    """Return the view of a plain list."""
    return "live"


def unchanged(_: Call, row: Row) -> Row:
    """Return a hook that does nothing."""
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An entity and the operations over it.

    Args:
        table: the table its rows live in.
        operations: `version:operationId` by verb: list, get, add, update, delete; only those that exist.
        view: which view of the table the list reads.
        equal: row field by query parameter, where they differ; parameters named like a field need no entry.
        within: row field and parent table by path placeholder, for lists below one parent.
        tests: for query parameters that are not a plain comparison: parameter → function of (call, value) →
            row test, or None when all rows pass.
        required: keys that an added row requires in addition to the published ones.
        references: table by body key; the ids given there must exist.
        defaults: values of an added row for keys missing in the body.
        on_add, on_update: final change to the row to be stored (defaults and body merged) or to the changes.
        on_delete: called before a row is deleted.
        present: converts a stored row to its form in responses; costs time on long lists.
        extras: values of optional fields requested with `include_fields`.
        filter_type: the `type` of filters that apply to it; its custom fields are those of `table`.
        key: the path placeholder of its id.
        find: returns the row of a get, if deleted rows are included.
        find_to_update: returns the row of an update, if deleted rows are included.
    """

    table: str
    operations: dict[str, str]
    view: Callable[[Call], str] = always_live
    equal: dict[str, str] = field(default_factory=dict)
    within: dict[str, tuple[str, str]] = field(default_factory=dict)
    tests: dict[str, Callable[[Call, Any], Test | None]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    defaults: Callable[[Call], Row] = field(default=lambda _: {})
    on_add: Change = unchanged
    on_update: Callable[[Call, Row, Row], Row] = field(default=lambda _call, _row, changes: changes)
    on_delete: Callable[[Call, Row], None] = field(default=lambda _call, _row: None)
    present: Present | None = None
    extras: Callable[[Account, Row, Iterable[str]], Row] | None = None
    filter_type: str = ""
    key: str = "id"
    find: Callable[[Account, object], Row] | None = None
    find_to_update: Callable[[Account, object], Row] | None = None

    # Reading

    def shown(self, call: Call) -> Callable[[Row], Row] | None:
        """Return the conversion of rows for this call; None if they are returned as stored."""
        query, account, table = call.query, call.account, self.table
        wanted, included = query.get("custom_fields"), query.get("include_fields")
        labels, names = query.get("include_option_labels"), query.get("include_labels")
        hidden = account.table(table).spec.hidden if call.operation.method == "GET" else frozenset()
        reshaped = table in account.reshaped
        if wanted and not account.custom_fields(table).keys() >= set(wanted):
            raise invalid("Parameter custom_fields contains a key that is not a custom field")
        if self.present is None and not (wanted or included or labels or names or reshaped):
            return None

        def show(row: Row) -> Row:
            shown = dict(row) if self.present is None else self.present(account, row)
            if reshaped and "custom_fields" in shown:
                shown["custom_fields"] = in_shape(account, table, shown["custom_fields"])
            if wanted:
                shown["custom_fields"] = {k: v for k, v in shown["custom_fields"].items() if k in wanted}
            if labels:
                shown["custom_fields"] = with_labels(account, table, shown["custom_fields"])
            if names:
                shown["labels"] = label_names(account, table, row.get("label_ids") or [])
            for name in hidden:
                if name not in (included or ()):
                    shown.pop(name, None)
            if included and self.extras is not None:
                shown.update(self.extras(account, row, included))
            return shown

        return show

    def test(self, call: Call) -> tuple[Test | None, set[int] | None]:
        """Return the condition on rows, and the numbers of the candidate rows if an index contains them."""
        query, table = call.query, call.account.table(self.table)
        tests: list[Test] = []
        candidates: set[int] | None = None
        for placeholder, (name, parent) in self.within.items():
            call.account.require(parent, call.path[placeholder])
            candidates = table.where(name, call.path[placeholder])
        if "filter_id" in query:
            tests.append(filters.test_of(call.account, query["filter_id"], self.filter_type))
        if "ids" in query:
            candidates = {seq for seq in map(table.seq, query["ids"]) if seq is not None}
        for name, value in query.items():
            if name in self.tests:
                one = self.tests[name](call, value)
                tests += [one] if one is not None else []
            elif name not in GENERIC:
                column = self.equal.get(name, name)
                wanted = value if isinstance(value, list) else [value]
                found = set().union(*(table.where(column, each) for each in wanted))
                candidates = found if candidates is None else candidates & found
        if len(tests) == 1:
            return tests[0], candidates
        return (lambda row: all(t(row) for t in tests)) if tests else None, candidates

    def list_v2(self, call: Call) -> Response:
        """Return a cursor page."""
        query, table = call.query, call.account.table(self.table)
        sort_by, descending = query.get("sort_by", "id"), query.get("sort_direction") == "desc"
        since, until = bounds(table, query)
        test, candidates = self.test(call)
        if sort_by != "update_time" and (since or until):
            test, since, until = within(test, since, until), None, None
        window = Window(
            view=self.view(call),
            field=sort_by,
            descending=descending,
            since=since,
            until=until,
            cursor=read_cursor(query["cursor"], sort_by, "desc" if descending else "asc")
            if "cursor" in query
            else None,
        )
        keys = window.keys(table) if candidates is None else window.pick(table, candidates)
        keep = None if test is None else lambda seq: test(table.row(seq))
        page, following = keyset_page(keys, window, query.get("limit", DEFAULT_LIMIT), keep)
        return cursor_response(self._bytes(call, table, page), following)

    def list_v1(self, call: Call) -> Response:
        """Return an offset page, or everything if the operation has no paging."""
        query, table = call.query, call.account.table(self.table)
        start, limit = query.get("start", 0), query.get("limit", DEFAULT_LIMIT)
        if call.operation.paging != "offset":
            rows = self._bytes(call, table, self.selected(call, 0, None)[0])
            return success([Raw(row) for row in rows])
        seqs, more = self.selected(call, start, limit)
        return offset_response(call.operation, self._bytes(call, table, seqs), query, more=more)

    def selected(self, call: Call, start: int, limit: int | None) -> tuple[list[int], bool]:
        """Return row numbers of a v1 list from `start` on, and whether more follow."""
        query, table = call.query, call.account.table(self.table)
        test, candidates = self.test(call)
        since, _ = bounds(table, query)
        order = query.get("sort") or [
            ("id" if table.spec.key_kind == "integer" else table.spec.created or "id", False)
        ]
        sample = next(table.all(), None)
        for name, _ in order:
            if sample is not None and name not in sample:
                raise invalid(f"Parameter sort has no field {name}")
        view, (first, descending) = self.view(call), order[0]
        end = None if limit is None else start + limit
        if test is None and candidates is None and len(order) == 1 and (not since or first == "update_time"):
            index = table.index(view, first)
            low = index.bisect_left((since, -1)) if since else 0
            size = len(index) - low
            last = size if end is None else min(end, size)
            if descending:
                keys = [index[low + size - 1 - place] for place in range(start, last)]
            else:
                keys = index[low + start : low + last]
            return [seq for _, seq in keys], end is not None and end < size
        if since:
            test = within(test, since, None)
        found = Window(view=view, field=first, descending=descending)
        keys = list(found.keys(table) if candidates is None else found.pick(table, candidates))
        seqs = [seq for _, seq in keys if test is None or test(table.row(seq))]
        for name, backwards in reversed(order):
            values = {seq: table.sort_key(name, seq)[0] for seq in seqs}
            seqs.sort(key=values.__getitem__, reverse=backwards)
        return seqs[start:end], end is not None and end < len(seqs)

    def get(self, call: Call) -> Response:
        """Return one row."""
        key = call.path[self.key]
        row = self.find(call.account, key) if self.find else call.account.require(self.table, key)
        return self.one(call, row)

    def one(self, call: Call, row: Row) -> Response:
        """Return the response with one row."""
        show = self.shown(call)
        hidden = call.account.table(self.table).spec.hidden
        if show is not None:
            row = show(row)
        elif hidden:
            row = {name: value for name, value in row.items() if name not in hidden} | {
                name: row.get(name) for name in hidden & self._answered(call.operation)
            }
        return success(row, status=call.operation.status)

    @staticmethod
    def _answered(operation: Operation) -> set[str]:
        """Return the published keys of a written row, including keys that reads hide; empty for reads."""
        return set() if operation.method == "GET" else set(part(operation, "data").get("properties", ()))

    def _bytes(self, call: Call, table: Table, seqs: list[int]) -> list[bytes]:
        show = self.shown(call)
        if show is None:
            return table.encoded_rows(seqs)

        def made(seq: int) -> bytes:
            return encode(show(table.row(seq)))

        included = call.query.get("include_fields")
        if not included or SHAPING & call.query.keys():
            return list(map(made, seqs))
        return call.account.shown((call.operation.key, *included), seqs, made)

    # Writing

    def add(self, call: Call) -> Response:
        """Return a new row."""
        body = self._read(call, None)
        for name in self.required:
            if body.get(name) in (None, ""):
                raise invalid(f"body.{name} is required")
        row = self.on_add(call, {**self.defaults(call), **body})
        return self.one(call, call.account.insert(self.table, row, call.user_id))

    def update(self, call: Call) -> Response:
        """Update a row; an unchanged row is not stored, except by a PUT if the dialect requires it."""
        key = call.path[self.key]
        row = (
            self.find_to_update(call.account, key)
            if self.find_to_update
            else call.account.require(self.table, key)
        )
        changes = self.on_update(call, row, self._read(call, row))
        touched = call.operation.method == "PUT" and call.account.dialect.touched_by_put
        if touched or any(row.get(name) != value for name, value in changes.items()):
            row = call.account.update(
                self.table, row[call.account.table(self.table).spec.key], changes, call.user_id
            )
        return self.one(call, row)

    def delete(self, call: Call) -> Response:
        """Delete a row and return its id."""
        key = call.path[self.key]
        row = call.account.require(self.table, key)
        self.on_delete(call, row)
        call.account.delete(self.table, key, call.user_id)
        return success({"id": key}, status=call.operation.status)

    def _read(self, call: Call, row: Row | None) -> Row:
        """Return the stored form of the body: custom values checked and merged, references checked."""
        account, body = call.account, dict(call.body)
        if "custom_fields" in (self.defaults(call) if row is None else row):
            given: Row = {}
            if call.operation.version == "v2":
                given = check_v2(account, self.table, body.pop("custom_fields", {}))
            else:
                body, given = from_v1(account, self.table, body)
            kept = dict.fromkeys(account.custom_fields(self.table)) if row is None else row["custom_fields"]
            if given or row is None:
                body["custom_fields"] = {**kept, **given}
        for name, table in self.references.items():
            # An unchanged reference is accepted: the row may be deleted by now, or the user inactive.
            if name in body and (row is None or row.get(name) != body[name]):
                account.refer(table, body[name], name)
        for name, known in account.options(self.table).items():
            # Some bodies contain words instead of options; those have a published enum.
            if isinstance(body.get(name), int | float) and body[name] not in known:
                raise invalid(f"body.{name} is not an option of the field")
        return body


VERBS = ("list", "get", "add", "update", "delete")


def register(resource: Resource) -> Resource:
    """Register a resource as the handler of its operations."""
    for verb, key in resource.operations.items():
        if verb not in VERBS:
            raise ValueError(f"unknown verb {verb}")
        name = ("list_v1" if key.startswith("v1:") else "list_v2") if verb == "list" else verb
        handler(key)(getattr(resource, name))
    return resource


def label_names(account: Account, table: str, ids: Iterable[int]) -> list[Row]:
    """Return `{id, label}` of the labels of a row."""
    fields = account.table(FIELD_TABLES[table]).where("code", "label_ids")
    options = [o for seq in fields for o in account.table(FIELD_TABLES[table]).row(seq)["options"] or ()]
    labels = {option["id"]: option["label"] for option in options}
    return [{"id": number, "label": labels.get(number)} for number in ids]
