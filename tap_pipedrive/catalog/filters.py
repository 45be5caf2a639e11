"""Filters."""

from __future__ import annotations

from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="filters",
        summary="Saved filters of all kinds; their conditions are the stream `filter_conditions`.",
        reads=(Read(operation="getFilters", path="/v1/filters", cost=20),),
        schema=columns(
            """
            id! name type filter_code is_editable active_flag temporary_flag user_id visible_to:str
            last_used_time custom_view_id add_time update_time
            """
        ),
    ),
)
