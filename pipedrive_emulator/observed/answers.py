"""Recorded answers of live accounts, as facts by operation: what differs from the published answer.

Each fact adds to the answer that the description gives. The status, further keys of every row, and times that
stay null are data; keys that follow from a row are computed by a function of the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_emulator.api.http import encode
from pipedrive_emulator.domains.basics import COMPANY
from pipedrive_emulator.domains.fields import FIELD_KINDS

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Answer, Row
    from pipedrive_emulator.handlers.registry import Call

Computed = Callable[["Account", "Row"], "Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Recorded differences of one operation's answer.

    Attributes:
        status: of a success, where it is another one.
        row: keys and values that every row has as well.
        computed: further keys of a row, from what it shows.
        additional: further keys of `additional_data`.
    """

    status: int | None = None
    row: dict[str, Any] = field(default_factory=dict)
    computed: Computed | None = None
    additional: dict[str, Any] = field(default_factory=dict)


UNTIMED = {"update_time": None}


def _admin(_: Account, row: Row) -> Row:
    return {"is_admin": int(any(entry["admin"] for entry in row["access"]))}


def _of_lead(_: Account, row: Row) -> Row:
    return {"archive_time": row["update_time"] if row["is_archived"] else None}


def _of_note(account: Account, row: Row) -> Row:
    lead = account.table("leads").get(row["lead_id"])
    return {"lead": None if lead is None else {"title": lead["title"]}}


def _of_file(_: Account, row: Row) -> Row:
    return {"people_name": row["person_name"]}


def _of_task(account: Account, row: Row) -> Row:
    project = account.table("projects").get(row["project_id"])
    return {"stage_id": None if project is None else project["phase_id"]}


def _of_found_person(account: Account, row: Row) -> Row:
    kept = account.table("persons").get(row["id"])
    moment = None if kept is None or kept["update_time"] is None else kept["update_time"]
    return {
        "primary_email": next(iter(row["emails"]), None),
        "update_time": None if moment is None else moment[:19].replace("T", " "),
    }


V1_FIELD: dict[str, Any] = {
    "group_id": None,
    "json_column_flag": False,
    "restriction_settings": [],
    "user_restrictions": None,
    "description": None,
}
SHOWN_IN: dict[str, dict[str, Any]] = {
    "deal_fields": {"projects_detail_visible_flag": False, "show_in_pipelines": {"show_in_all": True}},
}


def _untouched(_: Account, row: Row) -> Row:
    """Built-in definitions were never changed."""
    return {} if row.get("edit_flag") else UNTIMED


ANSWERS: dict[str, Facts] = {
    **dict.fromkeys(("v2:addDeal", "v2:addPerson", "v2:addOrganization"), Facts(row=UNTIMED)),
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
    "v2:searchPersons": Facts(computed=_of_found_person),
    "v1:getActivityTypes": Facts(row=UNTIMED),
    "v1:getFilters": Facts(row=UNTIMED),
    **{
        f"v1:get{word}Field{number}": Facts(row={**V1_FIELD, **SHOWN_IN.get(table, {})}, computed=_untouched)
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


def observed(call: Call, answer: Answer) -> Answer:
    """The answer as a live account gives it."""
    facts = ANSWERS.get(call.operation.key, NO_FACTS)
    if not answer.body.startswith(b"{"):
        return answer
    content = msgspec.json.decode(answer.body)
    for row in _rows(content.get("data")):
        row.update(facts.row)
        if facts.computed is not None:
            row.update(facts.computed(call.account, row))
        if row.get("custom_fields") == {} and NULL_CUSTOM.match(call.operation.path):
            row["custom_fields"] = None
    content = _placed(content, facts)
    answer.body = encode(content)
    answer.status = facts.status or answer.status
    return answer


def _rows(data: object) -> list[Row]:
    """Rows of an answer: of a list, of a search, or the one that it shows."""
    if isinstance(data, dict) and isinstance(data.get("items"), list):
        return [one["item"] for one in data["items"] if isinstance(one, dict) and "item" in one]
    if isinstance(data, list):
        return [one for one in data if isinstance(one, dict)]
    return [data] if isinstance(data, dict) else []


def _placed(content: Row, facts: Facts) -> Row:
    """The answer with the place of its page under `pagination`, where every recorded one has it."""
    additional = content.get("additional_data")
    if isinstance(additional, dict) and "more_items_in_collection" in additional:
        place = {name: additional.pop(name) for name in PLACE if name in additional}
        additional["pagination"] = place
    if facts.additional:
        content["additional_data"] = {**(additional or {}), **facts.additional}
    return content


PLACE = ("start", "limit", "more_items_in_collection", "next_start")
