"""Deals and the products on them."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import (
    COUNTERS,
    DEAL_COUNTERS,
    OLD_ORGANIZATION_LINK,
    OLD_PICTURE,
    UPDATED_BETWEEN,
)
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.persons import PERSON, PERSON_OPTIONAL
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_OPTIONAL = (
    "next_activity_id,last_activity_id,first_won_time,products_count,files_count,notes_count,"
    "followers_count,email_messages_count,activities_count,done_activities_count,undone_activities_count,"
    "participants_count,last_incoming_mail_time,last_outgoing_mail_time,smart_bcc_email,source_lead_id"
)
_DEAL = columns(
    f"""
    id! title owner_id creator_user_id person_id org_id pipeline_id stage_id value currency
    add_time update_time stage_change_time is_deleted is_archived archive_time status probability
    lost_reason visible_to close_time won_time lost_time local_won_date local_lost_date
    local_close_date expected_close_date label_ids origin origin_id channel channel_id source_lead_id
    arr mrr acv first_won_time products_count participants_count last_incoming_mail_time
    last_outgoing_mail_time {COUNTERS}
    """,
    of="deals",
)

_USER = "id name email has_pic:int pic_hash active_flag value:int"
_CONTACTS = "email:[{value label primary}] phone:[{value label primary}]"

STREAMS = (
    StreamSpec(
        name="deals",
        summary="Deals: open, won, lost, archived, and those deleted within 30 days.",
        reads=(
            Read(
                "getDeals",
                "/api/v2/deals",
                10,
                Paging.CURSOR,
                params={"status": "open,won,lost,deleted", "include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
                by_ids=100,
                accepts=(
                    "filter_id owner_id person_id org_id pipeline_id stage_id status "
                    "include_fields custom_fields"
                ),
            ),
            Read(
                "getArchivedDeals",
                "/api/v2/deals/archived",
                20,
                Paging.CURSOR,
                params={"status": "open,won,lost,deleted", "include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
                by_ids=100,
                adds={"is_archived": True},
                accepts=(
                    "filter_id owner_id person_id org_id pipeline_id stage_id status "
                    "include_fields custom_fields"
                ),
            ),
        ),
        single=Read("getDeal", "/api/v2/deals/{id}", 1, params={"include_fields": _OPTIONAL}),
        schema=_DEAL,
        replication_key="update_time",
        custom_fields="deal",
        serves=("getPipelineDeals", "getStageDeals", "getPersonDeals", "getOrganizationDeals"),
        notes="Each row references its pipeline, stage, person and organization.",
    ),
    StreamSpec(
        name="deal_products",
        summary="Products attached to deals, with price, quantity, discount and billing.",
        reads=(
            Read(
                "getDealsProducts",
                "/api/v2/deals/products",
                10,
                Paging.CURSOR,
                accepts="sort_by sort_direction",
            ),
        ),
        schema=columns(
            """
            id! deal_id product_id product_variation_id name order_nr item_price quantity sum tax
            tax_method discount discount_type currency comments is_enabled billing_frequency
            billing_frequency_cycles billing_start_date add_time update_time
            """
        ),
        parent=Parent(
            stream="deals", context={"deal_ids": "id"}, query=("deal_ids",), bulk=100, when="products_count"
        ),
        serves=("getDealProducts",),
    ),
    StreamSpec(
        name="deal_installments",
        summary="Installments by which deals are paid.",
        reads=(
            Read(
                "getInstallments",
                "/api/v2/deals/installments",
                10,
                Paging.CURSOR,
                accepts="sort_by sort_direction",
            ),
        ),
        schema=columns("id! deal_id amount billing_date description"),
        parent=Parent(
            stream="deals", context={"deal_ids": "id"}, query=("deal_ids",), bulk=100, when="products_count"
        ),
        selected_by_default=False,
        needs="plan Growth or above",
    ),
    StreamSpec(
        name="deal_discounts",
        summary="Discounts on a whole deal.",
        reads=(Read("getAdditionalDiscounts", "/api/v2/deals/{deal_id}/discounts", 10),),
        schema=columns(
            "id!:uuid deal_id type amount description created_at created_by updated_at updated_by"
        ),
        parent=Parent(stream="deals", context={"deal_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="deal_persons",
        summary="Persons linked to a deal, as its contact or as participants.",
        reads=(
            Read(
                "getPersons",
                "/api/v2/persons",
                10,
                Paging.CURSOR,
                params={"include_fields": PERSON_OPTIONAL},
                accepts=(
                    "filter_id owner_id org_id updated_since updated_until sort_by sort_direction "
                    "include_fields custom_fields"
                ),
            ),
        ),
        schema=columns(f"deal_id! {PERSON}"),
        primary_keys=("deal_id", "id"),
        parent=Parent(stream="deals", context={"deal_id": "id"}, query=("deal_id",)),
        custom_fields="person",
        serves=("getDealPersons",),
        selected_by_default=False,
    ),
    StreamSpec(
        name="deal_participants",
        summary="Persons who take part in a deal.",
        reads=(Read("getDealParticipants", "/v1/deals/{deal_id}/participants", 10, Paging.OFFSET),),
        schema=columns(
            f"""
            deal_id! id! add_time active_flag related_item_type related_item_id
            related_item_data:{{deal_id title}} added_by_user_id:{{{_USER}}}
            person_id:{{active_flag name owner_id company_id value:int {_CONTACTS}}}
            person:{{id company_id active_flag name first_name last_name first_char add_time update_time
                {_CONTACTS} visible_to:str label label_ids org_name owner_name cc_email
                owner_id:{{{_USER}}} org_id:{{{OLD_ORGANIZATION_LINK} label_ids}}
                picture_id:{{{OLD_PICTURE}}} email_messages_count activities_count done_activities_count
                undone_activities_count files_count notes_count followers_count last_incoming_mail_time
                last_outgoing_mail_time next_activity_id next_activity_date next_activity_time
                last_activity_id last_activity_date participant_open_deals_count
                participant_closed_deals_count sync_needed {DEAL_COUNTERS}}}
            """
        ),
        primary_keys=("deal_id", "id"),
        parent=Parent(stream="deals", context={"deal_id": "id"}, when="participants_count"),
        selected_by_default=False,
    ),
)
