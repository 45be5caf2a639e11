"""Persons."""

from __future__ import annotations

from pipedrive_client import DataKind, Paging
from tap_pipedrive.catalog.fragments import COUNTERS, DEAL_COUNTERS, UPDATED_BETWEEN
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

# marketing_status and doi_status are left out: asking for them fails in accounts without Campaigns.
PERSON_OPTIONAL = (
    "next_activity_id,last_activity_id,open_deals_count,related_open_deals_count,closed_deals_count,"
    "related_closed_deals_count,participant_open_deals_count,participant_closed_deals_count,"
    "email_messages_count,activities_count,done_activities_count,undone_activities_count,files_count,"
    "notes_count,followers_count,won_deals_count,related_won_deals_count,lost_deals_count,"
    "related_lost_deals_count,last_incoming_mail_time,last_outgoing_mail_time,smart_bcc_email"
)
PERSON = f"""
    id! name first_name last_name owner_id org_id add_time update_time emails phones is_deleted
    visible_to label_ids picture_id postal_address notes im birthday job_title
    participant_open_deals_count participant_closed_deals_count last_incoming_mail_time
    last_outgoing_mail_time marketing_status doi_status {COUNTERS} {DEAL_COUNTERS}
"""

STREAMS = (
    StreamSpec(
        name="persons",
        summary="Persons with their emails, phones and counters.",
        reads=(
            Read(
                "getPersons",
                "/api/v2/persons",
                10,
                Paging.CURSOR,
                params={"include_fields": PERSON_OPTIONAL},
                changes=UPDATED_BETWEEN,
                by_ids=100,
                accepts="filter_id owner_id org_id deal_id include_fields custom_fields",
            ),
        ),
        single=Read("getPerson", "/api/v2/persons/{id}", 1, params={"include_fields": PERSON_OPTIONAL}),
        schema=columns(PERSON),
        replication_key="update_time",
        custom_fields="person",
        serves=("getOrganizationPersons",),
        notes="marketing_status and doi_status are empty unless `include_fields` contains them.",
    ),
    StreamSpec(
        name="person_pictures",
        summary="Pictures of persons in two sizes.",
        reads=(Read("getPersonPicture", "/api/v2/persons/{person_id}/picture", 1, gives=DataKind.OBJECT),),
        schema=columns("id! person_id item_type item_id added_by_user_id active_flag file_size pictures"),
        parent=Parent(stream="persons", context={"person_id": "id"}, when="picture_id"),
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_products",
        summary="Products on the deals of a person.",
        reads=(Read("getPersonProducts", "/v1/persons/{person_id}/products", 20, Paging.OFFSET),),
        schema=columns(
            """
            person_id! deal_id! product_id! occurrence!
            deal:{id company_id creator_user_id user_id person_id org_id stage_id pipeline_id title
                value:num currency add_time first_add_time update_time stage_change_time active deleted
                status probability next_activity_id next_activity_date next_activity_time
                last_activity_id last_activity_date lost_reason visible_to:str close_time won_time
                first_won_time lost_time expected_close_date products_count files_count notes_count
                followers_count email_messages_count activities_count done_activities_count
                undone_activities_count participants_count last_incoming_mail_time
                last_outgoing_mail_time label:str}
            product:{id company_id name code description unit tax category active_flag selectable
                first_char visible_to:str owner_id files_count add_time update_time deal_id}
            """
        ),
        primary_keys=("person_id", "deal_id", "product_id", "occurrence"),
        numbered=True,
        parent=Parent(stream="persons", context={"person_id": "id"}),
        shape="products_by_deal",
        selected_by_default=False,
    ),
)
