"""The emulated account: its rows, the requests it got, and the changes between two runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from tap_pipedrive.catalog import STREAMS

TOKEN = "emulator-token"  # noqa: S105  the emulator's published token, no secret
DELETED_DEALS_SHOW = timedelta(days=30)
_TABLE_OF = {"boards": "project_boards", "phases": "project_phases"}
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests and tokens, in total and by stream, and the number of requests that write."""

    requests: int = 0
    tokens: int = 0
    writes: int = 0
    by_stream: dict[str, tuple[int, int]] = field(default_factory=dict)


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as `1 row` and `1,991 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@dataclass(frozen=True, slots=True)
class Account:
    """Client of an emulator's hooks and API.

    Attributes:
        url: its address.
    """

    url: str

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  any JSON
        """Return the decoded response to one request."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"x-api-token": TOKEN, "content-type": "application/json"}
        request = Request(self.url + path, data=content, method=method, headers=headers)  # noqa: S310  loopback http
        with urlopen(request) as response:  # noqa: S310  the same
            return json.loads(response.read())

    def add(self, path: str, values: object) -> int:
        """Add a row; returns its id."""
        return int(self.call("POST", path, values)["data"]["id"])

    def now(self) -> datetime:
        """Return the time of the account's clock."""
        return datetime.fromisoformat(self.call("GET", "/_emulator/clock")["now"])

    def set_clock(self, moment: datetime) -> None:
        """Set the account's clock."""
        self.call("POST", "/_emulator/clock", {"now": f"{moment:%Y-%m-%dT%H:%M:%SZ}"})

    def won(self) -> dict[str, tuple[int, float]]:
        """Return number and value of the won deals by currency, from Pipedrive's own statistics."""
        found: dict[str, tuple[int, float]] = {}
        for path in ("/v1/deals/summary", "/v1/deals/summary/archived"):
            totals = self.call("GET", f"{path}?status=won")["data"]["values_total"]
            for currency, total in totals.items():
                count, value = found.get(currency, (0, 0.0))
                found[currency] = (count + total["count"], round(value + total["value"], 2))
        return found

    def forget_traffic(self) -> None:
        """Start counting requests from zero."""
        self.call("POST", "/_emulator/log/clear")

    def traffic(self) -> Traffic:
        """Return the requests since `forget_traffic`; shared operations count for the first stream."""
        log = self.call("GET", "/_emulator/log")
        requests: Counter[str] = Counter()
        tokens: Counter[str] = Counter()
        writes = 0
        for operation, entry in log["operations"].items():
            stream = _stream_of(operation)
            requests[stream] += entry["count"]
            tokens[stream] += entry["tokens"]
            if not operation.startswith("GET "):
                writes += sum(count for status, count in entry["statuses"].items() if status[0] == "2")
        by_stream = {name: (requests[name], tokens[name]) for name in requests}
        return Traffic(log["requests"], log["tokens"], writes, by_stream)

    def rows(self) -> dict[str, int]:
        """Return the account's rows by stream, in the form of its lists."""
        dump = self.call("GET", "/_emulator/dump")
        tables = dump["tables"]
        now = datetime.fromtimestamp(dump["now"], UTC)
        deleted = {row["id"] for row in tables["deals"] if row["is_deleted"]}
        found = {}
        for name, spec in STREAMS.items():
            if not spec.selected_by_default or _TABLE_OF.get(name, name) not in tables:
                continue
            rows = tables[_TABLE_OF.get(name, name)]
            if name == "deals":
                rows = [row for row in rows if not row["is_deleted"] or _recent(row["update_time"], now)]
            elif name == "deal_products":
                rows = [row for row in rows if row["deal_id"] not in deleted]
            elif name == "lead_fields":
                rows = [*rows, *(row for row in tables["deal_fields"] if row["is_custom"])]
            elif not spec.shows_deleted and name != "users":
                rows = [row for row in rows if not row.get("is_deleted") and row.get("active_flag", True)]
            found[name] = len(rows)
        return found

    def deals(self, label: str) -> dict[int, tuple[float | None, int]]:
        """Return the custom field of this label and the owner, by deal id."""
        tables = self.call("GET", "/_emulator/dump")["tables"]
        keys = [one["code"] for one in tables["deal_fields"] if one["name"] == label]
        found = {}
        for row in tables["deals"]:
            values = [row["custom_fields"].get(key) for key in keys]
            found[row["id"]] = (next(iter(values), None), row["owner_id"])
        return found

    def live_a_little(self) -> list[str]:
        """Change some rows as users would; returns descriptions of the changes."""
        deals = self.call("GET", "/api/v2/deals?status=open&limit=3")["data"]
        for deal in deals:
            self.call("PATCH", f"/api/v2/deals/{deal['id']}", {"status": "won"})
        organization = self.call("GET", "/api/v2/organizations?limit=1")["data"][0]
        self.call(
            "PATCH", f"/api/v2/organizations/{organization['id']}", {"name": f"{organization['name']} Group"}
        )
        person = self.call("POST", "/api/v2/persons", {"name": "Ada Lovelace", "org_id": organization["id"]})[
            "data"
        ]
        self.call("POST", "/v1/notes", {"content": "Met at the fair", "person_id": person["id"]})
        return [
            f"{len(deals)} deals are won",
            f"“{organization['name']}” has a new name",
            "Ada Lovelace is a new person, with a note",
        ]


def _recent(moment: str | int, now: datetime) -> bool:
    then = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int) else datetime.fromisoformat(moment)
    return now - (then if then.tzinfo else then.replace(tzinfo=UTC)) <= DELETED_DEALS_SHOW


def _plain(path: str) -> str:
    """Return a path in a form that the log and the catalogue share."""
    return _PLACEHOLDER.sub("{}", path.removeprefix("/api"))


_STREAM_OF: dict[str, str] = {}
for _name, _spec in sorted(STREAMS.items(), key=lambda item: item[1].parent is not None):
    for _read in (*_spec.reads, *filter(None, [_spec.single])):
        _STREAM_OF.setdefault(_plain(_read.path), _name)


def _stream_of(operation: str) -> str:
    method, _, path = operation.partition(" ")
    return _STREAM_OF.get(_plain(path), operation) if method == "GET" else operation
