"""Users."""

from __future__ import annotations

from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="users",
        summary="Users of the account, deactivated and deleted ones included.",
        reads=(Read(operation="getUsers", path="/v1/users", cost=20),),
        single=Read(operation="getUser", path="/v1/users/{id}", cost=2),
        schema=columns(
            """
            id! name email phone lang:int locale default_currency timezone_name timezone_offset role_id
            access icon_url activated active_flag is_deleted is_you has_created_company
            last_login:time created modified
            """
        ),
    ),
)
