"""Deals and archived deals, v2."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.clock import rfc3339
from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Row, invalid, not_found
from pipedrive_emulator.domains.mail.mail_links import mail_facts
from pipedrive_emulator.domains.users.roles import default_visibility
from pipedrive_emulator.handlers.resources import Resource, register
from pipedrive_emulator.rules.values import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.handlers.registry import Call

MAIL = {"email_messages_count", "last_incoming_mail_time", "last_outgoing_mail_time"}
STATUSES = ("open", "won", "lost", "deleted")
TIME_KEYS = ("close_time", "won_time", "lost_time", "archive_time")
PLAIN_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")

define_table(
    TableSpec(
        name="deals",
        label="Deal",
        deleted=("is_deleted", True),
        views={
            "current": lambda row: not row["is_deleted"] and not row["is_archived"],
            "current_and_deleted": lambda row: not row["is_archived"],
            "archived": lambda row: not row["is_deleted"] and row["is_archived"],
            "archived_and_deleted": lambda row: row["is_archived"],
        },
        hidden=frozenset({"first_won_time", "source_lead_id"}),
    )
)


def _view(name: str) -> Callable[[Call], str]:
    return lambda call: f"{name}_and_deleted" if "deleted" in call.query.get("status", ()) else name


def _has_status(_: Call, wanted: list[str]) -> Callable[[Row], bool] | None:
    allowed = set(wanted)
    # The views contain only these; the view itself includes deleted rows.
    return None if allowed >= {"open", "won", "lost"} else lambda row: row["status"] in allowed


def extras(account: Account, row: Row, names: Iterable[str]) -> Row:
    """Return the optional fields of a deal."""
    number = row["id"]
    kept = account.table("activities")
    activities = [(seq, kept.outline(seq)) for seq in kept.where("deal_id", number)]
    live = [(seq, a) for seq, a in activities if not a["is_deleted"]]
    undone = sorted((a["due_date"] or "", seq) for seq, a in live if not a["done"])
    done = sorted((a["due_date"] or "", seq) for seq, a in live if a["done"])
    values: dict[str, Callable[[], Any]] = {
        "next_activity_id": lambda: undone[0][1] if undone else None,
        "last_activity_id": lambda: done[-1][1] if done else None,
        "first_won_time": lambda: row.get("first_won_time") or row["won_time"],
        "source_lead_id": lambda: row.get("source_lead_id"),
        "products_count": lambda: len(account.table("deal_products").where("deal_id", number)),
        "files_count": lambda: _count(account, "files", number),
        "notes_count": lambda: _count(account, "notes", number),
        "followers_count": lambda: len(account.table("followers").where("parent", f"deals:{number}")),
        "activities_count": lambda: len(live),
        "done_activities_count": lambda: len(done),
        "undone_activities_count": lambda: len(undone),
        "participants_count": lambda: _count(account, "participants", number),
        "smart_bcc_email": lambda: f"nordwind+deal{number}@pipedrivemail.com",
    }
    if mail := MAIL & set(names):
        facts = mail_facts(account, "deals", number)
        values |= {name: partial(facts.get, name) for name in mail}
    return {name: values.get(name, lambda: None)() for name in names}


def _count(account: Account, table: str, deal_id: int) -> int:
    kept = account.table(table)
    return sum(1 for seq in kept.where("deal_id", deal_id) if kept.is_live(kept.outline(seq)))


def first_stage(account: Account, pipeline_id: int) -> int:
    """Return the first stage of a pipeline; raises a 400 if it has no stage."""
    stages = [s for s in account.table("stages").live() if s["pipeline_id"] == pipeline_id]
    if not stages:
        raise ApiError(400, "The pipeline has no stage")
    return int(min(stages, key=lambda s: (s["order_nr"], s["id"]))["id"])


def _place(account: Account, row: Row | None, body: Row) -> Row:
    """Return `pipeline_id` and `stage_id` of a written deal."""
    if "stage_id" in body:
        stage = account.require("stages", body["stage_id"])
        if body.get("pipeline_id", stage["pipeline_id"]) != stage["pipeline_id"]:
            raise ApiError(400, "stage_id belongs to another pipeline")
        return {"stage_id": stage["id"], "pipeline_id": stage["pipeline_id"]}
    if "pipeline_id" in body:
        if row is not None and body["pipeline_id"] != row["pipeline_id"]:
            raise ApiError(400, "A change of pipeline_id needs a stage_id of it")
        return {"pipeline_id": body["pipeline_id"], "stage_id": first_stage(account, body["pipeline_id"])}
    if row is not None:
        return {}
    pipeline = min(account.table("pipelines").live(), key=lambda p: (p["order_nr"], p["id"]), default=None)
    if pipeline is None:
        raise ApiError(400, "The account has no pipeline")
    return {"pipeline_id": pipeline["id"], "stage_id": first_stage(account, pipeline["id"])}


def _check(account: Account, row: Row | None, body: Row) -> None:
    status = body.get("status", row["status"] if row else "open")
    if status not in STATUSES:
        raise invalid(f"body.status must be one of {', '.join(STATUSES)}")
    if body.get("lost_reason") is not None and status != "lost":
        raise ApiError(400, "lost_reason needs status lost")
    for name, states in (("lost_time", ("lost",)), ("won_time", ("won",)), ("close_time", ("won", "lost"))):
        if body.get(name) is not None and status not in states:
            raise ApiError(400, f"{name} needs status {' or '.join(states)}")
    if body.get("archive_time") is not None and not body.get("is_archived"):
        raise ApiError(400, "archive_time needs is_archived")
    if "title" in body and not body["title"].strip():
        raise invalid("body.title must not be empty")
    check_currency(account, body.get("currency"))
    check_visibility(body)
    check_labels(account, "deal_fields", body.get("label_ids"))


def moment_of(name: str, text: str) -> str:
    """Return the stored form of a time in a body: UTC, whole seconds.

    Raises:
        ApiError: 400 for other forms than RFC 3339; `archive_time` is also published as YYYY-MM-DD HH:MM:SS.
    """
    try:
        plain = name == "archive_time" and PLAIN_TIME.match(text)
        return rfc3339(instant(f"{text}Z" if plain else text))
    except ValueError:
        raise invalid(f"body.{name} must be RFC 3339 with whole seconds") from None


def _moments(body: Row) -> Row:
    return {name: moment_of(name, body[name]) for name in TIME_KEYS if body.get(name) is not None}


def default_currency(account: Account, user_id: int) -> str:
    """Return the currency of a user, for amounts without a currency."""
    return str(account.require("users", user_id)["default_currency"])


def check_currency(account: Account, code: str | None) -> None:
    """Reject a currency that the account does not have."""
    if code is not None and not account.table("currencies").where("code", code):
        raise invalid(f"currency {code} is not known")


def check_visibility(body: Row) -> None:
    """Reject a visibility that is not a visibility group."""
    if body.get("visible_to", 3) not in (1, 3, 5, 7):
        raise invalid("body.visible_to must be 1, 3, 5 or 7")


def check_labels(account: Account, fields: str, ids: list[int] | None) -> None:
    """Reject label ids that are not options of the entity's label field."""
    if not ids:
        return
    table = account.table(fields)
    known = {
        option["id"] for seq in table.where("code", "label_ids") for option in table.row(seq)["options"] or ()
    }
    if not set(ids) <= known:
        raise invalid("body.label_ids contains an unknown label")
    if len(set(ids)) != len(ids):
        raise invalid("body.label_ids contains a label twice")


def _settle(call: Call, row: Row, body: Row) -> Row:
    """Return the times that result from a status, and from deletion or archiving in the body."""
    now = rfc3339(call.account.clock.now)
    changes = dict(body)
    status = body.get("status")
    if status in ("won", "lost") and status != row.get("status"):
        closed = body.get(f"{status}_time") or body.get("close_time") or now
        changes.update({"close_time": body.get("close_time") or closed, "won_time": None, "lost_time": None})
        changes[f"{status}_time"] = closed
        if status == "won":
            changes["first_won_time"] = row.get("first_won_time") or closed
            changes["lost_reason"] = None
    elif status == "open" and row.get("status") != "open":
        changes.update({"close_time": None, "won_time": None, "lost_time": None, "lost_reason": None})
    for day, moment in (("won", "won_time"), ("lost", "lost_time"), ("close", "close_time")):
        if moment in changes:
            changes[f"local_{day}_date"] = changes[moment] and changes[moment][:10]
    if body.get("is_archived") and not row.get("is_archived"):
        changes["archive_time"] = body.get("archive_time") or now
    elif body.get("is_archived") is False:
        changes["archive_time"] = None
    if body.get("is_deleted") or status == "deleted":
        changes.update({"is_deleted": True, "status": "deleted"})
    return changes


def _add(call: Call, row: Row) -> Row:
    body = {**call.body, **_moments(call.body)}
    _check(call.account, None, body)
    full = {
        **row,
        **_place(call.account, None, body),
        "status": "open",
        "is_archived": False,
        "is_deleted": False,
    }
    return {
        **full,
        **_settle(call, full, {**body, "custom_fields": row["custom_fields"], "stage_change_time": None}),
    }


def to_update(account: Account, key: object) -> Row:
    """Return a deal that is to be updated; raises a 404, or a 400 for a deleted one if the dialect has it."""
    row = account.table("deals").get(key)
    if row is not None and row["is_deleted"] and account.dialect.deleted_deals:
        raise ApiError(
            400, "Entity is deleted. You must first restore it before you can edit", code="ERR_DEAL_DELETED"
        )
    return account.require("deals", key)


def check_value(account: Account, row: Row, body: Row) -> None:
    """Raise the error of an account that computes the value of a deal with products, and takes no other."""
    if "value" in body and any(account.table("deal_products").where("deal_id", row["id"])):
        raise ApiError(400, "Cannot update deal value, the deal has products attached to it.")


def _update(call: Call, row: Row, body: Row) -> Row:
    if row["is_archived"] and not (set(body) == {"is_archived"} and body["is_archived"] is False):
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    if call.account.values_locked:
        check_value(call.account, row, body)
    body = {**body, **_moments(body)}
    _check(call.account, row, body)
    changes = {**body, **_place(call.account, row, body)}
    if changes.get("stage_id", row["stage_id"]) != row["stage_id"]:
        changes["stage_change_time"] = rfc3339(call.account.clock.now)
    return _settle(call, row, changes)


def _delete(call: Call, row: Row) -> None:
    if row["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    call.account.update("deals", row["id"], {"status": "deleted"}, call.user_id, touch=False)


def _shown(account: Account, key: object) -> Row:
    """Return a deal by id, including one deleted within 30 days."""
    row = account.table("deals").get(key)
    if row is None:
        raise not_found("Deal")
    return row


def defaults(call: Call) -> Row:
    """Return the defaults of a new deal."""
    return {
        "title": "",
        "creator_user_id": call.user_id,
        "owner_id": call.user_id,
        "value": 0,
        "person_id": None,
        "org_id": None,
        "stage_id": None,
        "pipeline_id": None,
        "currency": default_currency(call.account, call.user_id),
        "archive_time": None,
        "add_time": None,
        "update_time": None,
        "stage_change_time": None,
        "status": "open",
        "is_archived": False,
        "is_deleted": False,
        "probability": None,
        "lost_reason": None,
        "visible_to": default_visibility(call.account, call.user_id, "deal"),
        "close_time": None,
        "won_time": None,
        "lost_time": None,
        "local_won_date": None,
        "local_lost_date": None,
        "local_close_date": None,
        "expected_close_date": None,
        "label_ids": [],
        "origin": "API",
        "origin_id": None,
        "channel": None,
        "channel_id": None,
        "acv": None,
        "arr": None,
        "mrr": None,
        "custom_fields": {},
    }


REFERENCES = {
    "owner_id": "users",
    "person_id": "persons",
    "org_id": "organizations",
    "pipeline_id": "pipelines",
    "stage_id": "stages",
}
register(
    Resource(
        table="deals",
        operations={
            "list": "v2:getDeals",
            "get": "v2:getDeal",
            "add": "v2:addDeal",
            "update": "v2:updateDeal",
            "delete": "v2:deleteDeal",
        },
        view=_view("current"),
        tests={"status": _has_status},
        references=REFERENCES,
        defaults=defaults,
        on_add=_add,
        on_update=_update,
        on_delete=_delete,
        extras=extras,
        filter_type="deals",
        find=_shown,
        find_to_update=to_update,
    )
)
register(
    Resource(
        table="deals",
        operations={"list": "v2:getArchivedDeals"},
        view=_view("archived"),
        tests={"status": _has_status},
        extras=extras,
        filter_type="deals",
    )
)
