"""Deals and the products on them."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import COUNTERS, UPDATED_BETWEEN
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Parent, Read, StreamSpec

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

STREAMS = (
    StreamSpec(
        name="deals",
        summary="Deals: open, won, lost, archived, and those deleted within 30 days.",
        reads=(
            Read(
                operation="getDeals",
                path="/api/v2/deals",
                cost=10,
                paging=Paging.CURSOR,
                page_size=500,
                params={"status": "open,won,lost,deleted", "include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
            ),
            Read(
                operation="getArchivedDeals",
                path="/api/v2/deals/archived",
                cost=20,
                paging=Paging.CURSOR,
                page_size=500,
                params={"status": "open,won,lost,deleted", "include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
                adds={"is_archived": True},
            ),
        ),
        single=Read(
            operation="getDeal", path="/api/v2/deals/{id}", cost=1, params={"include_fields": _OPTIONAL}
        ),
        schema=_DEAL,
        replication_key="update_time",
        custom_fields="deal",
        serves=("getPipelineDeals", "getStageDeals", "getPersonDeals", "getOrganizationDeals"),
        notes="Each row names its pipeline, stage, person and organization.",
    ),
    StreamSpec(
        name="deal_products",
        summary="Products attached to deals, with price, quantity, discount and billing.",
        reads=(
            Read(
                operation="getDealsProducts",
                path="/api/v2/deals/products",
                cost=10,
                paging=Paging.CURSOR,
                page_size=500,
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
            stream="deals",
            context={"deal_ids": "id"},
            query=("deal_ids",),
            bulk=100,
            when="products_count",
        ),
        serves=("getDealProducts",),
    ),
)
