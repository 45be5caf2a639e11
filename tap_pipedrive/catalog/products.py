"""Products."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import UPDATED_SINCE
from tap_pipedrive.schema import columns
from tap_pipedrive.spec import Read, StreamSpec

STREAMS = (
    StreamSpec(
        name="products",
        summary="Products with their prices in each currency.",
        reads=(
            Read(
                operation="getProducts",
                path="/api/v2/products",
                cost=10,
                paging=Paging.CURSOR,
                page_size=500,
                changes=UPDATED_SINCE,
            ),
        ),
        single=Read(operation="getProduct", path="/api/v2/products/{id}", cost=1),
        schema=columns(
            """
            id! name code description unit tax category owner_id is_linkable is_deleted visible_to
            add_time update_time billing_frequency billing_frequency_cycles prices
            """
        ),
        replication_key="update_time",
        custom_fields="product",
    ),
)
