"""Leads, their labels and sources."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Changes, Read, RowForm, StreamSpec

STREAMS = (
    StreamSpec(
        name="leads",
        summary="Leads, archived ones included.",
        reads=(
            Read(
                operation="getLeads",
                path="/v1/leads",
                cost=20,
                paging=Paging.OFFSET,
                page_size=500,
                changes=Changes(since="updated_since", ascending={"sort": "update_time ASC"}),
            ),
            Read(
                operation="getArchivedLeads",
                path="/v1/leads/archived",
                cost=40,
                paging=Paging.OFFSET,
                page_size=500,
                changes=Changes(
                    ascending={"sort": "update_time ASC"}, descending={"sort": "update_time DESC"}
                ),
                adds={"is_archived": True},
            ),
        ),
        single=Read(operation="getLead", path="/v1/leads/{id}", cost=2),
        schema=columns(
            """
            id!:uuid title owner_id creator_id label_ids:[uuid] person_id organization_id source_name
            origin origin_id channel channel_id source_deal_id is_archived was_seen
            value expected_close_date next_activity_id add_time update_time
            visible_to:str cc_email
            """,
            of="leads",
        ),
        replication_key="update_time",
        custom_fields="deal",
        row_form=RowForm.V1,
        notes="Deleted and converted leads vanish. Custom fields are those of deals.",
    ),
    StreamSpec(
        name="lead_labels",
        summary="Labels that leads can carry.",
        reads=(Read(operation="getLeadLabels", path="/v1/leadLabels", cost=10),),
        schema=columns("id!:uuid name color add_time update_time"),
    ),
    StreamSpec(
        name="lead_sources",
        summary="Where leads can come from.",
        reads=(Read(operation="getLeadSources", path="/v1/leadSources", cost=2),),
        schema=columns("name!"),
        primary_keys=("name",),
    ),
)
