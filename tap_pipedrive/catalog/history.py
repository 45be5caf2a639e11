"""Changes and activity of deals, persons, organizations and projects."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import DEAL_COUNTERS, OLD_PICTURE
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_CHANGE = """
    field_key! time! occurrence! old_value new_value actor_user_id change_source change_source_user_agent
    is_bulk_update_flag
"""
_RECENT_ACTIVITY = """
    id company_id user_id assigned_to_user_id created_by_user_id update_user_id subject type note done
    due_date due_time duration busy_flag marked_as_done_time add_time update_time active_flag
    public_description location:str location_subpremise location_street_number location_route
    location_sublocality location_locality location_admin_area_level_1 location_admin_area_level_2
    location_country location_postal_code location_formatted_address deal_id lead_id person_id org_id
    project_id participants:[{person_id primary_flag}]
    attendees:[{email_address is_organizer:int name person_id status user_id}] org_name person_name
    deal_title owner_name person_dropbox_bcc deal_dropbox_bcc file:{id:str clean_name url}
    reference_type reference_id conference_meeting_client conference_meeting_url conference_meeting_id
    last_notification_time last_notification_user_id notification_language_id gcal_event_id
    google_calendar_id google_calendar_etag calendar_sync_include_context source_timezone rec_rule
    rec_rule_extension rec_master_activity_id series
"""
_RECENT_DEAL = """
    creator_user_id stage_id pipeline_id stage_order_nr title value:num currency formatted_value
    weighted_value formatted_weighted_value weighted_value_currency status active deleted is_archived
    probability stage_change_time won_time first_won_time lost_time close_time rotten_time
    expected_close_date lost_reason label:int|str visible_to:int|str origin origin_id channel channel_id
    arr arr_currency mrr mrr_currency acv acv_currency person_hidden org_hidden cc_email products_count
    participants_count next_activity_id next_activity_subject next_activity_type next_activity_date
    next_activity_time next_activity_duration next_activity_note last_activity_id last_activity_date
"""
_RECENT_CONTACT = f"""
    name first_char first_name last_name
    owner_id:int|{{id name email has_pic:int pic_hash active_flag value:int}}
    email:str|[{{value label primary}}] phone:str|[{{value label primary}}] label_ids
    picture_id:{{{OLD_PICTURE} value:int}} merge_what_id country_code people_count address:str
    address_subpremise address_street_number address_route address_sublocality address_locality
    address_admin_area_level_1 address_admin_area_level_2 address_country address_postal_code
    address_formatted_address files_count notes_count followers_count email_messages_count
    activities_count done_activities_count undone_activities_count last_incoming_mail_time
    last_outgoing_mail_time participant_open_deals_count participant_closed_deals_count {DEAL_COUNTERS}
"""
_RECENT_REST = """
    product_id activity_id task_id product_name deal_name lead_name url description file_name file_size
    inline_flag remote_location remote_id cid s3_bucket mail_message_id:str mail_template_id filter_code
    is_editable temporary_flag last_used_time custom_view_id content last_update_user_id
    deal:{title} organization:{name} person:{name} project:{title} task:{title}
    user:{name email icon_url is_you} pinned_to_deal_flag pinned_to_organization_flag
    pinned_to_person_flag pinned_to_project_flag pinned_to_task_flag icon_key color order_nr key_string
    is_custom_flag url_title deal_probability:bool|int rotten_flag rotten_days code unit tax category
    selectable prices:[map] default_currency locale lang activated last_login created modified
    has_created_company access timezone_name timezone_offset role_id icon_url is_you is_deleted
"""

STREAMS = (
    StreamSpec(
        name="deal_changes",
        summary="Changed field values of a deal: old and new value, user, time.",
        reads=(Read("getDealChangelog", "/v1/deals/{deal_id}/changelog", 20, Paging.CURSOR),),
        schema=columns(f"deal_id! {_CHANGE}"),
        primary_keys=("deal_id", "field_key", "time", "occurrence"),
        numbered=True,
        parent=Parent(stream="deals", context={"deal_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_changes",
        summary="Changed field values of a person: old and new value, user, time.",
        reads=(Read("getPersonChangelog", "/v1/persons/{person_id}/changelog", 20, Paging.CURSOR),),
        schema=columns(f"person_id! {_CHANGE}"),
        primary_keys=("person_id", "field_key", "time", "occurrence"),
        numbered=True,
        parent=Parent(stream="persons", context={"person_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="organization_changes",
        summary="Changed field values of an organization: old and new value, user, time.",
        reads=(
            Read(
                "getOrganizationChangelog", "/v1/organizations/{organization_id}/changelog", 20, Paging.CURSOR
            ),
        ),
        schema=columns(f"organization_id! {_CHANGE}"),
        primary_keys=("organization_id", "field_key", "time", "occurrence"),
        numbered=True,
        parent=Parent(stream="organizations", context={"organization_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="project_changes",
        summary="Changed values of a project: old and new values, user, time.",
        reads=(Read("getProjectChangelog", "/api/v2/projects/{project_id}/changelog", 10, Paging.CURSOR),),
        schema=columns(
            "project_id! time! occurrence! actor_user_id old_values new_values change_source "
            "change_source_user_agent"
        ),
        primary_keys=("project_id", "time", "occurrence"),
        numbered=True,
        parent=Parent(stream="projects", context={"project_id": "id"}),
        selected_by_default=False,
        needs="Projects",
    ),
    StreamSpec(
        name="deal_participant_changes",
        summary="Persons who were added to or removed from a deal as participants, with the time.",
        reads=(
            Read(
                "getDealParticipantsChangelog", "/v1/deals/{deal_id}/participantsChangelog", 10, Paging.CURSOR
            ),
        ),
        schema=columns("deal_id! person_id! action! time! occurrence! actor_user_id"),
        primary_keys=("deal_id", "person_id", "action", "time", "occurrence"),
        numbered=True,
        parent=Parent(stream="deals", context={"deal_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="deal_updates",
        summary="Everything that happened around a deal: changes, activities, notes, files, mails.",
        reads=(
            Read(
                "getDealUpdates",
                "/v1/deals/{deal_id}/flow",
                40,
                Paging.OFFSET,
                params={"all_changes": "1"},
                accepts="all_changes items",
            ),
        ),
        schema=columns("deal_id! object! id! timestamp data:map", of="updates"),
        primary_keys=("deal_id", "object", "id"),
        parent=Parent(stream="deals", context={"deal_id": "id"}),
        shape="updates",
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_updates",
        summary="Everything that happened around a person: changes, activities, notes, files, mails.",
        reads=(
            Read(
                "getPersonUpdates",
                "/v1/persons/{person_id}/flow",
                40,
                Paging.OFFSET,
                params={"all_changes": "1"},
                accepts="all_changes items",
            ),
        ),
        schema=columns("person_id! object! id! timestamp data:map", of="updates"),
        primary_keys=("person_id", "object", "id"),
        parent=Parent(stream="persons", context={"person_id": "id"}),
        shape="updates",
        selected_by_default=False,
    ),
    StreamSpec(
        name="organization_updates",
        summary="Everything that happened around an organization: changes, activities, notes, files, mails.",
        reads=(
            Read(
                "getOrganizationUpdates",
                "/v1/organizations/{organization_id}/flow",
                40,
                Paging.OFFSET,
                params={"all_changes": "1"},
                accepts="all_changes items",
            ),
        ),
        schema=columns("organization_id! object! id! timestamp data:map", of="updates"),
        primary_keys=("organization_id", "object", "id"),
        parent=Parent(stream="organizations", context={"organization_id": "id"}),
        shape="updates",
        selected_by_default=False,
    ),
    StreamSpec(
        name="recents",
        summary="Rows of any kind added or changed since a time at most a month ago.",
        reads=(Read("getRecents", "/v1/recents", 20, Paging.OFFSET, accepts="since_timestamp! items"),),
        schema=columns(
            f"item! id! data:{{{_RECENT_ACTIVITY} {_RECENT_DEAL} {_RECENT_CONTACT} {_RECENT_REST}}}",
            of="recents",
        ),
        primary_keys=("item", "id"),
        selected_by_default=False,
        settings=("recents",),
        notes="Rows have the v1 form; prefer the lists of each kind.",
    ),
)
