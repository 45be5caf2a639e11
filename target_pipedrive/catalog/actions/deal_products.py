"""Products on deals, with discounts and installments."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, RetiredInput, Verb

_OLD_NAMES = {"enabled_flag": "is_enabled", "discount_percentage": "discount"}
_RETIRED = {
    "duration": RetiredInput(
        advice="send billing_frequency and billing_frequency_cycles", neutral=frozenset({"1"})
    )
}

ACTIONS = (
    ActionSpec(
        name="add_deal_product",
        operation="addDealProduct",
        method="POST",
        path="/api/v2/deals/{id}/products",
        cost=5,
        entity="deal_products",
        verb=Verb.ADD,
        parent="deals",
        bulk="add_many_deal_products",
        body="""
            product_id! item_price!:num quantity!:num tax:num comments discount:num is_enabled:bool
            tax_method=exclusive|inclusive|none discount_type=percentage|amount product_variation_id?
            billing_frequency=one-time|annually|semi-annually|quarterly|monthly|weekly
            billing_frequency_cycles:int? billing_start_date:date?
        """,
        aliases=_OLD_NAMES,
        retired=_RETIRED,
    ),
    ActionSpec(
        name="delete_many_deal_products",
        operation="deleteManyDealProducts",
        method="DELETE",
        path="/api/v2/deals/{id}/products",
        cost=15,
        entity="deal_products",
        verb=Verb.OTHER,
        parent="deals",
        query="ids:csv",
    ),
    ActionSpec(
        name="update_deal_product",
        operation="updateDealProduct",
        method="PATCH",
        path="/api/v2/deals/{id}/products/{product_attachment_id}",
        cost=5,
        entity="deal_products",
        verb=Verb.UPDATE,
        parent="deals",
        body="""
            product_id item_price:num quantity:num tax:num comments discount:num is_enabled:bool
            tax_method=exclusive|inclusive|none discount_type=percentage|amount product_variation_id?
            billing_frequency=one-time|annually|semi-annually|quarterly|monthly|weekly
            billing_frequency_cycles:int? billing_start_date:date?
        """,
        aliases=_OLD_NAMES,
        retired=_RETIRED,
    ),
    ActionSpec(
        name="delete_deal_product",
        operation="deleteDealProduct",
        method="DELETE",
        path="/api/v2/deals/{id}/products/{product_attachment_id}",
        cost=3,
        entity="deal_products",
        verb=Verb.DELETE,
        parent="deals",
    ),
    ActionSpec(
        name="add_many_deal_products",
        operation="addManyDealProducts",
        method="POST",
        path="/api/v2/deals/{id}/products/bulk",
        cost=25,
        entity="deal_products",
        verb=Verb.OTHER,
        parent="deals",
        body="""
            data!:[{product_id! item_price!:num quantity!:num tax:num comments discount:num
            is_enabled:bool tax_method=exclusive|inclusive|none discount_type=percentage|amount
            product_variation_id?
            billing_frequency=one-time|annually|semi-annually|quarterly|monthly|weekly
            billing_frequency_cycles:int? billing_start_date:date?}]
        """,
    ),
    ActionSpec(
        name="post_additional_discount",
        operation="postAdditionalDiscount",
        method="POST",
        path="/api/v2/deals/{id}/discounts",
        cost=5,
        entity="deal_discounts",
        verb=Verb.ADD,
        parent="deals",
        body="description! amount!:num type!=percentage|amount",
    ),
    ActionSpec(
        name="update_additional_discount",
        operation="updateAdditionalDiscount",
        method="PATCH",
        path="/api/v2/deals/{id}/discounts/{discount_id}",
        cost=5,
        entity="deal_discounts",
        verb=Verb.UPDATE,
        parent="deals",
        keys="discount_id:uuid",
        body="description amount:num type=percentage|amount",
    ),
    ActionSpec(
        name="delete_additional_discount",
        operation="deleteAdditionalDiscount",
        method="DELETE",
        path="/api/v2/deals/{id}/discounts/{discount_id}",
        cost=3,
        entity="deal_discounts",
        verb=Verb.DELETE,
        parent="deals",
        keys="discount_id:uuid",
    ),
    ActionSpec(
        name="post_installment",
        operation="postInstallment",
        method="POST",
        path="/api/v2/deals/{id}/installments",
        cost=5,
        entity="deal_installments",
        verb=Verb.ADD,
        parent="deals",
        body="description! amount!:num billing_date!:date",
    ),
    ActionSpec(
        name="update_installment",
        operation="updateInstallment",
        method="PATCH",
        path="/api/v2/deals/{id}/installments/{installment_id}",
        cost=5,
        entity="deal_installments",
        verb=Verb.UPDATE,
        parent="deals",
        body="description amount:num billing_date:date",
    ),
    ActionSpec(
        name="delete_installment",
        operation="deleteInstallment",
        method="DELETE",
        path="/api/v2/deals/{id}/installments/{installment_id}",
        cost=3,
        entity="deal_installments",
        verb=Verb.DELETE,
        parent="deals",
    ),
)
