"""Users permitted to see a record, v1: only its owner, or every active user of the company."""

from __future__ import annotations

from pipedrive_emulator.api.http import Response, success
from pipedrive_emulator.handlers.registry import Call, Handler, handler

OWNER_ONLY = "1"
TABLES = {
    "deals": "v1:getDealUsers",
    "persons": "v1:getPersonUsers",
    "organizations": "v1:getOrganizationUsers",
    "products": "v1:getProductUsers",
    "leads": "v1:getLeadUsers",
}


def _permitted(table: str) -> Handler:
    def permitted(call: Call) -> Response:
        row = call.account.require(table, call.path["id"])
        users = [user for user in call.account.table("users").live() if user["active_flag"]]
        if str(row["visible_to"]) == OWNER_ONLY:
            users = [user for user in users if user["id"] in (row["owner_id"], call.user_id)]
        return success([user["id"] for user in users])

    return permitted


for _table, _key in TABLES.items():
    handler(_key)(_permitted(_table))
