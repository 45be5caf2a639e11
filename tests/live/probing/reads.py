"""Questions that GET requests settle in any account with a few rows."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tests.live.probing.sandbox import NotSettledError, rows_of
from tests.support.checker import operation_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.live.wire import Wire

NO_ROWS = "not settled: the account has no such rows"
DEALS = "/api/v2/deals"
Question = tuple[str, "Callable[[Wire], str]"]


def _rows(wire: Wire, path: str, **params: object) -> list[dict[str, Any]]:
    operation = operation_at("GET", path)
    cost = operation["token_cost"] if operation else 0
    return rows_of(wire.send("GET", path, params=params, cost=cost, label="questions"))


def _newest(wire: Wire) -> str:
    """Return the time of the newest change of a deal."""
    rows = _rows(wire, DEALS, sort_by="update_time", sort_direction="desc", limit=1)
    if not rows:
        raise NotSettledError(NO_ROWS)
    return str(rows[0]["update_time"])


def upper_bound(wire: Wire) -> str:
    """Return whether `updated_until` includes a row of that second."""
    time = _newest(wire)
    order = {"sort_by": "update_time", "sort_direction": "desc"}
    found = _rows(wire, DEALS, updated_until=time, limit=1, **order)
    return "inclusive" if found and found[0]["update_time"] == time else "exclusive"


def lower_bound(wire: Wire) -> str:
    """Return whether `updated_since` includes a row of that second."""
    time = _newest(wire)
    found = _rows(wire, DEALS, updated_since=time, limit=100)
    return "inclusive" if any(row["update_time"] == time for row in found) else "exclusive"


def ties(wire: Wire) -> str:
    """Return the order of rows with the same time of change."""
    orders = set()
    for path in (DEALS, "/api/v2/persons", "/api/v2/organizations", "/api/v2/activities"):
        for direction in ("asc", "desc"):
            rows = _rows(wire, path, sort_by="update_time", sort_direction=direction, limit=500)
            same = [(a["id"], b["id"]) for a, b in pairwise(rows) if a["update_time"] == b["update_time"]]
            orders |= {(direction, "ascending" if a < b else "descending") for a, b in same}
    return order_in_words(orders)


def order_in_words(orders: set[tuple[str, str]]) -> str:
    """Return the order of ids among equal times, by direction of the sort."""
    if not orders:
        return NO_ROWS
    counts = Counter(direction for direction, _ in orders)
    if max(counts.values()) > 1:
        return "ids in no order"
    return ", ".join(f"sorted {direction}: ids {order}" for direction, order in sorted(orders))


def archived_deal(wire: Wire) -> str:
    """Return whether a search finds an archived deal."""
    return _found(wire, f"{DEALS}/archived", f"{DEALS}/search")


def archived_lead(wire: Wire) -> str:
    """Return whether a search finds an archived lead."""
    return _found(wire, "/v1/leads/archived", "/api/v2/leads/search")


def _found(wire: Wire, archived: str, search: str) -> str:
    rows = [row for row in _rows(wire, archived, limit=25) if len(str(row.get("title") or "")) > 2]
    if not rows:
        return NO_ROWS
    term = str(rows[0]["title"])[:50]
    ids = {row["id"] for row in _rows(wire, search, term=term, fields="title", limit=100)}
    return "found" if rows[0]["id"] in ids else "not found"


def changelog(wire: Wire) -> str:
    """Return the order of a deal's changes."""
    orders = set()
    for deal in _rows(wire, DEALS, limit=5):
        times = [str(row["time"]) for row in _rows(wire, f"/v1/deals/{deal['id']}/changelog", limit=50)]
        if len(set(times)) > 1:
            is_newest = times == sorted(times, reverse=True)
            orders.add(
                "newest first" if is_newest else "oldest first" if times == sorted(times) else "no order"
            )
    return " or ".join(sorted(orders)) or NO_ROWS


def tokens_header(wire: Wire) -> str:
    """Return whether the header of remaining tokens already counts its own request."""
    name = "x-daily-ratelimit-token-remaining"
    left = []
    costs: Mapping[str, int] = {"/api/v2/pipelines": 5, "/v1/users": 20}
    for path in (*costs, *costs):
        wire.send("GET", path, cost=costs[path], label="questions")
        value = wire.last_header(name)
        if not value.isdigit():
            return "not settled: no such header"
        left.append(int(value))
    first, second = (a - b for a, b in list(pairwise(left))[:2])
    found = {(20, 5): "after the cost of its request", (5, 20): "before the cost of its request"}
    return found.get((first, second), "not settled: another cost than published, or other requests meanwhile")


QUESTIONS: tuple[Question, ...] = (
    ("`updated_since` is", lower_bound),
    ("`updated_until` is", upper_bound),
    ("rows with the same `update_time`", ties),
    ("a search for the title of an archived deal", archived_deal),
    ("a search for the title of an archived lead", archived_lead),
    ("the changes of a deal are listed", changelog),
    ("the header of remaining tokens shows the balance", tokens_header),
)
