"""Products, their followers, variations and images."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Encoding, RetiredInput, Verb

_OLD_NAMES = {"user_id": "owner_id", "selectable": "is_linkable"}
_RETIRED = {
    "active_flag": RetiredInput(
        advice="delete_product deletes a product, and is_linkable: false keeps it off new deals",
        neutral=frozenset({"1", "true"}),
    )
}

ACTIONS = (
    ActionSpec(
        name="add_product",
        operation="addProduct",
        method="POST",
        path="/api/v2/products",
        cost=5,
        entity="products",
        verb=Verb.ADD,
        body="""
            name! code description unit tax:num category:num owner_id is_linkable:bool
            visible_to:num=1|3|5|7 prices:prices
            custom_fields:map billing_frequency=one-time|annually|semi-annually|quarterly|monthly|weekly
            billing_frequency_cycles:int?
        """,
        aliases=_OLD_NAMES,
        retired=_RETIRED,
        custom_fields="product",
    ),
    ActionSpec(
        name="add_product_follower",
        operation="addProductFollower",
        method="POST",
        path="/api/v2/products/{id}/followers",
        cost=5,
        entity="product_followers",
        verb=Verb.ADD,
        parent="products",
        body="user_id!",
    ),
    ActionSpec(
        name="delete_product_follower",
        operation="deleteProductFollower",
        method="DELETE",
        path="/api/v2/products/{id}/followers/{follower_id}",
        cost=3,
        entity="product_followers",
        verb=Verb.DELETE,
        parent="products",
        aliases={"user_id": "follower_id"},
    ),
    ActionSpec(
        name="delete_product",
        operation="deleteProduct",
        method="DELETE",
        path="/api/v2/products/{id}",
        cost=3,
        entity="products",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_product",
        operation="updateProduct",
        method="PATCH",
        path="/api/v2/products/{id}",
        cost=5,
        entity="products",
        verb=Verb.UPDATE,
        body="""
            name code description unit tax:num category:num owner_id is_linkable:bool
            visible_to:num=1|3|5|7 prices:prices
            custom_fields:map billing_frequency=one-time|annually|semi-annually|quarterly|monthly|weekly
            billing_frequency_cycles:int?
        """,
        aliases=_OLD_NAMES,
        retired=_RETIRED,
        custom_fields="product",
    ),
    ActionSpec(
        name="duplicate_product",
        operation="duplicateProduct",
        method="POST",
        path="/api/v2/products/{id}/duplicate",
        cost=5,
        entity="products",
        verb=Verb.ADD,
    ),
    ActionSpec(
        name="add_product_variation",
        operation="addProductVariation",
        method="POST",
        path="/api/v2/products/{id}/variations",
        cost=5,
        entity="product_variations",
        verb=Verb.ADD,
        parent="products",
        body="name! prices:prices",
        shape="own_prices",
    ),
    ActionSpec(
        name="update_product_variation",
        operation="updateProductVariation",
        method="PATCH",
        path="/api/v2/products/{id}/variations/{product_variation_id}",
        cost=5,
        entity="product_variations",
        verb=Verb.UPDATE,
        parent="products",
        body="name prices:prices",
        shape="own_prices",
    ),
    ActionSpec(
        name="delete_product_variation",
        operation="deleteProductVariation",
        method="DELETE",
        path="/api/v2/products/{id}/variations/{product_variation_id}",
        cost=3,
        entity="product_variations",
        verb=Verb.DELETE,
        parent="products",
    ),
    ActionSpec(
        name="upload_product_image",
        operation="uploadProductImage",
        method="POST",
        path="/api/v2/products/{id}/images",
        cost=20,
        entity="product_images",
        verb=Verb.ADD,
        parent="products",
        body="data!:file",
        encoding=Encoding.MULTIPART,
    ),
    ActionSpec(
        name="update_product_image",
        operation="updateProductImage",
        method="PUT",
        path="/api/v2/products/{id}/images",
        cost=20,
        entity="product_images",
        verb=Verb.UPDATE,
        parent="products",
        body="data!:file",
        encoding=Encoding.MULTIPART,
    ),
    ActionSpec(
        name="delete_product_image",
        operation="deleteProductImage",
        method="DELETE",
        path="/api/v2/products/{id}/images",
        cost=6,
        entity="product_images",
        verb=Verb.DELETE,
        parent="products",
    ),
)
