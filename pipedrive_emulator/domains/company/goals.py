"""Goals, and their progress computed from the account."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import day
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, done, invalid, success
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.handlers.registry import Call, handler
from pipedrive_emulator.rules.values import is_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_emulator.account.account import Account

# Goal type → (table, the time that counts).
COUNTED = {
    "deals_won": ("deals", "won_time"),
    "deals_progressed": ("deals", "stage_change_time"),
    "deals_started": ("deals", "add_time"),
    "activities_completed": ("activities", "marked_as_done_time"),
    "activities_added": ("activities", "add_time"),
    "revenue_forecast": ("deals", "expected_close_date"),
}
# Parameter of a goal type → the table it references.
PARAMS = {"pipeline_id": "pipelines", "stage_id": "stages", "activity_type_id": "activity_types"}
ASSIGNEES = {"person": "users", "team": "legacy_teams"}
SERVICE: dict[str, Any] = {"statusCode": 20000, "statusText": "OK", "service": "statistics-goals-api"}
# Prefixes of criteria that select the goals of all users.
EVERYONES = ("assignee.", "type.", "expected_outcome.")
PARTS = ("title", "assignee", "type", "expected_outcome", "duration", "interval")

define_table(TableSpec(name="goals", label="Goal", key_kind="text", created="", updated=""))


def _number(value: object, name: str) -> int:
    """Return an integer, which goals also accept as text."""
    if not re.match(r"^\d{1,15}$", str(value)):
        raise invalid(f"{name} must be an integer")
    return int(str(value))


def _only(part: Row, name: str, *keys: str) -> None:
    if not set(part) <= set(keys):
        raise invalid(f"{name} accepts only {', '.join(keys)}")


def _assignee(account: Account, part: Row) -> Row:
    _only(part, "assignee", "id", "type")
    number, kind = _number(part.get("id"), "assignee.id"), part.get("type")
    if kind == "company":
        if number != COMPANY["company_id"]:
            raise ApiError(400, "assignee.id is not this company")
    elif kind in ASSIGNEES:
        account.refer(ASSIGNEES[kind], number, "assignee.id")
    else:
        raise invalid("assignee.type must be person, company or team")
    return {"id": number, "type": kind}


def _type(account: Account, part: Row) -> Row:
    _only(part, "type", "name", "params")
    name, params = part.get("name"), part.get("params") or {}
    if name not in COUNTED:
        raise invalid(f"type.name must be one of {', '.join(COUNTED)}")
    _only(params, "type.params", *PARAMS)
    if "stage_id" in params and name != "deals_progressed":
        raise ApiError(400, "stage_id belongs to deals_progressed")
    if "activity_type_id" in params and not name.startswith("activities"):
        raise ApiError(400, "activity_type_id belongs to goals of activities")
    kept: Row = {}
    for key, table in PARAMS.items():
        value = params.get(key)
        listed = [value] if key == "stage_id" and value is not None else value
        if listed is not None and not (isinstance(listed, list) and all(isinstance(v, int) for v in listed)):
            raise invalid(f"type.params.{key} must contain ids")
        for number in listed or ():
            account.refer(table, number, f"type.params.{key}")
        if key in params or key == "pipeline_id":
            kept[key] = value
    return {"name": name, "params": kept}


def _outcome(account: Account, part: Row, kind: str) -> Row:
    _only(part, "expected_outcome", "target", "tracking_metric", "currency_id")
    metric, target = part.get("tracking_metric"), _number(part.get("target"), "expected_outcome.target")
    if metric not in ("quantity", "sum"):
        raise invalid("expected_outcome.tracking_metric must be quantity or sum")
    if target <= 0:
        raise ApiError(400, "expected_outcome.target must be above 0")
    if metric == "sum" and kind.startswith("activities"):
        raise ApiError(400, "activities are tracked by quantity")
    if (metric == "sum") != (part.get("currency_id") is not None):
        raise ApiError(400, "currency_id belongs to sum, and sum needs it")
    account.refer("currencies", part.get("currency_id"), "expected_outcome.currency_id")
    return {**part, "target": target}


def _duration(part: Row) -> Row:
    _only(part, "duration", "start", "end")
    start, end = part.get("start"), part.get("end")
    if not is_date(start) or not (end is None or is_date(end)):
        raise invalid("duration needs a start date, and an end date or null")
    if end is not None and end < str(start):
        raise ApiError(400, "duration.end must not be before duration.start")
    return {"start": start, "end": end}


def checked(account: Account, body: Row) -> Row:
    """Return the stored form of a goal's parts."""
    kind = _type(account, body["type"])
    return {
        "title": body.get("title") or kind["name"].replace("_", " ").capitalize(),
        "type": kind,
        "assignee": _assignee(account, body["assignee"]),
        "interval": body["interval"],
        "duration": _duration(body["duration"]),
        "expected_outcome": _outcome(account, body["expected_outcome"], kind["name"]),
    }


def new_goal(account: Account, parts: Row, owner_id: int) -> Row:
    """Store a goal."""
    _, number = account.table("goals").new_key()
    named = {
        name: hashlib.md5(f"{name}:{number}".encode(), usedforsecurity=False).hexdigest()
        for name in ("goal", "report")
    }
    return account.insert(
        "goals", {"id": named["goal"], "owner_id": owner_id, **parts, "report_ids": [named["report"]]}
    )


def show(account: Account, row: Row) -> Row:
    """Return a goal; it is active while its duration lasts."""
    today, span = day(account.clock.now), row["duration"]
    active = span["start"] <= today and (span["end"] is None or today <= span["end"])
    return {**row, "is_active": active}


def _response(call: Call, row: Row, **more: int) -> Response:
    return success({"goal": show(call.account, row), **more}, status=call.operation.status, **SERVICE)


@handler("v1:addGoal")
def add(call: Call) -> Response:
    """Return a new goal with its own report."""
    return _response(call, new_goal(call.account, checked(call.account, call.body), call.user_id))


@handler("v1:updateGoal")
def update(call: Call) -> Response:
    """Update a goal and return it; missing parts do not change."""
    row = call.account.require("goals", call.path["id"])
    parts = checked(call.account, {**{name: row[name] for name in PARTS}, **call.body})
    return _response(call, call.account.update("goals", row["id"], parts, call.user_id))


@handler("v1:deleteGoal")
def delete(call: Call) -> Response:
    """Delete the goal; returns no data."""
    call.account.require("goals", call.path["id"])
    call.account.delete("goals", call.path["id"], call.user_id)
    return done(**SERVICE)


def _at(row: Row, path: str) -> Any:  # noqa: ANN401 - of any JSON type
    value: Any = row
    for part in path.split("."):
        value = (value or {}).get(part)
    return value


def _fits(row: Row, name: str, wanted: Any) -> bool:  # noqa: ANN401 - of any JSON type
    have = _at(row, name)
    if isinstance(wanted, list):
        return have is not None and set(wanted) <= set(have)
    return bool(have == wanted)


def _whose(query: Row, user_id: int) -> Row:
    """Return the criteria of a query: a user's own goals, unless it selects others."""
    if "assignee.id" in query:
        return {"assignee.type": "person", **query}
    if any(name.startswith(EVERYONES) for name in query):
        return query
    return {**query, "assignee.type": "person", "assignee.id": user_id}


def _period(query: Row) -> tuple[str, str] | None:
    start, end = query.get("period.start"), query.get("period.end")
    if (start is None) != (end is None):
        raise ApiError(400, "period.start and period.end go together")
    if start is None:
        return None
    if str(end) < start:
        raise ApiError(400, "period.end must not be before period.start")
    return start, str(end)


@handler("v1:getGoals")
def find(call: Call) -> Response:
    """Return the goals that match every criterion; by default, those of the token's user."""
    period = _period(call.query)
    rows = [show(call.account, row) for row in call.account.table("goals").all()]
    if period is not None:
        rows = [
            r
            for r in rows
            if r["duration"]["start"] <= period[1] and (r["duration"]["end"] or period[0]) >= period[0]
        ]
    for name, wanted in _whose(call.query, call.user_id).items():
        if not name.startswith("period."):
            rows = [row for row in rows if _fits(row, name, wanted)]
    return success({"goals": rows}, **SERVICE)


def _counted(account: Account, goal: Row, start: str, end: str) -> Iterator[Row]:
    """Yield the deals or activities that count for a goal within a period."""
    source = COUNTED[goal["type"]["name"]]
    table, params = account.table(source[0]), goal["type"]["params"]
    # Rows that were deleted since still count.
    named = [account.table("activity_types").get(number) for number in params.get("activity_type_id") or ()]
    types = {row["key_string"] for row in named if row is not None}
    for _, seq in table.index("live", source[1]).irange((start, -1), (f"{end}~", -1)):
        row = table.row(seq)
        fits = (
            (not params.get("pipeline_id") or row.get("pipeline_id") in params["pipeline_id"])
            and params.get("stage_id") in (None, row.get("stage_id"))
            and (not types or row["type"] in types)
            and _belongs(account, goal["assignee"], row["owner_id"])
        )
        if fits:
            yield row


def _belongs(account: Account, assignee: Row, owner_id: int) -> bool:
    if assignee["type"] == "team":
        return owner_id in (account.table("legacy_teams").get(assignee["id"]) or {"users": ()})["users"]
    return assignee["type"] == "company" or bool(assignee["id"] == owner_id)


@handler("v1:getGoalResult")
def result(call: Call) -> Response:
    """Return a goal and its progress within a period."""
    goal = call.account.require("goals", call.path["id"])
    period, duration = _period(call.query) or ("", ""), goal["duration"]
    if period[0] < duration["start"] or period[1] > (duration["end"] or period[1]):
        raise ApiError(400, "The period must be within the duration of the goal")
    rows = _counted(call.account, goal, *period)
    is_sum = goal["expected_outcome"]["tracking_metric"] == "sum"
    progress = sum(int(row.get("value") or 0) if is_sum else 1 for row in rows)
    return _response(call, goal, progress=progress)
