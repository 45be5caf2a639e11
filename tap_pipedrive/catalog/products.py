"""Products."""

from __future__ import annotations

from pipedrive_client import DataKind, Paging
from tap_pipedrive.catalog.fragments import OLD_DEAL, OLD_ORGANIZATION_LINK, OLD_PERSON_LINK, UPDATED_SINCE
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, RowForm, StreamSpec

_USER = "id name email has_pic pic_hash active_flag value:int"

STREAMS = (
    StreamSpec(
        name="products",
        summary="Products with their prices in each currency.",
        reads=(
            Read(
                "getProducts",
                "/api/v2/products",
                10,
                Paging.CURSOR,
                changes=UPDATED_SINCE,
                by_ids=100,
                accepts="owner_id filter_id custom_fields",
            ),
        ),
        single=Read("getProduct", "/api/v2/products/{id}", 1),
        schema=columns(
            """
            id! name code description unit tax category owner_id is_linkable is_deleted visible_to
            add_time update_time billing_frequency billing_frequency_cycles prices
            """
        ),
        replication_key="update_time",
        custom_fields="product",
    ),
    StreamSpec(
        name="product_variations",
        summary="Variations of a product with their prices.",
        reads=(Read("getProductVariations", "/api/v2/products/{product_id}/variations", 10, Paging.CURSOR),),
        schema=columns(
            "id! product_id name prices:[{product_variation_id price currency cost direct_cost notes}]"
        ),
        parent=Parent(stream="products", context={"product_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="product_images",
        summary="Images of products.",
        reads=(Read("getProductImage", "/api/v2/products/{product_id}/images", 10, gives=DataKind.OBJECT),),
        schema=columns("id! product_id company_id:str name mime_type public_url add_time:date"),
        parent=Parent(stream="products", context={"product_id": "id"}, optional=True),
        selected_by_default=False,
    ),
    StreamSpec(
        name="product_deals",
        summary="Deals a product is on, deleted ones excluded.",
        reads=(
            Read("getProductDeals", "/v1/products/{product_id}/deals", 20, Paging.OFFSET, accepts="status"),
        ),
        schema=columns(
            f"""
            product_id! id! {OLD_DEAL} creator_user_id:{{{_USER}}} user_id:{{{_USER}}}
            person_id:{OLD_PERSON_LINK} org_id:{{{OLD_ORGANIZATION_LINK}}}
            """,
            of="deals",
        ),
        primary_keys=("product_id", "id"),
        parent=Parent(stream="products", context={"product_id": "id"}),
        custom_fields="deal",
        row_form=RowForm.V1,
        selected_by_default=False,
        notes="deal_products joined with deals has the same content at a fraction of the cost.",
    ),
)
