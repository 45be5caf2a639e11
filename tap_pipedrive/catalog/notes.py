"""Notes on deals, leads, persons, organizations, projects and tasks."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Changes, Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="notes",
        summary="Notes with their text and what they are attached to.",
        reads=(
            Read(
                operation="getNotes",
                path="/v1/notes",
                cost=20,
                paging=Paging.OFFSET,
                page_size=500,
                changes=Changes(since="updated_since", ascending={"sort": "update_time ASC"}),
            ),
        ),
        single=Read(operation="getNote", path="/v1/notes/{id}", cost=2),
        schema=columns(
            """
            id! content user_id last_update_user_id add_time update_time active_flag deal_id lead_id
            person_id org_id project_id task_id pinned_to_deal_flag pinned_to_lead_flag
            pinned_to_organization_flag pinned_to_person_flag pinned_to_project_flag
            pinned_to_task_flag deal:{title} organization:{name} person:{name} project:{title}
            task:{title} user:{name email icon_url is_you}
            """
        ),
        replication_key="update_time",
    ),
)
