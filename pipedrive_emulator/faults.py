"""Scripted faults: what goes wrong, at which operation, at which of its calls.

A script is a list of objects:
`{"operation": "GET /api/v2/deals", "nth": 2, "kind": "status_before", "status": 503}`.

- `operation`: the operation's name or key, or "*" for any.
- `nth`: the call it hits, counted from 1 since the rule was set, or a list of them; left out: every call.
- `kind`, one of: rate_limit (`retry_after`), status_before and status_after (`status`), reset_before,
  reset_after, slow (`seconds`), torn (JSON cut short), cut (closed inside the body), html (`status`),
  expire_token, empty_page, repeat_cursor, null_data, write (`table`, `id`, `set`) and delete (`table`, `id`):
  a row changes before the call is answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_emulator.http import Answer, ApiError, Row, encode
from pipedrive_emulator.paging import page_start

if TYPE_CHECKING:
    from pipedrive_emulator.account import Account
    from pipedrive_emulator.operations import Operation

BEFORE = {"rate_limit", "status_before", "reset_before", "html", "expire_token", "write", "delete"}
AFTER = {"status_after", "reset_after", "torn", "cut", "empty_page", "repeat_cursor", "null_data"}
KINDS = BEFORE | AFTER | {"slow"}
HTML_PAGE = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body>nginx</body></html>"


class ConnectionReset(Exception):  # noqa: N818 - not our error: the fault that was asked for
    """The connection is to be reset instead of answered."""


@dataclass(slots=True, kw_only=True)
class Rule:
    """One line of a script and how often its operation was called."""

    operation: str
    kind: str
    nth: frozenset[int] | None = None
    options: Row = field(default_factory=dict)
    calls: int = 0

    def hits(self, operation: Operation) -> bool:
        """Count a call; whether this rule strikes it."""
        if self.operation not in ("*", operation.name, operation.key):
            return False
        self.calls += 1
        return self.nth is None or self.calls in self.nth


def read_rule(raw: Row) -> Rule:
    """A rule from its JSON object.

    Raises:
        ValueError: for an unknown kind or a malformed `nth`.
    """
    options = dict(raw)
    kind, operation, nth = options.pop("kind", None), options.pop("operation", "*"), options.pop("nth", None)
    if kind not in KINDS:
        raise ValueError(f"unknown fault kind {kind!r}, known: {', '.join(sorted(KINDS))}")
    calls = [nth] if isinstance(nth, int) else nth
    if calls is not None and not (isinstance(calls, list) and all(isinstance(n, int) for n in calls)):
        raise ValueError("nth must be a number or a list of numbers")
    return Rule(
        operation=operation, kind=kind, nth=None if calls is None else frozenset(calls), options=options
    )


class Faults:
    """The rules in force."""

    def __init__(self, rules: list[Row] | None = None) -> None:
        self.rules = [read_rule(raw) for raw in rules or []]
        self._first_cursor: dict[str, Any] = {}

    def set(self, rules: list[Row]) -> None:
        """Replace all rules."""
        self.rules = [read_rule(raw) for raw in rules]
        self._first_cursor.clear()

    def striking(self, operation: Operation) -> list[Rule]:
        """The rules that strike this call."""
        return [rule for rule in self.rules if rule.hits(operation)]

    def spoil(self, rule: Rule, content: Row, query: dict[str, str]) -> Row:
        """A list answer made wrong in the way the rule asks; places of v1 lists are spoilt like cursors."""
        if rule.kind == "null_data":
            return {**content, "data": None}
        additional = dict(content.get("additional_data") or {})
        place = additional.get("pagination", additional)
        by_offset = "more_items_in_collection" in place
        if rule.kind == "empty_page":
            # The rows come with the next page: it begins where this one began.
            if by_offset:
                place.update({"more_items_in_collection": True, "next_start": place.get("start", 0)})
            else:
                additional["next_cursor"] = page_start(query)
            rows = content.get("data")
            empty: object = {**rows, "items": []} if isinstance(rows, dict) and "items" in rows else []
            return {**content, "data": empty, "additional_data": additional}
        name = "next_start" if by_offset else "next_cursor"
        place[name] = self._first_cursor.setdefault(rule.operation, place.get(name))
        if by_offset:
            place["more_items_in_collection"] = True
        return {**content, "additional_data": additional}


def strike_before(rules: list[Rule], account: Account) -> bool:
    """Act out what happens before the operation; returns whether access tokens must end.

    Raises:
        ApiError, ConnectionReset, RawAnswer: what the caller meets instead of an answer.
    """
    expire = False
    for rule in rules:
        options = rule.options
        if rule.kind == "rate_limit":
            refusal = ApiError(429, "Rate limit exceeded", code=429).answer()
            refusal.headers.append((b"retry-after", str(options.get("retry_after", 1)).encode()))
            raise RawAnswer(refusal)
        if rule.kind == "status_before":
            raise ApiError(int(options.get("status", 500)), "Scripted failure before acting")
        if rule.kind == "html":
            raise RawAnswer(
                Answer(status=int(options.get("status", 503)), body=HTML_PAGE, content_type="text/html")
            )
        if rule.kind == "reset_before":
            raise ConnectionReset
        if rule.kind == "write":
            account.update(options["table"], options["id"], options.get("set", {}))
        elif rule.kind == "delete":
            account.delete(options["table"], options["id"])
        expire = expire or rule.kind == "expire_token"
    return expire


def strike_after(rules: list[Rule], answer: Answer, faults: Faults, query: dict[str, str]) -> Answer:
    """Spoil the answer of an operation that has acted.

    Raises:
        ConnectionReset: for a connection to be reset after acting.
    """
    for rule in rules:
        if rule.kind == "reset_after":
            raise ConnectionReset
        if rule.kind == "status_after":
            return ApiError(int(rule.options.get("status", 500)), "Scripted failure after acting").answer()
        if rule.kind == "torn":
            answer.body = answer.body[: len(answer.body) // 2]
        elif rule.kind in ("empty_page", "repeat_cursor", "null_data"):
            answer.body = encode(faults.spoil(rule, msgspec.json.decode(answer.body), query))
    return answer


class RawAnswer(Exception):  # noqa: N818 - an answer on its way out, not an error
    """An answer that replaces everything else."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer
