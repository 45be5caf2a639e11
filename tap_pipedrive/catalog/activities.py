"""Activities and their types."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import UPDATED_BETWEEN
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="activities",
        summary="Activities of all users, done and planned, with participants and attendees.",
        reads=(
            Read(
                "getActivities",
                "/api/v2/activities",
                10,
                Paging.CURSOR,
                params={"include_fields": "attendees"},
                changes=UPDATED_BETWEEN,
                by_ids=100,
                accepts="filter_id owner_id deal_id lead_id person_id org_id done include_fields",
            ),
        ),
        single=Read("getActivity", "/api/v2/activities/{id}", 1, params={"include_fields": "attendees"}),
        schema=columns(
            """
            id! subject type owner_id creator_user_id is_deleted add_time update_time deal_id lead_id
            person_id org_id project_id due_date due_time duration busy done marked_as_done_time location
            participants attendees conference_meeting_client conference_meeting_url
            conference_meeting_id public_description priority outcome note
            """
        ),
        replication_key="update_time",
        serves=(
            "getDealActivities",
            "getPersonActivities",
            "getOrganizationActivities",
            "getProjectActivities",
        ),
        notes="Each row references its deal, lead, person, organization and project.",
    ),
    StreamSpec(
        name="activity_types",
        summary="Kinds of activity; `key_string` is the value of an activity's `type`.",
        reads=(Read("getActivityTypes", "/v1/activityTypes", 20),),
        schema=columns(
            "id! name key_string icon_key color order_nr active_flag is_custom_flag add_time update_time"
        ),
    ),
)
