"""Products and their variations."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import COUNTERS, STAMPS, listed, since, whole
from target_pipedrive.catalog.reads import RowsRead, Search
from target_pipedrive.catalog.spec import EntitySpec

ENTITIES = (
    EntitySpec(
        name="products",
        levels="visible_to",
        said_empty="prices",
        options="category",
        add="add_product",
        update="update_product",
        delete="delete_product",
        read=listed("/api/v2/products"),
        single=RowsRead(path="/api/v2/products/{id}", cost=1),
        recent=since("/api/v2/products"),
        search=Search(
            path="/api/v2/products/search",
            fields={"name": "name", "code": "code", "custom_fields": "custom_fields"},
        ),
        read_only=f"{STAMPS} {COUNTERS}",
        custom_fields="product",
    ),
    EntitySpec(
        name="product_variations",
        said_empty="prices",
        add="add_product_variation",
        update="update_product_variation",
        delete="delete_product_variation",
        path={"id": "product_id", "product_variation_id": "id"},
        read=whole("/api/v2/products/{product_id}/variations", 10, Paging.CURSOR, 500),
        recent=whole("/api/v2/products/{product_id}/variations", 10, Paging.CURSOR, 500),
        read_only=STAMPS,
        parent="product_id",
    ),
)
