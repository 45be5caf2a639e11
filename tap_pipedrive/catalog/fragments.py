"""Schema fragments that several domains share."""

from __future__ import annotations

from tap_pipedrive.catalog.spec import Changes

UPDATED_BETWEEN = Changes(
    since="updated_since",
    until="updated_until",
    ascending={"sort_by": "update_time", "sort_direction": "asc"},
)
"""Lists with a lower and an upper time bound."""

UPDATED_SINCE = Changes(since="updated_since", ascending={"sort_by": "update_time", "sort_direction": "asc"})
"""Lists with a lower time bound only."""

COUNTERS = """
    next_activity_id last_activity_id activities_count done_activities_count undone_activities_count
    files_count notes_count followers_count email_messages_count smart_bcc_email
"""
"""Columns of deals, persons and organizations that are sent if `include_fields` contains them."""

DEAL_COUNTERS = """
    open_deals_count related_open_deals_count closed_deals_count related_closed_deals_count
    won_deals_count related_won_deals_count lost_deals_count related_lost_deals_count
"""
"""The same, for persons and organizations."""

OLD_DEAL = """
    title stage_id pipeline_id stage_order_nr value:num currency formatted_value weighted_value
    formatted_weighted_value weighted_value_currency status active deleted is_archived probability
    add_time update_time stage_change_time won_time first_won_time lost_time close_time rotten_time
    expected_close_date lost_reason label:str visible_to:str origin origin_id channel channel_id arr
    arr_currency mrr mrr_currency acv acv_currency owner_name person_name person_hidden org_name
    org_hidden cc_email products_count files_count notes_count followers_count email_messages_count
    activities_count done_activities_count undone_activities_count participants_count
    last_incoming_mail_time last_outgoing_mail_time next_activity_id next_activity_subject
    next_activity_type next_activity_date next_activity_time next_activity_duration next_activity_note
    last_activity_id last_activity_date
"""
"""A deal in the older form of the API, without its id, users, person and organization."""

OLD_PERSON_LINK = """
    {
        active_flag name owner_id value:int
        email:[{value label primary}] phone:[{value label primary}]
    }
"""
OLD_ORGANIZATION_LINK = "name people_count owner_id address:str cc_email value:int active_flag"
OLD_PICTURE = "id item_type item_id active_flag add_time update_time added_by_user_id pictures"
"""Object that replaces an id in the older form of the API."""
