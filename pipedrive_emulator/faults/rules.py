"""Rules of scripted faults: the kind of failure, its operation and its calls.

A script is a list of objects:
`{"operation": "GET /api/v2/deals", "nth": 2, "kind": "status_before", "status": 503}`.

- `operation`: the operation's name or key, or "*" (the default) for all operations that the kind can affect.
- `nth`: the affected call, counted from 1 since the rule was set, or a list of them; or `every`: each n-th
call; without both: all calls.
- `kind`: a key of `KINDS`, which describes its effect and its further keys.

A rule counts the calls of its operation that pass authentication and limits. If several rules affect one
call, the first one that ends it wins; those before the operation are applied first.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.store import SPECS
from pipedrive_emulator.api.operations import Operation, load_operations, load_removed
from pipedrive_emulator.faults.kinds import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from pipedrive_emulator.api.http import Row

ANY = "*"
DOWNLOAD = "v1:downloadFile"
LONGEST_WAIT = 600
PREFIXES = ("/v1", "/api/v1")
WHERE = {
    "cursor": "lists with cursors",
    "download": DOWNLOAD,
    "paged": "lists with pages",
    "v1": "operations of v1",
}
SUCCESS, CLIENT_ERROR, LAST_ERROR = 200, 400, 599


def can_strike(kind: str, operation: Operation) -> bool:
    """Return whether a kind makes sense for an operation."""
    strikes, oauth = KINDS[kind].strikes, operation.path.startswith("/oauth/")
    return {
        "all": True,
        "api": not oauth,
        "v1": operation.path.startswith("/api/v1/"),
        "data": not oauth and operation.key != DOWNLOAD,
        "cursor": operation.paging == "cursor",
        "paged": operation.paging in ("cursor", "offset"),
        "download": operation.key == DOWNLOAD,
    }[strikes]


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule of a script, with the number of calls of its operation and of applications."""

    operation: str
    kind: str
    nth: frozenset[int] | None = None
    every: int = 1
    options: Row = field(default_factory=dict)
    calls: int = 0
    struck: int = 0

    def hits(self, operation: Operation, prefix: str = "") -> bool:
        """Count a call, sent with this API prefix; returns whether this rule affects it."""
        if self.operation not in (ANY, operation.name.rstrip("/"), operation.key):
            return False
        if not can_strike(self.kind, operation):
            return False
        if self.options.get("prefix", prefix) != prefix:
            return False
        self.calls += 1
        hit = self.calls % self.every == 0 if self.nth is None else self.calls in self.nth
        self.struck += hit
        return hit

    def shown(self) -> Row:
        """Return the rule as JSON, with its counts."""
        nth = {} if self.nth is None else {"nth": sorted(self.nth)}
        every = {} if self.every == 1 else {"every": self.every}
        said = {"operation": self.operation, "kind": self.kind, **nth, **every, **self.options}
        return {**said, "calls": self.calls, "struck": self.struck}


class Faults:
    """The rules in force."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self.rules: list[Rule] = []
        self.set(rules or [])

    def set(self, rules: list[Rule]) -> None:
        """Replace all rules; the new ones count from 0."""
        self.rules = rules
        for rule in rules:
            rule.calls = rule.struck = 0

    def striking(self, operation: Operation, prefix: str = "") -> list[Rule]:
        """Return the rules that affect this call."""
        return [rule for rule in self.rules if rule.hits(operation, prefix)]


# Reading


def read_script(path: Path) -> list[Rule]:
    """Return the rules of a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a script; the message contains the problem and its position.
    """
    try:
        script = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except json.JSONDecodeError as problem:
        raise ValueError(f"it is not valid JSON ({problem})") from None
    return read_rules(script)


def read_rules(script: object) -> list[Rule]:
    """Return the rules of a script.

    Raises:
        ValueError: it is not a list of rules; the message contains the problem and its position.
    """
    if not isinstance(script, list):
        raise ValueError(  # noqa: TRY004 - one kind of error for all mistakes of a script
            'a list of faults is expected, such as [{"operation": "*", "kind": "rate_limit"}]'
        )
    rules = []
    for place, raw in enumerate(script, 1):
        try:
            rules.append(_rule(raw))
        except ValueError as wrong:
            raise ValueError(f"fault {place}: {wrong}") from None
    return rules


def _rule(raw: object) -> Rule:
    if not isinstance(raw, dict):
        raise ValueError(f"an object is expected, not {json.dumps(raw)[:60]}")  # noqa: TRY004 - the same
    options = dict(raw)
    kind = options.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known are {', '.join(sorted(KINDS))}")
    operation = _operation(options.pop("operation", ANY), kind)
    nth, every = _calls(options)
    known = KINDS[kind].options
    unknown = sorted(options.keys() - known.keys())
    if unknown:
        keys = ", ".join(("operation", "kind", "nth", "every", *known))
        raise ValueError(f"{unknown[0]} is not a key of {kind}, which takes {keys}")
    for name, default in known.items():
        if options.setdefault(name, default) is None:
            raise ValueError(f"{kind} needs {name}")
        if (kind, name, options[name]) != ("status_before", "status", SUCCESS):
            _check_option(name, options[name])
    return Rule(operation=operation, kind=kind, nth=nth, every=every, options=options)


def _operation(named: object, kind: str) -> str:
    if named == ANY:
        return ANY
    known = _known()
    spelt = str(named).replace(" /v1/", " /api/v1/").rstrip("/")
    if spelt not in known:
        near = difflib.get_close_matches(spelt, known, n=1, cutoff=0.5)
        hint = f"; {near[0]} is" if near else ""
        raise ValueError(f"{named!r} is not an operation{hint}")
    if not can_strike(kind, known[spelt]):
        where = WHERE.get(KINDS[kind].strikes, "operations with data")
        raise ValueError(f"{kind} affects only {where}, not {named}")
    return spelt


@cache
def _known() -> dict[str, Operation]:
    """Return operations by each of their names."""
    operations = [*load_operations().values(), *load_removed().values()]
    return {name.rstrip("/"): o for o in operations for name in (o.name, o.key)}


def _calls(options: Row) -> tuple[frozenset[int] | None, int]:
    """Return `nth` and `every`, removed from the options."""
    nth, every = options.pop("nth", None), options.pop("every", 1)
    calls = nth if isinstance(nth, list) else [nth]
    if nth is not None and not (calls and all(_whole(call, 1) for call in calls)):
        raise ValueError("nth must be a number from 1, or a list of them")
    if not _whole(every, 1):
        raise ValueError("every must be a number from 1")
    if nth is not None and every != 1:
        raise ValueError("nth and every exclude each other")
    return (None if nth is None else frozenset(calls)), every


def _check_option(name: str, value: Any) -> None:  # noqa: ANN401 - JSON
    if name == "status" and not (_whole(value, CLIENT_ERROR) and value <= LAST_ERROR):
        raise ValueError(f"status must be a number from {CLIENT_ERROR} to {LAST_ERROR}")
    if name in ("seconds", "retry_after"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= LONGEST_WAIT:
            raise ValueError(f"{name} must be a number from 0 to {LONGEST_WAIT}")
    if name == "prefix" and value not in PREFIXES:
        raise ValueError(f"prefix must be {' or '.join(PREFIXES)}")
    if name == "table" and value not in SPECS:
        near = difflib.get_close_matches(str(value), SPECS, n=1)
        raise ValueError(f"{value!r} is not a table{f'; {near[0]} is' if near else ''}")
    if name == "id" and (isinstance(value, bool) or not isinstance(value, int | str)):
        raise ValueError("id must be a number or text")
    if name == "fields" and not (isinstance(value, list) and all(isinstance(key, str) for key in value)):
        raise ValueError("fields must be a list of keys of the body")
    if name == "set" and not isinstance(value, dict):
        raise ValueError("set must be an object of fields and their values")


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
