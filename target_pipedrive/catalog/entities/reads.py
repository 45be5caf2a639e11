"""Shared parts of entity specs: read-only columns, and ways to read rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client import Paging
from target_pipedrive.catalog.reads import RowsRead

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTERS = """
    next_activity_id last_activity_id activities_count done_activities_count undone_activities_count
    files_count notes_count followers_count email_messages_count last_incoming_mail_time
    last_outgoing_mail_time products_count participants_count people_count smart_bcc_email cc_email
    open_deals_count closed_deals_count won_deals_count lost_deals_count related_open_deals_count
    related_closed_deals_count related_won_deals_count related_lost_deals_count
    participant_open_deals_count participant_closed_deals_count
"""
INACTIVE: Mapping[str, object] = {"active_flag": False}
"""How version 1 shows a deleted row that it still returns."""
STAMPS = "add_time update_time creator_id creator_user_id active_flag"


def listed(path: str, **more: str) -> RowsRead:
    """Return a v2 list that can be filtered by ids."""
    return RowsRead(path=path, cost=10, paging=Paging.CURSOR, ids="ids", page_size=500, params=more)


def since(path: str) -> RowsRead:
    """Return a v2 list of changes since a time."""
    return RowsRead(
        path=path, cost=10, paging=Paging.CURSOR, page_size=500, params={"updated_since": "{since}"}
    )


def whole(path: str, cost: int, paging: Paging = Paging.NONE, page_size: int | None = None) -> RowsRead:
    """Return a list that is read completely."""
    return RowsRead(path=path, cost=cost, paging=paging, page_size=page_size)
