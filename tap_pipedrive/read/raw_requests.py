"""Reads defined by the setting `raw_requests`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from typing_extensions import override

from pipedrive_client import ConfigError, DataKind, Expectation, Null, Paging, Rejected
from pipedrive_client.http.encoding import own_headers
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Changes, Read, StreamSpec
from tap_pipedrive.read.reader import Reader
from tap_pipedrive.values.column_types import column_types

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from datetime import datetime

    from pipedrive_client import PipedriveClient
    from tap_pipedrive.catalog.spec import JSON
    from tap_pipedrive.read.window_slots import WindowSlots
    from tap_pipedrive.values.row import Context, Row


WHOLE_ROW = "record"

_NAME = re.compile(r"[a-z][a-z0-9_]*")

_COLUMN = re.compile(r"\w+", re.ASCII)

_PATH = re.compile(r"/(?:v1|api/v2)(?:/[\w.,:@~%-]+)+", re.ASCII)

_LIST_COSTS = {"/v1/": 20, "/api/v2/": 10}
"""Default cost in tokens of an entry; single rows and some collections differ."""

_KNOWN = {
    "name": "a name in snake_case",
    "path": "a path that starts with /v1/ or /api/v2/, without a query",
    "method": "GET",
    "params": "an object of strings, numbers, booleans or lists of them",
    "headers": "an object of strings",
    "records": "the dotted path of the rows, such as data.items",
    "paging": "cursor, offset or none",
    "page_size": "an integer greater than 0",
    "keys": "a list of column names",
    "replication_key": "the name of a time column",
    "columns": "an object of types by column name, such as int, num, str, bool, time, date, map or [str]",
    "cost": "an integer of at least 0",
    "retries": "an integer of at least 0",
    "timeout_seconds": "a number greater than 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """One entry of `raw_requests`.

    Attributes:
        spec: stream of the entry.
        headers: additional headers.
        timeout_seconds: read timeout; None uses the setting.
        max_attempts: maximum number of attempts; None uses the client's policy.
    """

    spec: StreamSpec
    headers: Mapping[str, str]
    timeout_seconds: float | None
    max_attempts: int | None


def raw_requests(config: Mapping[str, object], taken: Container[str]) -> dict[str, RawRequest]:
    """Return the entries of the setting by stream name.

    Args:
        config: the tap's settings.
        taken: names of other streams.

    Raises:
        ConfigError: an entry is malformed, or its name is already in use.
    """
    entries = config.get("raw_requests") or []
    if not isinstance(entries, list):
        msg = "Setting raw_requests must be a list of objects, each with a name and a path."
        raise ConfigError(msg)
    found: dict[str, RawRequest] = {}
    for number, given in enumerate(entries, start=1):
        entry = _Entry(given, number)
        name = entry.name
        if name in taken or name in found:
            raise entry.invalid("name", f"the name of another {'entry' if name in found else 'stream'}")
        found[name] = entry.request()
    return found


class _Entry:
    """Validator of one entry."""

    def __init__(self, given: object, number: int) -> None:
        self._where = f"Setting raw_requests, entry {number}"
        if not isinstance(given, dict):
            msg = f"{self._where} must be an object with a name and a path."
            raise ConfigError(msg)
        self._given = given
        unknown = next((key for key in given if key not in _KNOWN), None)
        if unknown is not None:
            msg = f"{self._where} has an unknown key {unknown!r}; known keys: {', '.join(_KNOWN)}."
            raise ConfigError(msg)
        self.name = cast("str", self._take("name", None, lambda one: _matches(_NAME, one)))
        self._where += f" ({self.name})"

    def invalid(self, part: str, instead: str = "") -> ConfigError:
        """Return the error that contains the required form of a key, and its value if it may be shown."""
        found = f", not {instead}" if instead else "" if part in self._given else "; it is missing"
        return ConfigError(f"{self._where}: {part} must be {_KNOWN[part]}{found}.")

    def _take(self, part: str, default: object, fits: Callable[[Any], bool]) -> Any:  # noqa: ANN401  any JSON
        value = self._given.get(part)
        if value is None:
            value = default
        if (value is None and part in ("name", "path")) or (value is not None and not fits(value)):
            raise self.invalid(part)
        return value

    def request(self) -> RawRequest:
        """Return the request of the entry, with its stream."""
        self._take("method", "GET", lambda one: isinstance(one, str) and one.upper() == "GET")
        retries = self._take("retries", None, lambda one: _whole(one, 0))
        return RawRequest(
            spec=self._spec(),
            headers=self._headers(),
            timeout_seconds=self._take(
                "timeout_seconds", None, lambda one: type(one) in (int, float) and one > 0
            ),
            max_attempts=None if retries is None else retries + 1,
        )

    def _headers(self) -> dict[str, str]:
        given: dict[str, str] = self._take(
            "headers", {}, lambda one: isinstance(one, dict) and all(isinstance(v, str) for v in one.values())
        )
        try:
            sent = own_headers(given, None)
        except Rejected as error:
            msg = f"{self._where}: {error}"
            raise ConfigError(msg) from error
        if len(sent) < len(given):
            msg = f"{self._where}: headers must not contain authentication or connection headers."
            raise ConfigError(msg)
        return given

    def _spec(self) -> StreamSpec:
        path: str = self._take("path", None, _is_path)
        keys: list[str] = self._take("keys", [], _are_columns)
        replication_key = self._take("replication_key", None, lambda one: _matches(_COLUMN, one))
        paging: str = self._take("paging", "none", lambda one: one in [way.value for way in Paging])
        prefix = next(start for start in _LIST_COSTS if path.startswith(start))
        read = Read(
            self.name,
            path,
            self._take("cost", _LIST_COSTS[prefix], lambda one: _whole(one, 0)),
            Paging(paging),
            page_size=self._take("page_size", None, lambda one: _whole(one, 1)),
            params=self._take("params", {}, _are_params),
            records=self._take("records", "data", lambda one: isinstance(one, str)),
            # There is no known parameter for changes; the bookmark filters older rows.
            changes=Changes() if replication_key else None,
        )
        return StreamSpec(
            name=self.name,
            summary=f"Rows of GET {path}, by the setting raw_requests.",
            reads=(read,),
            schema=self._schema(keys, replication_key),
            primary_keys=tuple(keys),
            replication_key=replication_key,
            settings=("raw_requests",),
        )

    def _schema(self, keys: list[str], replication_key: str | None) -> dict[str, JSON]:
        given = self._take("columns", None, lambda one: isinstance(one, dict) and _are_columns([*one]))
        types: dict[str, object] = dict.fromkeys(keys, "str")
        if replication_key:
            types[replication_key] = "time"
        types |= {WHOLE_ROW: "map"} if given is None else given
        found: dict[str, JSON] = {}
        for column, word in types.items():
            text = f"{column}{'!' if column in keys else ''}:{word}"
            try:
                made = columns(text)
            except ValueError as error:
                msg = f"{self._where}: columns: {error}."
                raise ConfigError(msg) from error
            if len(made) != 1:
                raise self.invalid("columns")
            found |= made
        kind = found.get(replication_key or "")
        if isinstance(kind, dict) and kind.get("format") not in ("date-time", "date"):
            raise self.invalid("replication_key")
        return found


class RawReader(Reader):
    """Reader of one entry of `raw_requests`."""

    def __init__(self, client: PipedriveClient, request: RawRequest) -> None:
        super().__init__(client, request.spec.reads[0], label=request.spec.name)
        self._request = request
        self._columns = dict.fromkeys(request.spec.schema)
        # Bookmarks need times in one form; the row plan converts the other columns.
        schema = request.spec.schema
        times = {name: one for name, one in schema.items() if isinstance(one, dict) and "format" in one}
        self._times = column_types(times, lambda _column, _value: None)

    @override
    def all(self, context: Context | None = None, query: Context | None = None) -> Iterator[list[Row]]:
        """Yield all pages as records.

        Raises:
            ConfigError: a row has no key, or an invalid time.
            PipedriveError: a request failed permanently.
        """
        pages = self._client.pages(
            self.read.path,
            params=self._params,
            paging=self.read.paging,
            page_size=self.read.page_size,
            cost=self.read.cost,
            label=self._label,
            headers=self._request.headers,
            timeout_seconds=self._request.timeout_seconds,
            max_attempts=self._request.max_attempts,
            expected=Expectation(kind=DataKind.ANY, records=self.read.records, null=Null.CONFIRMED),
        )
        for page in pages:
            self.doubted |= page.response.doubted
            yield [self._record(row) for row in page.rows]

    @override
    def changes(
        self,
        since: datetime | None,
        moment: Callable[[Row], str],
        *,
        length: int = 0,
        slots: WindowSlots | None = None,
    ) -> Iterator[list[Row]]:
        """Yield all pages; the bookmark filters older rows afterwards."""
        yield from self.all()

    def _record(self, row: Row) -> Row:
        record = {name: row if name == WHOLE_ROW else row.get(name) for name in self._columns}
        for name, kind in self._times.items():
            value = record[name]
            record[name] = None if value is None else kind.convert(value)
            # An empty string and 0000-00-00 mean null; other strings are invalid.
            if record[name] is None and value is not None and str(value).strip("0-: "):
                msg = f"raw_requests, {self._label}: column {name} of a row is not a valid time."
                raise ConfigError(msg)
        for key in self._request.spec.primary_keys:
            if record[key] is None:
                msg = f"raw_requests, {self._label}: a row has no {key}; set other keys, or none."
                raise ConfigError(msg)
        return record


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _is_path(value: object) -> bool:
    return _matches(_PATH, value) and not {".", ".."} & set(unquote(str(value)).split("/"))


def _are_columns(value: object) -> bool:
    return (
        isinstance(value, list)
        and all(_matches(_COLUMN, one) for one in value)
        and len(set(value)) == len(value)
    )


def _are_params(value: object) -> bool:
    return isinstance(value, dict) and all(
        all(isinstance(part, str | int | float) for part in (one if isinstance(one, list) else [one]))
        for one in value.values()
    )


def _whole(value: object, least: int) -> bool:
    return type(value) is int and value >= least
