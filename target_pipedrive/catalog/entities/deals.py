"""Deals with their child entities, pipelines and stages."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import COUNTERS, STAMPS, listed, since, whole
from target_pipedrive.catalog.reads import RowsRead, Search
from target_pipedrive.catalog.spec import EntitySpec

ENTITIES = (
    EntitySpec(
        name="deals",
        deleted_as={"status": "deleted"},
        options="label_ids",
        levels="visible_to",
        within={"stage_id": "pipeline_id"},
        settled_by={"value": "deal_products deal_discounts"},
        locked="products attached",
        add="add_deal",
        update="update_deal",
        delete="delete_deal",
        merge="merge_deals",
        read=listed("/api/v2/deals"),
        more=RowsRead(path="/api/v2/deals/archived", cost=20, paging=Paging.CURSOR, ids="ids", page_size=500),
        single=RowsRead(path="/api/v2/deals/{id}", cost=1),
        recent=since("/api/v2/deals"),
        search=Search(
            path="/api/v2/deals/search", fields={"title": "title", "custom_fields": "custom_fields"}
        ),
        read_only=f"""
            {STAMPS} {COUNTERS} stage_change_time origin origin_id channel channel_id source_lead_id arr mrr
            acv first_won_time local_won_date local_lost_date local_close_date archive_time
        """,
        custom_fields="deal",
    ),
    EntitySpec(
        name="deal_products",
        add="add_deal_product",
        update="update_deal_product",
        delete="delete_deal_product",
        path={"id": "deal_id", "product_attachment_id": "id"},
        read=RowsRead(
            path="/api/v2/deals/products",
            cost=10,
            paging=Paging.CURSOR,
            ids="deal_ids",
            by="deal_id",
            page_size=500,
        ),
        recent=whole("/api/v2/deals/{deal_id}/products", 10, Paging.CURSOR, 500),
        read_only=f"{STAMPS} name order_nr sum currency",
        parent="deal_id",
    ),
    EntitySpec(
        name="deal_discounts",
        add="post_additional_discount",
        update="update_additional_discount",
        delete="delete_additional_discount",
        path={"id": "deal_id", "discount_id": "id"},
        read=whole("/api/v2/deals/{deal_id}/discounts", 10),
        recent=whole("/api/v2/deals/{deal_id}/discounts", 10),
        read_only=f"{STAMPS} created_at created_by updated_at updated_by",
        parent="deal_id",
    ),
    EntitySpec(
        name="deal_installments",
        after="deal_products",
        add="post_installment",
        update="update_installment",
        delete="delete_installment",
        path={"id": "deal_id", "installment_id": "id"},
        read=RowsRead(
            path="/api/v2/deals/installments",
            cost=10,
            paging=Paging.CURSOR,
            ids="deal_ids",
            by="deal_id",
            page_size=500,
        ),
        recent=RowsRead(
            path="/api/v2/deals/installments",
            cost=10,
            paging=Paging.CURSOR,
            page_size=500,
            params={"deal_ids": "{deal_id}"},
        ),
        read_only=STAMPS,
        parent="deal_id",
    ),
    EntitySpec(
        name="deal_participants",
        natural_key="person_id",
        add="add_deal_participant",
        delete="delete_deal_participant",
        path={"id": "deal_id", "deal_participant_id": "id"},
        read=whole("/v1/deals/{deal_id}/participants", 10, Paging.OFFSET, 500),
        recent=whole("/v1/deals/{deal_id}/participants", 10, Paging.OFFSET, 500),
        read_only=f"{STAMPS} added_by_user_id related_item_type related_item_id related_item_data person",
        parent="deal_id",
    ),
    EntitySpec(
        name="pipelines",
        natural_key="name",
        in_order=True,
        add="add_pipeline",
        update="update_pipeline",
        delete="delete_pipeline",
        read=whole("/api/v2/pipelines", 5, Paging.CURSOR, 500),
        recent=whole("/api/v2/pipelines", 5, Paging.CURSOR, 500),
        read_only=f"{STAMPS} order_nr",
    ),
    EntitySpec(
        name="stages",
        natural_key="name pipeline_id",
        in_order=True,
        add="add_stage",
        update="update_stage",
        delete="delete_stage",
        read=whole("/api/v2/stages", 5, Paging.CURSOR, 500),
        recent=whole("/api/v2/stages", 5, Paging.CURSOR, 500),
        read_only=f"{STAMPS} order_nr",
    ),
)
