"""Operations and values that live accounts reject although the description has them.

A rejection depends on the account's plan, on the kind of sign-in, or on the account's rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.api.http import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row
    from pipedrive_emulator.api.operations import Operation
    from pipedrive_emulator.handlers.registry import Call
    from pipedrive_emulator.rules.auth import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPaths:
    """Paths that some callers or accounts cannot use.

    Attributes:
        paths: pattern of published paths.
        callers: kinds of callers that are rejected; empty for all.
        plans: plans of accounts that are rejected; empty for all.
        status: status of the error.
        error: its text.
        extra: its further keys.
    """

    paths: re.Pattern[str]
    callers: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    status: int
    error: str
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedKey:
    """A key of bodies that is rejected with any value other than null.

    Attributes:
        operations: keys of the operations.
        key: the key.
        table: table of the rows.
        rejects: whether it is rejected in a call; None for always.
        keeps: whether a seeded row keeps its value; None for never.
        error: text of the 400.
    """

    operations: frozenset[str]
    key: str
    table: str
    rejects: Callable[[Call], bool] | None = None
    keeps: Callable[[Account, Row], bool] | None = None
    error: str


def _uses_probability(account: Account, row: Row) -> bool:
    pipeline = account.table("pipelines").get(row["pipeline_id"])
    return pipeline is not None and bool(pipeline["is_deal_probability_enabled"])


def _lacks_probability(call: Call) -> bool:
    """Return whether the pipeline that a written deal belongs to does not use probabilities."""
    account, body = call.account, call.body
    place = account.table("stages").get(body.get("stage_id"))
    if place is None:
        named = body.get("pipeline_id") is not None
        place = body if named else account.table("deals").get(call.path.get("id"))
    if place is None:
        pipelines = sorted(account.table("pipelines").live(), key=lambda one: (one["order_nr"], one["id"]))
        place = {"pipeline_id": pipelines[0]["id"] if pipelines else None}
    return not _uses_probability(account, place)


CLOSED = (
    ClosedPaths(
        paths=re.compile(r"^/api/v[12]/(projects|tasks|boards|phases|projectTemplates|projectFields)(/|$)"),
        plans=frozenset({"lite"}),
        status=402,
        error="Required suites missing",
    ),
    ClosedPaths(
        paths=re.compile(r"^/api/v2/projects/archived$"),
        callers=frozenset({"oauth"}),
        status=403,
        error="Scope and URL mismatch",
        extra={"errorCode": 403},
    ),
)
REJECTED = (
    RejectedKey(
        operations=frozenset({"v2:addDeal", "v2:updateDeal"}),
        key="probability",
        table="deals",
        rejects=_lacks_probability,
        keeps=_uses_probability,
        error="Deal probability is not enabled for this pipeline",
    ),
    RejectedKey(
        operations=frozenset({"v2:addTask", "v2:updateTask"}),
        key="priority",
        table="tasks",
        error="Validation failed: priority: Parameter 'priority' is not allowed for this request",
    ),
)


def check_operation(operation: Operation, caller: Caller, plan: str) -> None:
    """Raise the error of an operation that the caller or the account cannot use."""
    for one in CLOSED:
        if (
            one.paths.match(operation.path)
            and (not one.callers or caller.kind in one.callers)
            and (not one.plans or plan in one.plans)
        ):
            raise ApiError(one.status, one.error, **one.extra)


def check_values(call: Call) -> None:
    """Raise a 400 for a body with a rejected key."""
    for one in REJECTED:
        if (
            call.operation.key in one.operations
            and call.body.get(one.key) is not None
            and (one.rejects is None or one.rejects(call))
        ):
            raise ApiError(400, one.error)


def empty_rejected(account: Account) -> None:
    """Empty the values of a new account that live accounts would have rejected."""
    account.seeding = True
    for one in REJECTED:
        rows = [row for row in account.table(one.table).all() if row[one.key] is not None]
        for row in rows:
            if one.keeps is None or not one.keeps(account, row):
                account.update(one.table, row["id"], {one.key: None})
    account.seeding = False
