"""Conversions between leads and deals, v2: a job and its status.

The conversion is executed when the job is started; its status is `running` once before it is `completed`, so
a client must request it again to get the new id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, encode, not_found
from pipedrive_emulator.domains.deals.deals import default_currency, first_stage
from pipedrive_emulator.domains.deals.deals import defaults as deal_defaults
from pipedrive_emulator.domains.leads.leads import defaults as lead_defaults
from pipedrive_emulator.domains.leads.leads import editable
from pipedrive_emulator.handlers.registry import Call, Handler, handler

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

# Rows that move to the new record; the history stays with the source.
MOVED = ("activities", "notes", "files", "mail_threads", "call_logs")
POLLS_BEFORE_DONE = 1
COMPLETED = "completed"

define_table(TableSpec(name="conversions", label="Conversion", key_kind="uuid", created="", updated=""))


def _move(account: Account, old: tuple[str, object], new: tuple[str, object], user_id: int) -> None:
    for table in MOVED:
        kept = account.table(table)
        for seq in sorted(kept.where(*old)):
            row = kept.row(seq)
            changes: Row = {old[0]: None, new[0]: new[1]}
            if table == "notes":
                pins = [f"pinned_to_{column.removesuffix('_id')}_flag" for column, _ in (old, new)]
                changes.update({pins[0]: False, pins[1]: row[pins[0]]})
            account.update(table, row[kept.spec.key], changes, user_id, touch=False)


def _start(call: Call, source: str, made: Row) -> Response:
    """Store the job of a conversion and return its id."""
    row = call.account.insert("conversions", _job(source, call.path["id"], made), call.user_id)
    return _response({"conversion_id": row["id"]})


def _job(source: str, source_id: object, made: Row, polls: int = 0) -> Row:
    """Return the stored form of a job; a scripted fault can change its result."""
    return {"source": source, "source_id": str(source_id), "made": made, "polls": polls, "end": COMPLETED}


def _response(payload: Row) -> Response:
    """Return a success with the empty additional data that is published for conversions."""
    return Response(body=encode({"success": True, "data": payload, "additional_data": None}))


def _place(account: Account, body: Row) -> Row:
    """Return the pipeline and the stage of the new deal."""
    stage_id, pipeline_id = body.get("stage_id"), body.get("pipeline_id")
    if stage_id is not None:
        account.refer("stages", stage_id, "stage_id")
        # Published: a pipeline is ignored if a stage is given.
        return {"stage_id": stage_id, "pipeline_id": account.require("stages", stage_id)["pipeline_id"]}
    if pipeline_id is None:
        pipelines = account.table("pipelines").live()
        pipeline_id = min(pipelines, key=lambda row: (row["order_nr"], row["id"]))["id"]
    account.refer("pipelines", pipeline_id, "pipeline_id")
    return {"stage_id": first_stage(account, pipeline_id), "pipeline_id": pipeline_id}


@handler("v2:convertLeadToDeal")
def lead_to_deal(call: Call) -> Response:
    """Convert a lead to a deal with the lead's child rows; returns the job."""
    account = call.account
    lead = editable(account.require("leads", call.path["id"]))
    value = lead["value"] or {"amount": 0, "currency": default_currency(account, call.user_id)}
    row = {
        **deal_defaults(call),
        **_place(account, call.body),
        "title": lead["title"],
        "owner_id": lead["owner_id"],
        "person_id": lead["person_id"],
        "org_id": lead["organization_id"],
        "value": value["amount"],
        "currency": value["currency"],
        "expected_close_date": lead["expected_close_date"],
        "visible_to": int(lead["visible_to"]),
        "origin": lead["origin"],
        "origin_id": lead["origin_id"],
        "channel": lead["channel"],
        "channel_id": lead["channel_id"],
        "source_lead_id": lead["id"],
        "custom_fields": dict(lead["custom_fields"]),
    }
    deal = account.insert("deals", row, call.user_id)
    _move(account, ("lead_id", lead["id"]), ("deal_id", deal["id"]), call.user_id)
    account.delete("leads", lead["id"], call.user_id)
    return _start(call, "leads", {"deal_id": deal["id"]})


@handler("v2:convertDealToLead")
def deal_to_lead(call: Call) -> Response:
    """Convert a deal to a lead with the deal's child rows; returns the job."""
    account = call.account
    deal = account.require("deals", call.path["id"])
    if deal["is_archived"]:
        raise ApiError(403, "An archived deal cannot be edited; un-archive it first")
    if deal["status"] != "open":
        raise ApiError(400, "Only an open deal can be converted")
    if deal["person_id"] is None and deal["org_id"] is None:
        raise ApiError(400, "A lead needs a person_id or an organization_id")
    _, number = account.table("leads").new_key()
    row = {
        **lead_defaults(call),
        "title": deal["title"],
        "owner_id": deal["owner_id"],
        "person_id": deal["person_id"],
        "organization_id": deal["org_id"],
        "value": {"amount": deal["value"], "currency": deal["currency"]},
        "expected_close_date": deal["expected_close_date"],
        "visible_to": str(deal["visible_to"]),
        "source_name": "Deal",
        "source_deal_id": deal["id"],
        "channel": deal["channel"],
        "channel_id": deal["channel_id"],
        "cc_email": f"nordwind+1001+lead{number}@pipedrivemail.com",
        "custom_fields": dict(deal["custom_fields"]),
    }
    lead = account.insert("leads", row, call.user_id)
    _move(account, ("deal_id", deal["id"]), ("lead_id", lead["id"]), call.user_id)
    account.update("deals", deal["id"], {"status": "deleted"}, call.user_id, touch=False)
    account.delete("deals", deal["id"], call.user_id)
    return _start(call, "deals", {"lead_id": lead["id"]})


def _status(source: str) -> Handler:
    def status(call: Call) -> Response:
        job = call.account.find("conversions", call.path["conversion_id"])
        if job is None or (job["source"], job["source_id"]) != (source, str(call.path["id"])):
            raise not_found("Conversion")
        shown = {"conversion_id": job["id"], "status": "running"}
        if job["polls"] >= POLLS_BEFORE_DONE:
            made = job["made"] if job["end"] == COMPLETED else {}
            return _response({**made, **shown, "status": job["end"]})
        call.account.update("conversions", job["id"], {"polls": job["polls"] + 1}, touch=False)
        return _response(shown)

    return status


handler("v2:getLeadConversionStatus")(_status("leads"))
handler("v2:getDealConversionStatus")(_status("deals"))


def seeded_job(account: Account, source: str, source_id: object, made: Row) -> Row:
    """Return the finished job of a conversion in the past."""
    return account.insert("conversions", _job(source, source_id, made, POLLS_BEFORE_DONE))
