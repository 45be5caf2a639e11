"""Responses of live accounts, as recorded differences from the published ones, by operation.

Each fact adds to the response of the description. The status, further keys of every row, and times that
stay null are data; keys that follow from a row are computed by a function of the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_emulator.api.http import encode
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.domains.fields.fields import FIELD_KINDS
from pipedrive_emulator.observed import flow
from pipedrive_emulator.observed.field_rows import shown_as
from pipedrive_emulator.query.paging import DEFAULT_LIMIT

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Response, Row
    from pipedrive_emulator.handlers.registry import Call

Computed = Callable[["Account", "Row"], "Row"]
Replaced = Callable[["Row"], "list[Row]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Recorded differences of the response of one operation.

    Attributes:
        status: of a success, where it is another one.
        row: keys and values that every row has as well.
        computed: further keys of a row, from what it shows.
        hidden: published keys that no recorded row has.
        replaced: rows that are sent instead of one row.
        additional: further keys of `additional_data`.
        placed: whether a list that is published without a place has one.
        no_additional: whether `additional_data` is there as null.
    """

    status: int | None = None
    row: dict[str, Any] = field(default_factory=dict)
    computed: Computed | None = None
    hidden: tuple[str, ...] = ()
    replaced: Replaced | None = None
    additional: dict[str, Any] = field(default_factory=dict)
    placed: bool = False
    no_additional: bool = False


UNTIMED = {"update_time": None}


def _admin(_: Account, row: Row) -> Row:
    return {"is_admin": int(any(entry["admin"] for entry in row["access"]))}


def _of_lead(_: Account, row: Row) -> Row:
    return {"archive_time": row["update_time"] if row["is_archived"] else None}


def _of_note(account: Account, row: Row) -> Row:
    lead = account.table("leads").get(row["lead_id"])
    return {"lead": None if lead is None else {"title": lead["title"]}}


def _of_file(_: Account, row: Row) -> Row:
    empty = {name: row[name] or None for name in ("cid", "mail_message_id", "mail_template_id", "s3_bucket")}
    return {**empty, "people_name": row["person_name"]}


def _of_task(account: Account, row: Row) -> Row:
    """Return the stage of its project, and times in the form of v2: whole seconds."""
    names = ("add_time", "update_time", "marked_as_done_time")
    times = {name: row[name] and f"{row[name][:19]}Z" for name in names}
    project = account.table("projects").get(row["project_id"])
    return {**times, "stage_id": None if project is None else project["phase_id"]}


def _of_found_person(account: Account, row: Row) -> Row:
    kept = account.table("persons").get(row["id"])
    moment = None if kept is None or kept["update_time"] is None else kept["update_time"]
    return {
        "primary_email": next(iter(row["emails"]), None),
        "update_time": None if moment is None else moment[:19].replace("T", " "),
    }


def _of_thread(account: Account, row: Row) -> Row:
    deal = account.table("deals").get(row["deal_id"])
    parties = {
        name: [{**party, "mail_message_party_flag": 0} for party in entries]
        for name, entries in row["parties"].items()
    }
    flags = ("external_deleted_flag", "first_message_to_me_flag", "last_message_sent_flag")
    return {
        "account_id": 1,
        **{name: bool(row.get(name)) for name in flags},
        "last_message_received_flag": not row.get("last_message_sent_flag"),
        "deal_title": None if deal is None else deal["title"],
        "parties": parties,
    }


def _of_recent(_: Account, row: Row) -> Row:
    """Return the further keys of persons."""
    more = {"delete_time": None, "picture_128_url": None} if row["item"] == "person" else {}
    return {"data": row["data"] and {**row["data"], **more}}


def _with_body(account: Account, row: Row) -> Row:
    return {"body": account.require("mail_messages", row["id"])["body"]}


RESPONSES: dict[str, Facts] = {
    "v2:addDeal": Facts(row=UNTIMED, hidden=("source_lead_id",)),
    "v2:updateDeal": Facts(hidden=("source_lead_id",)),
    **dict.fromkeys(("v2:addPerson", "v2:addOrganization"), Facts(row=UNTIMED)),
    **dict.fromkeys(("v2:addActivity", "v2:updateActivity"), Facts(hidden=("attendees",))),
    "v1:addNote": Facts(status=201, computed=_of_note),
    **dict.fromkeys(("v1:getNotes", "v1:getNote", "v1:updateNote"), Facts(computed=_of_note)),
    "v1:addLead": Facts(status=200, computed=_of_lead),
    **dict.fromkeys(
        ("v1:getLeads", "v1:getArchivedLeads", "v1:getLead", "v1:updateLead"), Facts(computed=_of_lead)
    ),
    **dict.fromkeys(
        ("v1:getUsers", "v1:getUser"),
        Facts(computed=_admin, additional={"company_id": COMPANY["company_id"]}),
    ),
    "v1:getCurrentUser": Facts(computed=_admin),
    **dict.fromkeys(("v1:getFiles", "v1:getFile"), Facts(computed=_of_file)),
    **dict.fromkeys(("v2:getTasks", "v2:getTask", "v2:addTask", "v2:updateTask"), Facts(computed=_of_task)),
    **{
        f"v1:get{word}Updates": Facts(computed=flow.shown, additional={"filesCountByDay": []})
        for word in ("Deal", "Person", "Organization")
    },
    "v2:addProduct": Facts(no_additional=True),
    "v1:getRecents": Facts(computed=_of_recent),
    "v1:getMailThreads": Facts(computed=_of_thread, placed=True),
    "v1:getMailThreadMessages": Facts(computed=_with_body),
    "v2:searchPersons": Facts(computed=_of_found_person),
    "v1:getActivityTypes": Facts(row=UNTIMED),
    "v1:getFilters": Facts(row=UNTIMED, no_additional=True),
    **{
        f"v1:get{word}Field{number}": Facts(replaced=partial(shown_as, table))
        for table, word in FIELD_KINDS.items()
        for number in ("", "s")
    },
    **{
        f"v2:get{word}Field{number}": Facts(row={"is_writable": True})
        for word in FIELD_KINDS.values()
        for number in ("", "s")
    },
}
NULL_CUSTOM = re.compile(r"^/api/v2/(deals|persons|organizations)(/archived|/\{id\})?$")
"""Paths whose rows have a null instead of an empty `custom_fields`; products have the empty object."""
NO_FACTS = Facts()


def observed(call: Call, response: Response) -> Response:
    """Return the response as a live account sends it."""
    facts = RESPONSES.get(call.operation.key, NO_FACTS)
    if not response.body.startswith(b"{"):
        return response
    content = msgspec.json.decode(response.body)
    for row in _rows(content.get("data")):
        row.update(facts.row)
        if facts.computed is not None:
            row.update(facts.computed(call.account, row))
        if row.get("custom_fields") == {} and NULL_CUSTOM.match(call.operation.path):
            row["custom_fields"] = None
        for name in facts.hidden:
            row.pop(name, None)
    if facts.replaced is not None and content["data"]:
        found = content["data"]
        if isinstance(found, dict):
            content["data"] = next(iter(facts.replaced(found)), found)
        else:
            content["data"] = [row for one in found for row in facts.replaced(one)]
    content = _placed(call, content, facts)
    response.body = encode(content)
    response.status = facts.status or response.status
    return response


def _rows(data: object) -> list[Row]:
    """Return the rows of a response: of a list, of a search, or a single row."""
    if isinstance(data, dict) and isinstance(data.get("items"), list):
        return [one["item"] for one in data["items"] if isinstance(one, dict) and "item" in one]
    if isinstance(data, list):
        return [one for one in data if isinstance(one, dict)]
    return [data] if isinstance(data, dict) else []


def _placed(call: Call, content: Row, facts: Facts) -> Row:
    """Put the place of a page under `pagination`, as in every recorded response."""
    additional = content.get("additional_data")
    if isinstance(additional, dict) and "more_items_in_collection" in additional:
        place = {name: additional.pop(name) for name in PLACE if name in additional}
        additional["pagination"] = place
    if facts.placed:
        limit = call.query.get("limit", DEFAULT_LIMIT)
        more = len(content["data"] or ()) >= limit
        place = {"start": call.query.get("start", 0), "limit": limit, "more_items_in_collection": more}
        content["additional_data"] = {"pagination": place}
    if facts.no_additional:
        content["additional_data"] = None
    if facts.additional:
        content["additional_data"] = {**(additional or {}), **facts.additional}
    return content


PLACE = ("start", "limit", "more_items_in_collection", "next_start")
