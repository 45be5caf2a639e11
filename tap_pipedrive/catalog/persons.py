"""Persons."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import COUNTERS, DEAL_COUNTERS, UPDATED_BETWEEN
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

# marketing_status and doi_status are left out: asking for them fails in accounts without Campaigns.
_OPTIONAL = (
    "next_activity_id,last_activity_id,open_deals_count,related_open_deals_count,closed_deals_count,"
    "related_closed_deals_count,participant_open_deals_count,participant_closed_deals_count,"
    "email_messages_count,activities_count,done_activities_count,undone_activities_count,files_count,"
    "notes_count,followers_count,won_deals_count,related_won_deals_count,lost_deals_count,"
    "related_lost_deals_count,last_incoming_mail_time,last_outgoing_mail_time,smart_bcc_email"
)
_PERSON = columns(
    f"""
    id! name first_name last_name owner_id org_id add_time update_time emails phones is_deleted
    visible_to label_ids picture_id:int postal_address notes im birthday job_title
    participant_open_deals_count participant_closed_deals_count last_incoming_mail_time
    last_outgoing_mail_time marketing_status doi_status {COUNTERS} {DEAL_COUNTERS}
    """
)

STREAMS = (
    StreamSpec(
        name="persons",
        summary="Persons with their emails, phones and counters.",
        reads=(
            Read(
                operation="getPersons",
                path="/api/v2/persons",
                cost=10,
                paging=Paging.CURSOR,
                page_size=500,
                params={"include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
            ),
        ),
        single=Read(
            operation="getPerson", path="/api/v2/persons/{id}", cost=1, params={"include_fields": _OPTIONAL}
        ),
        schema=_PERSON,
        replication_key="update_time",
        custom_fields="person",
        serves=("getDealPersons", "getOrganizationPersons"),
        notes="marketing_status and doi_status stay empty unless `include_fields` asks for them.",
    ),
)
