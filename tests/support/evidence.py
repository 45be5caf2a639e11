"""Recorded responses of live accounts, served at their paths.

The recordings are not part of the repository. Their folder is `PIPEDRIVE_EVIDENCE`, or else `shared/evidence`
next to the checkout.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipedrive_client.fields import HASH_KEY
from tap_pipedrive.catalog import STREAMS
from tests.support.mutations import Counts, faults
from tests.support.observed import BESIDE, folder
from tests.support.published import plain
from tests.support.singer import run_tap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_pipedrive.catalog.spec import Read, StreamSpec
    from tests.support.singer import Output

HEADER = "x-recording"
"""Request header that selects one recording, for any path."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One request and its response.

    Attributes:
        number: number of the file.
        status: status of the response.
        body: JSON body of the response.
    """

    number: str
    operation: str
    method: str
    path: str
    query: dict[str, Any]
    status: int
    body: Any

    @property
    def has_rows(self) -> bool:
        """True if the response contains rows, and not only the id of a deleted one."""
        body = self.body if isinstance(self.body, dict) else {}
        return self.status < 300 and self.method != "DELETE" and bool(body.get("success", "start" in body))


def recordings() -> list[Recording]:
    """All recordings, in the order of their files."""
    found = []
    for file in sorted((folder() or BESIDE).glob("*.json")):
        one = json.loads(file.read_text(encoding="utf-8"))
        parts = {name: one[name] for name in ("operation", "method", "path", "query", "status", "body")}
        found.append(Recording(number=file.name[:3], **parts))
    return found


# --- how the tap reads a recording -----------------------------------------------------------------


@dataclass(kw_only=True)
class Reading:
    """Reading of a recording by the tap: a stream, with its settings and parent.

    Attributes:
        spec: the stream; None where no stream reads the path, which a raw request then does.
        read: the read of the stream.
        path: path of the request that the tap sends.
        ids: values of the path's placeholders.
    """

    recording: Recording
    spec: StreamSpec | None = None
    read: Read | None = None
    path: str = ""
    ids: dict[str, Any] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self.spec.name if self.spec else f"recording_{self.recording.number}"

    @property
    def streams(self) -> set[str]:
        """Names of the stream and of its parent."""
        return {self.stream, *((self.spec.parent.stream,) if self.spec and self.spec.parent else ())}

    def sent(self) -> list[dict[str, Any]]:
        """Rows of the recording."""
        found = self.recording.body
        for key in (self.read.records if self.read else "data").split("."):
            found = found[key]
        return [row for row in (found if isinstance(found, list) else [found]) if row]

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the recording, with the keys that their records must have."""
        return [self._as_columns(row) for row in self.sent()]

    def _as_columns(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the keys of a row: also those of its item and of its custom fields."""
        if self.spec is None:
            return row
        if self.spec.shape == "found":
            return {**row["item"], "result_score": row["result_score"]}
        if self.spec.shape == "updates":
            return {**row, "id": row["data"]["id"]}
        assert self.spec.shape is None, f"{self.stream} needs a rule for its rows here"
        if self.spec.custom_fields:
            others = {key: value for key, value in row.items() if key != "custom_fields"}
            return {**others, **(row.get("custom_fields") or {})}
        return row

    @property
    def is_single(self) -> bool:
        """True if the tap reads one row by its id."""
        return self.spec is not None and self.read is self.spec.single


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)) + "$")


def reading(one: Recording) -> Reading:
    """Return the reading of a recording. A row that a write returned is read by its id."""
    path = plain(one.path)
    row = one.body.get("data")
    if one.method == "POST" and isinstance(row, dict):
        path = f"{path}/{row['id']}"
    for spec, read in _reads():
        if found := _pattern(read.path).match(path):
            ids = {name: int(text) if text.isdigit() else text for name, text in found.groupdict().items()}
            return Reading(recording=one, spec=spec, read=read, path=path, ids=ids)
    return Reading(recording=one, path=path)


def _reads() -> list[tuple[StreamSpec, Read]]:
    """Return all reads of the catalogue by stream: literal paths first, lists before child streams."""
    found = [
        (spec, read)
        for spec in STREAMS.values()
        if not spec.removed_on
        for read in (*spec.reads, *((spec.single,) if spec.single else ()))
    ]
    return sorted(found, key=lambda each: (len(each[1].placeholders), each[0].parent is not None))


def rounds(readings: list[Reading]) -> list[list[Reading]]:
    """Group readings that one run of the tap can perform: one list per stream, or rows with different ids."""
    made: list[list[Reading]] = []
    for one in readings:
        group = next((group for group in made if not any(_clash(one, other) for other in group)), None)
        if group is None:
            made.append(group := [])
        group.append(one)
    return made


def _clash(one: Reading, other: Reading) -> bool:
    if not one.streams & other.streams:
        return False
    return not (one.is_single and other.is_single and one.path != other.path)


def settings(group: list[Reading]) -> dict[str, Any]:
    """Settings of the tap for a run over these readings."""
    found: dict[str, Any] = {"record_ids": {}, "searches": [], "raw_requests": []}
    for one in group:
        if one.spec is None:
            entry = {"name": one.stream, "path": one.path, "keys": ["id"]}
            found["raw_requests"].append({**entry, "headers": {HEADER: one.recording.number}})
        elif one.is_single:
            found["record_ids"].setdefault(one.stream, []).extend(one.ids.values())
        elif "searches" in one.spec.settings:
            found["searches"].append({"stream": one.stream, "term": "anything"})
    return found


@contextmanager
def served(group: list[Reading]) -> Iterator[str]:
    """Serve these recordings; other lists are empty, except for the parents that the streams need."""
    by_path = {one.path: one.recording for one in group}
    by_number = {one.recording.number: one.recording for one in group}
    parents: dict[str, dict[str, Any]] = {}
    for one in group:
        if one.spec and one.spec.parent:
            above = STREAMS[one.spec.parent.stream]
            row = {one.spec.parent.context[name]: value for name, value in one.ids.items()}
            parents[plain(above.reads[0].path)] = row

    def answer(path: str, number: str | None) -> tuple[int, Any]:
        found = by_number[number] if number else by_path.get(plain(path))
        if found:
            return found.status, _last_page(found.body)
        rows = [parents[plain(path)]] if plain(path) in parents else []
        return 200, {"success": True, "data": rows, "additional_data": {}}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, body = answer(urlsplit(self.path).path, self.headers.get(HEADER))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("x-ratelimit-limit", "10000")
            self.send_header("x-ratelimit-remaining", "9999")
            self.send_header("x-ratelimit-reset", "2")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.respond)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _last_page(body: Any) -> Any:
    """Return the body as the last page of its list, because only this page was recorded."""
    more = body.get("additional_data") if isinstance(body, dict) else None
    if not isinstance(more, dict):
        return body
    ended = {**more}
    ended |= {"next_cursor": None} if more.get("next_cursor") else {}
    for name in ("pagination", "more_items_in_collection"):
        if isinstance(more.get(name), dict):
            ended[name] = {**more[name], "more_items_in_collection": False}
        elif more.get(name):
            ended[name] = False
    return {**body, "additional_data": ended}


# --- reading them ----------------------------------------------------------------------------------


def read(group: list[Reading], **config: object) -> Output:
    """Return the tap's output for these readings, in one run."""
    names = dict.fromkeys(one.stream for one in group)
    selected = [{"breadcrumb": [], "metadata": {"selected": True}}]
    catalog = {
        "streams": [
            {"tap_stream_id": name, "stream": name, "schema": {}, "metadata": selected} for name in names
        ]
    }
    with served(group) as url:
        return run_tap({"api_token": "t" * 40, "api_url": url, **settings(group), **config}, catalog=catalog)


def record_of(one: Reading, row: dict[str, Any], out: Output) -> dict[str, Any] | None:
    """The record of a row of a reading; None if there is no record."""
    keys = out.schemas[one.stream]["key_properties"]
    own = {name: value for name, value in {**one.ids, **row}.items() if name in keys}
    for record in out.records[one.stream]:
        if all(str(record[name]) == str(value) for name, value in own.items()):
            return record if one.spec else record["record"]
    return None


def lost_keys(one: Reading, out: Output) -> Iterator[str]:
    """Return the keys of a reading's rows, at any depth, with a missing or another value."""
    columns = out.schemas[one.stream]["schema"]["properties"]
    for row in one.rows():
        record = record_of(one, row, out)
        where = f"{one.recording.number}: {one.stream}"
        if record is None:
            yield f"{where} has no record of a row"
        elif one.spec is None:
            yield from [f"{where}: the row is another"] if record != row else []
        else:
            for key, value in row.items():
                if key in record:
                    yield from (f"{where}, {each}" for each in _differences(key, columns[key], value, record))
                elif value is not None or not HASH_KEY.match(key):  # a null custom field without definition
                    yield f"{where}, {key}: lost"


def _differences(key: str, schema: dict[str, Any], value: Any, record: dict[str, Any]) -> Iterator[str]:
    """Return where the value in a record is not the sent one."""
    counts = Counts()
    yield from faults(key, schema, value, record[key], counts)
    if counts.nulls.total() and not str(value).startswith("0000-00-00"):
        yield f"{key}: lost ({type(value).__name__} inside {[*counts.nulls]})"
