"""Organizations."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import COUNTERS, DEAL_COUNTERS, UPDATED_BETWEEN
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

_OPTIONAL = (
    "next_activity_id,last_activity_id,open_deals_count,related_open_deals_count,closed_deals_count,"
    "related_closed_deals_count,email_messages_count,people_count,activities_count,"
    "done_activities_count,undone_activities_count,files_count,notes_count,followers_count,"
    "won_deals_count,related_won_deals_count,lost_deals_count,related_lost_deals_count,smart_bcc_email"
)

STREAMS = (
    StreamSpec(
        name="organizations",
        summary="Organizations with their address, company facts and counters.",
        reads=(
            Read(
                operation="getOrganizations",
                path="/api/v2/organizations",
                cost=10,
                paging=Paging.CURSOR,
                page_size=500,
                params={"include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
            ),
        ),
        single=Read(
            operation="getOrganization",
            path="/api/v2/organizations/{id}",
            cost=1,
            params={"include_fields": _OPTIONAL},
        ),
        schema=columns(
            f"""
            id! name owner_id org_id add_time update_time is_deleted visible_to address label_ids
            website linkedin industry annual_revenue employee_count people_count {COUNTERS} {DEAL_COUNTERS}
            """
        ),
        replication_key="update_time",
        custom_fields="organization",
    ),
)
