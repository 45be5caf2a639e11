"""Declaration of writes, and their comparison with the stored and returned rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.emulator.asking import Asker, key_of, published

Row = dict[str, Any]
OPERATIONS = {key_of(operation): operation for operation in published()}
CUSTOM = re.compile(r"^\$(\w+):(\w+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call before a write; `$name` in later bodies and paths is the id it returned.

    Args:
        operation: `version:operationId`.
        body: the JSON body.
        path: values of the path placeholders.
        name: how later steps call the id.
    """

    operation: str
    body: Any = None
    path: Mapping[str, Any] = field(default_factory=dict)
    name: str = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write and what is kept of it.

    Args:
        operation: `version:operationId`.
        table: the table of the row that is written.
        body: the JSON body, or the fields of a form; a key `$deals:varchar` is a custom field of that type.
        before: calls made first.
        path: values of the path placeholders.
        row: the id of the row, if the response does not contain it: a value, or `$name` of a step.
        keeps: values of the row afterwards, if they differ from the sent ones.
        drops: sent values that are stored elsewhere, or not at all.
        also: fields of the row that change as well, besides its update time.
        reads: whether the row is read back through its operations; False where it leaves the lists.
        others: whether further rows of the table may change as well.
        form: whether the body is sent as a form.
        files: file parts by name.
        tells: part of the response's data with the id.
        fresh: whether the account must be as it was seeded.
    """

    operation: str
    table: str
    body: Any
    before: tuple[Step, ...] = ()
    path: Mapping[str, Any] = field(default_factory=dict)
    row: object = None
    keeps: Mapping[str, Any] = field(default_factory=dict)
    drops: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    reads: bool = True
    others: bool = False
    form: bool = False
    files: Mapping[str, Any] = field(default_factory=dict)
    tells: str = "id"
    fresh: bool = False

    @property
    def label(self) -> str:
        """Label that distinguishes this write from others of its operation."""
        return ",".join(self.body) if isinstance(self.body, dict) else str(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An operation that shows rows of a table.

    Args:
        operation: `version:operationId`.
        path, query: templates over the kept row, such as `{deal_id}`.
        names: shown name by kept name; None where all are the same.
        shown: how kept values look, by kept name.
        within: the path to the rows in the response.
        key: shown name of the id.
        by: kept name of it.
        when: whether the row is there at all.
    """

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] | None = None
    shown: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    within: tuple[str, ...] = ("data",)
    key: str = "id"
    by: str = "id"
    when: Callable[[Row], bool] = field(default=lambda _: True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A table: its id and times, and every operation that shows its rows."""

    reads: tuple[Read, ...] = ()
    key: str = "id"
    created: str | None = "add_time"
    updated: str | None = "update_time"


def published_properties(operation: Row) -> set[str]:
    """Every property of a body by its path: `emails.value`, through lists as well."""
    found: set[str] = set()

    def walk(schema: Row, place: str) -> None:
        for name, part in schema.get("properties", {}).items():
            found.add(f"{place}{name}")
            walk(part, f"{place}{name}.")
        if "items" in schema:
            walk(schema["items"], place)

    for schema in (operation.get("request_body") or {}).values():
        walk(schema, "")
    return found


def sent_properties(content: Any, place: str = "") -> set[str]:
    """The paths in a body, in the form of `published_properties`."""
    if isinstance(content, list):
        return set().union(*(sent_properties(entry, place) for entry in content))
    if not isinstance(content, Mapping):
        return set()
    return set().union(*({f"{place}{k}"} | sent_properties(v, f"{place}{k}.") for k, v in content.items()))


def contains(have: Any, want: Any) -> bool:
    """Return whether a returned value contains the expected one; objects may contain more."""
    if isinstance(want, Mapping) and isinstance(have, dict):
        return all(name in have and contains(have[name], value) for name, value in want.items())
    if isinstance(want, list) and isinstance(have, list):
        return len(have) == len(want) and all(map(contains, have, want))
    return bool(have == want)


class Tables(dict[str, list[Row]]):
    """Tables of a dump; each is decoded when it is read, since most are not."""

    def __init__(self, dump: bytes) -> None:
        super().__init__()
        self._raw = msgspec.json.decode(dump, type=_Dump).tables

    def __missing__(self, name: str) -> list[Row]:
        self[name] = msgspec.json.decode(self._raw[name])
        return self[name]


class _Dump(msgspec.Struct):
    tables: dict[str, msgspec.Raw]


class Writer:
    """Makes writes in one account, and reports differences from the expected result."""

    def __init__(self, ask: Asker, tables: Mapping[str, Kept]) -> None:
        self.ask, self.kinds = ask, tables
        self.names: dict[str, Any] = {}
        self.before: Mapping[str, list[Row]] = {}

    def fill(self, content: Any) -> Any:
        """A template with the ids of the steps before, and the keys of custom fields, in place."""
        if isinstance(content, Mapping):
            return {self.fill(name): self.fill(value) for name, value in content.items()}
        if isinstance(content, list | tuple):
            return [self.fill(value) for value in content]
        if isinstance(content, str) and content.startswith("$"):
            custom = CUSTOM.match(content)
            return self._custom(*custom.groups()) if custom else self.names[content[1:]]
        return content

    def _custom(self, entity: str, kind: str) -> str:
        rows = self.before[f"{entity.removesuffix('s')}_fields"]
        return next(row["key"] for row in rows if row["is_custom"] and row["field_type"] == kind)

    def _known(self, write: Write) -> dict[str, Any]:
        """Names in templates in addition to the ids of the steps."""
        names = {
            "made": write.path.get("id"),
            "title": next(str(row["id"]) for row in self.before["deal_fields"] if row["key"] == "title"),
            "regular": next(
                row["id"]
                for row in self.before["permission_sets"]
                if (row["app"], row["type"]) == ("sales", "regular")
            ),
            "next_deal": 1 + max(row["id"] for row in self.before["deals"]),
            "next_follower": 1 + max(row["id"] for row in self.before["followers"]),
            "plan": f"{'task' if 'taskId' in write.path else 'activity'}:{self.names.get('item')}",
        }
        if write.table.endswith("_fields") and "made" in self.names:
            made = self.names["made"]
            field_row = next(row for row in self.before[write.table] if made in (row["id"], row["key"]))
            names.update({"key": field_row["key"], "option": field_row["options"][0]["id"]})
        return names

    def send(self, key: str, *, body: Any, path: Mapping[str, Any], **more: Any) -> Any:
        """The data of a response; `form` and `files` as in a `Write`."""
        form, files = more.get("form"), more.get("files")
        operation = OPERATIONS[key]
        values = {name: str(value) for name, value in self.fill(path).items()}
        address = re.sub(r"\{([^}]+)\}", lambda match: values[match[1]], operation["path"])
        filled = self.fill(body)
        sent = {"data": filled, "files": files or None} if form or files else {"json": filled}
        answer = self.ask.ask(operation["method"], address, **sent)
        assert answer.status_code < 300, f"{key} {filled}: {answer.status_code} {answer.text[:400]}"
        return answer.json().get("data")

    def problems(self, write: Write) -> list[str]:
        """Make a write; what is wrong with it, nothing when it was kept and is shown as it should be."""
        self._prepare(write)
        answer = self._make(write)
        key = told(answer, write.tells) if write.row is None else self.fill(write.row)
        after = self._tables()
        return [f"{write.operation} {write.label}: {p}" for p in self._compare(write, key, after)]

    def _tables(self) -> Tables:
        return Tables(self.ask.dump())

    def _prepare(self, write: Write) -> None:
        """Make the calls before a write, and look at the account."""
        self.names = {}
        if write.fresh:
            self.ask.hook("reset", {})
        for step in write.before:
            done = self.send(step.operation, body=step.body, path=step.path)
            self.names[step.name] = told(done)
        # Two writes share a second; this one shall be later than those before.
        self.ask.hook("clock", {"advance_seconds": 2})
        self.before = self._tables()
        self.names = {**self._known(write), **self.names}

    def _make(self, write: Write) -> Any:
        return self.send(
            write.operation, body=write.body, path=write.path, form=write.form, files=write.files
        )

    def cleared(self, write: Write, name: str) -> list[str]:
        """Make an update and take it back with a null; what is wrong with that."""
        self._prepare(write)
        self._make(write)
        self.send(write.operation, body={name: None}, path=write.path)
        kind, key = self.kinds[write.table], str(self.fill(write.row))
        row = next(row for row in self._tables()[write.table] if str(row[kind.key]) == key)
        have = row.get(name) or None
        return [] if have is None else [f"{write.operation}: null leaves {name} at {have!r}"]

    def _compare(self, write: Write, key: object, after: Tables) -> Iterator[str]:
        kind = self.kinds[write.table]
        old = {str(row[kind.key]): row for row in self.before[write.table]}
        new = {str(row[kind.key]): row for row in after[write.table]}
        row, was = new.get(str(key)), old.get(str(key))
        if row is None:
            yield f"no row {key} in {write.table}"
            return
        want = self.wanted(write)
        for name, value in want.items():
            if name not in row or not contains(row[name], value):
                yield f"{name} is kept as {row.get(name)!r} instead of {value!r}"
            elif was is not None and was.get(name) == row[name]:
                yield f"{name} was {value!r} before; the case tells nothing"
        if was is not None:
            yield from self._moved(write, kind, was, row)
            if not write.others and any(old[k] != new.get(k) for k in old if k != str(key)):
                yield "other rows changed"
        if write.reads:
            for read in kind.reads:
                yield from self._shown(read, row, want)

    def wanted(self, write: Write) -> Row:
        """Expected values of the row."""
        sent = self.fill(write.body) if isinstance(write.body, Mapping) else {}
        left_out = {self.fill(name) for name in write.drops}
        return {k: v for k, v in {**sent, **self.fill(write.keeps)}.items() if k not in left_out}

    def _moved(self, write: Write, kind: Kept, was: Row, row: Row) -> Iterator[str]:
        changed = {name for name in row if row[name] != was.get(name)}
        stray = changed - set(self.wanted(write)) - write.also - {kind.updated}
        if stray:
            yield f"{', '.join(sorted(stray))} changed, though not sent"
        if kind.updated and not row[kind.updated] > was[kind.updated]:
            yield "the update time did not move"
        if kind.created and kind.created not in write.body and row[kind.created] != was[kind.created]:
            yield "the add time moved"

    def _shown(self, read: Read, row: Row, want: Row) -> Iterator[str]:
        if not read.when(row):
            return
        operation = OPERATIONS[read.operation]
        values = {name: template.format_map(row) for name, template in read.path.items()}
        address = re.sub(r"\{([^}]+)\}", lambda match: values[match[1]], operation["path"])
        query = {k: v.format_map(row) if isinstance(v, str) else v for k, v in read.query.items()}
        content: Any = self.ask.get(address, **query)
        for name in read.within:
            content = content[name]
        if isinstance(content, list):
            entries = [entry.get("item", entry) for entry in content]
            found = [entry for entry in entries if str(entry.get(read.key)) == str(row[read.by])]
            if len(found) != 1:
                yield f"{read.operation} shows {len(found)} such rows"
                return
            content = found[0]
        for name, value in want.items():
            shown_as = name if read.names is None else read.names.get(name)
            if shown_as is None:
                continue
            wanted = read.shown[name](value) if name in read.shown else value
            if shown_as not in content or not contains(content[shown_as], wanted):
                yield f"{read.operation} shows {shown_as} as {content.get(shown_as)!r} instead of {wanted!r}"


def told(answer: Any, name: str = "id") -> Any:
    """The id in a response."""
    if isinstance(answer, list):
        return answer[0][name]
    if name not in answer and "goal" in answer:
        return answer["goal"]["id"]
    return next((answer[known] for known in (name, "uuid", "field_code") if known in answer), None)


def cleared(writes: tuple[Write, ...]) -> Iterator[tuple[Write, str]]:
    """Updates of a single property that is published as nullable, with the name of the property."""
    for write in writes:
        bodies = OPERATIONS[write.operation].get("request_body") or {}
        schema = bodies.get("application/json", {})
        if write.row is not None and isinstance(write.body, dict) and len(write.body) == 1:
            name = next(iter(write.body))
            if schema.get("properties", {}).get(name, {}).get("nullable"):
                yield write, name
