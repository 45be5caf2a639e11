"""Notes on deals, leads, persons, organizations, projects and tasks."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Changes, Parent, Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="notes",
        summary="Notes with their text and what they are attached to.",
        reads=(
            Read(
                "getNotes",
                "/v1/notes",
                20,
                Paging.OFFSET,
                changes=Changes(since="updated_since", ascending={"sort": "update_time ASC"}),
                accepts=(
                    "user_id lead_id deal_id person_id org_id project_id task_id start_date "
                    "end_date pinned_to_lead_flag pinned_to_deal_flag pinned_to_organization_flag "
                    "pinned_to_person_flag pinned_to_project_flag pinned_to_task_flag"
                ),
            ),
        ),
        single=Read("getNote", "/v1/notes/{id}", 2),
        schema=columns(
            """
            id! content user_id last_update_user_id add_time update_time active_flag deal_id lead_id
            person_id org_id project_id task_id pinned_to_deal_flag pinned_to_lead_flag
            pinned_to_organization_flag pinned_to_person_flag pinned_to_project_flag
            pinned_to_task_flag deal:{title} organization:{name} person:{name} project:{title}
            task:{title} user:{name email icon_url is_you} lead
            """
        ),
        observed=("lead",),
        replication_key="update_time",
    ),
    StreamSpec(
        name="note_comments",
        summary="Comments on notes.",
        reads=(Read("getNoteComments", "/v1/notes/{note_id}/comments", 20, Paging.OFFSET),),
        schema=columns(
            """
            uuid! note_id content user_id updater_id company_id object_type object_id active_flag
            add_time update_time
            """
        ),
        primary_keys=("uuid",),
        parent=Parent(stream="notes", context={"note_id": "id"}),
        serves=("getComment",),
        selected_by_default=False,
    ),
)
