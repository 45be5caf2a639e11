"""Pieces of data that several domains share."""

from __future__ import annotations

from tap_pipedrive.spec import Changes

UPDATED_BETWEEN = Changes(
    since="updated_since",
    until="updated_until",
    ascending={"sort_by": "update_time", "sort_direction": "asc"},
)
"""Lists that can be bounded on both sides."""

UPDATED_SINCE = Changes(since="updated_since", ascending={"sort_by": "update_time", "sort_direction": "asc"})
"""Lists that can only be bounded below."""

COUNTERS = """
    next_activity_id last_activity_id activities_count done_activities_count undone_activities_count
    files_count notes_count followers_count email_messages_count smart_bcc_email
"""
"""Columns that deals, persons and organizations send when `include_fields` asks for them."""

DEAL_COUNTERS = """
    open_deals_count related_open_deals_count closed_deals_count related_closed_deals_count
    won_deals_count related_won_deals_count lost_deals_count related_lost_deals_count
"""
"""The same, for persons and organizations."""
