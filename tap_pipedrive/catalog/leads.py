"""Leads, their labels and sources."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Changes, Read, RowForm, StreamSpec

STREAMS = (
    StreamSpec(
        name="leads",
        summary="Leads, archived ones included.",
        reads=(
            Read(
                "getLeads",
                "/v1/leads",
                20,
                Paging.OFFSET,
                changes=Changes(since="updated_since", ascending={"sort": "update_time"}),
                accepts="owner_id person_id organization_id filter_id",
            ),
            Read(
                "getArchivedLeads",
                "/v1/leads/archived",
                40,
                Paging.OFFSET,
                changes=Changes(ascending={"sort": "update_time"}),
                adds={"is_archived": True},
                accepts="owner_id person_id organization_id filter_id",
            ),
        ),
        single=Read("getLead", "/v1/leads/{id}", 2),
        schema=columns(
            """
            id!:uuid title owner_id creator_id label_ids:[uuid] person_id organization_id source_name
            origin origin_id channel channel_id source_deal_id is_archived was_seen
            value expected_close_date next_activity_id add_time update_time
            visible_to:str cc_email archive_time
            """,
            of="leads",
        ),
        observed=("archive_time",),
        replication_key="update_time",
        custom_fields="deal",
        row_form=RowForm.V1,
        notes="Deleted and converted leads are no longer listed. Custom fields are those of deals.",
    ),
    StreamSpec(
        name="lead_labels",
        summary="Labels that leads can carry.",
        reads=(Read("getLeadLabels", "/v1/leadLabels", 10),),
        schema=columns("id!:uuid name color add_time update_time"),
    ),
    StreamSpec(
        name="lead_sources",
        summary="Where leads can come from.",
        reads=(Read("getLeadSources", "/v1/leadSources", 2),),
        schema=columns("name!"),
        primary_keys=("name",),
    ),
)
