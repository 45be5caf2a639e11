"""Writes of deals, contacts, leads, activities, products and their child rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.emulator.sales_cases import PNG
from tests.emulator.writing import Step, Write

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = "2026-09-30"
MOMENT = "2026-05-04T03:02:01Z"
PLACE = {
    "value": "Hauptstraße 1, Wien",
    "country": "AT",
    "admin_area_level_1": "Wien",
    "admin_area_level_2": "Innere Stadt",
    "locality": "Wien",
    "sublocality": "Mitte",
    "route": "Hauptstraße",
    "street_number": "1",
    "subpremise": "7",
    "postal_code": "1010",
}


def updates(
    operation: str, table: str, step: Step | tuple[Step, ...], values: Mapping[str, Any], **more: Any
) -> tuple[Write, ...]:
    """One update for each property, of a row made just before."""
    before = step if isinstance(step, tuple) else (step,)
    path = more.pop("path", {"id": "$made"})
    return tuple(
        Write(
            operation=operation,
            table=table,
            body={name: value},
            before=before,
            path=path,
            row="$made",
            **more,
        )
        for name, value in values.items()
    )


# Deals

_DEAL = Step(operation="v2:addDeal", body={"title": "Before"})
_PLAIN_DEAL = {
    "title": "Größer 大",
    "owner_id": 2,
    "person_id": 2,
    "org_id": 3,
    "value": 12.5,
    "currency": "USD",
    "probability": 40,
    "visible_to": 7,
    "expected_close_date": DAY,
    "label_ids": [2, 1],
    "custom_fields": {"$deals:varchar": "Wert", "$deals:monetary": {"value": 5, "currency": "USD"}},
    "stage_id": 2,
}
_WON = {"status": "won", "close_time": "2026-05-05T00:00:00Z", "won_time": MOMENT}
_LOST = {"status": "lost", "close_time": MOMENT, "lost_time": MOMENT, "lost_reason": "Preis"}
_ARCHIVED = {"is_archived": True, "archive_time": "2026-05-04 03:02:01"}
_STATUS = frozenset({"first_won_time", "local_won_date", "local_lost_date", "local_close_date"})
_CLOSED = _STATUS | {"close_time", "won_time", "lost_time"}


def _deal(body: dict[str, Any], **more: Any) -> tuple[Write, Write]:
    """Return the same body for a new deal and for an existing one."""
    new = {"title": "Fresh", **body}
    return (
        Write(operation="v2:addDeal", table="deals", body=new, **{**more, "also": frozenset()}),
        Write(
            operation="v2:updateDeal",
            table="deals",
            body=body,
            before=(_DEAL,),
            path={"id": "$made"},
            row="$made",
            **more,
        ),
    )


_LINE = {"product_id": 1, "item_price": 10, "quantity": 2}
_FULL_LINE = {
    "product_id": "$product",
    "item_price": 99.5,
    "quantity": 2.5,
    "tax": 7.5,
    "comments": "mit Montage",
    "discount": 3,
    "discount_type": "amount",
    "is_enabled": False,
    "tax_method": "inclusive",
    "product_variation_id": "$variation",
    "billing_frequency": "weekly",
    "billing_frequency_cycles": 12,
    "billing_start_date": DAY,
}
_OFFERED = (
    Step(operation="v2:addProduct", body={"name": "Offered"}, name="product"),
    Step(operation="v2:addProductVariation", path={"id": "$product"}, body={"name": "XL"}, name="variation"),
)
_ATTACHED = (
    Step(operation="v2:addDeal", body={"title": "Lines"}, name="deal"),
    *_OFFERED,
    Step(
        operation="v2:addDealProduct",
        path={"id": "$deal"},
        body={"product_id": "$product", "item_price": 1, "quantity": 1},
    ),
)
_LINE_PATH = {"id": "$deal", "product_attachment_id": "$made"}
_BILLED = {"billing_frequency": "monthly", "billing_frequency_cycles": 6}
_PRICE = {"currency": "USD", "price": 5.5, "cost": 2, "direct_cost": 1, "notes": "Staffel"}
_PRODUCT = {
    "name": "Größe 大",
    "code": "N-9",
    "description": "schwer",
    "unit": "kg",
    "tax": 7.5,
    "category": 62,
    "owner_id": 3,
    "is_linkable": False,
    "visible_to": 5,
    "prices": [_PRICE],
    "custom_fields": {"$products:varchar": "Wert"},
}
_DISCOUNT = {"description": "Frühbucher", "amount": 7.5, "type": "amount"}
_INSTALLMENT = {"description": "Erste Rate", "amount": 7.5, "billing_date": DAY}
_DEAL_STEP = Step(operation="v2:addDeal", body={"title": "Billed"}, name="deal")
_LINE_STEP = Step(operation="v2:addDealProduct", path={"id": "$deal"}, body=_LINE, name="line")

# Contacts

_PERSON = {
    "name": "Ana Göß",
    "owner_id": 2,
    "org_id": 2,
    "emails": [
        {"value": "a@x.example", "primary": False, "label": "home"},
        {"value": "b@x.example", "primary": True, "label": "work"},
    ],
    "phones": [{"value": "+43 1", "primary": True, "label": "mobile"}],
    "visible_to": 5,
    "label_ids": [7, 5],
    "postal_address": PLACE,
    "notes": "trifft man mittags",
    "im": [{"value": "ana", "primary": True, "label": "signal"}],
    "birthday": "1990-02-28",
    "job_title": "Einkauf",
    "custom_fields": {"$persons:varchar": "Wert"},
}
_ORGANIZATION = {
    "name": "Möwe & Söhne",
    "owner_id": 2,
    "visible_to": 5,
    "label_ids": [9, 8],
    "address": PLACE,
    "website": "https://moewe.example",
    "linkedin": "https://linkedin.example/moewe",
    "industry": 2,
    "annual_revenue": 1_000_000,
    "employee_count": 12,
    "custom_fields": {"$organizations:varchar": "Wert"},
}
_MAILED = Step(
    operation="v2:addPerson", body={"name": "Before", "emails": [{"value": "c@x.example", "primary": True}]}
)

# Leads and activities

_LEAD_STEP = Step(operation="v1:addLead", body={"title": "Before", "person_id": 1, "organization_id": 1})
_LEAD = {
    "title": "Größer 大",
    "owner_id": 2,
    "label_ids": ["$label"],
    "person_id": 2,
    "organization_id": 3,
    "value": {"amount": 12.5, "currency": "USD"},
    "expected_close_date": DAY,
    "visible_to": "7",
    "was_seen": True,
    "channel": 52,
    "channel_id": "Messe",
}
_LABEL = Step(operation="v1:addLeadLabel", body={"name": "Neu", "color": "red"}, name="label")
_ATTENDEE = {
    "email": "g@x.example",
    "name": "Gast",
    "status": "accepted",
    "is_organizer": True,
    "person_id": 3,
    "user_id": 2,
}
_ACTIVITY = {
    "subject": "Größer 大",
    "type": "meeting",
    "owner_id": 2,
    "deal_id": 2,
    "org_id": 2,
    "project_id": 2,
    "due_date": DAY,
    "due_time": "10:20",
    "duration": "00:40",
    "busy": True,
    "done": True,
    "location": PLACE,
    "participants": [{"person_id": 4, "primary": False}, {"person_id": 2, "primary": True}],
    "attendees": [_ATTENDEE],
    "public_description": "bring Kuchen",
    "priority": 264,
    "note": "<p>leise</p>",
    "outcome": 1,
}
_TIMES = {"due_time": "10:20:00", "duration": "00:40:00"}
_SIDE = {"done": {"marked_as_done_time"}, "participants": {"person_id"}}
_ACTIVITY_STEP = Step(operation="v2:addActivity", body={"subject": "Before"})
_PRODUCT_STEP = Step(operation="v2:addProduct", body={"name": "Before"})
_VARIATION = (
    Step(operation="v2:addProduct", body={"name": "Before"}, name="product"),
    Step(operation="v2:addProductVariation", path={"id": "$product"}, body={"name": "S"}),
)
_SUMS = frozenset({"sum"})
_LINES: dict[str, Any] = {"table": "deal_products", "before": _ATTACHED, "path": _LINE_PATH, "row": "$made"}

WRITES: tuple[Write, ...] = (
    *_deal(_PLAIN_DEAL, also=frozenset({"stage_change_time"})),
    *_deal({"pipeline_id": 2, "stage_id": 6}, also=frozenset({"stage_change_time"})),
    *_deal(_WON, also=_STATUS),
    *_deal(_LOST, also=_STATUS),
    *_deal(_ARCHIVED, keeps={"archive_time": MOMENT}),
    *_deal({"is_deleted": True}, also=frozenset({"status"}), reads=False),
    *updates("v2:updateDeal", "deals", _DEAL, {k: v for k, v in _PLAIN_DEAL.items() if k != "stage_id"}),
    *updates("v2:updateDeal", "deals", _DEAL, {"stage_id": 2}, also=frozenset({"stage_change_time"})),
    *updates("v2:updateDeal", "deals", _DEAL, {"status": "won"}, also=_CLOSED),
    *updates("v2:updateDeal", "deals", _DEAL, {"is_archived": True}, also=frozenset({"archive_time"})),
    Write(
        operation="v2:addDealProduct",
        table="deal_products",
        before=(_DEAL_STEP, *_OFFERED),
        path={"id": "$deal"},
        body=_FULL_LINE,
    ),
    Write(
        operation="v2:addManyDealProducts",
        table="deal_products",
        before=(_DEAL_STEP, *_OFFERED),
        path={"id": "$deal"},
        body={"data": [_FULL_LINE]},
        keeps=_FULL_LINE,
        drops=frozenset({"data"}),
    ),
    *updates(
        "v2:updateDealProduct",
        "deal_products",
        _ATTACHED,
        {
            "item_price": 99.5,
            "quantity": 2.5,
            "tax": 7.5,
            "comments": "mit Montage",
            "discount": 3,
            "discount_type": "amount",
            "is_enabled": False,
            "tax_method": "inclusive",
            "product_variation_id": "$variation",
            "billing_start_date": DAY,
        },
        path=_LINE_PATH,
        also=_SUMS,
    ),
    Write(operation="v2:updateDealProduct", body=_BILLED, **_LINES),
    Write(operation="v2:updateDealProduct", body={"product_id": 1}, also=frozenset({"name"}), **_LINES),
    Write(
        operation="v2:postAdditionalDiscount",
        table="discounts",
        before=(_DEAL_STEP,),
        path={"id": "$deal"},
        body=_DISCOUNT,
    ),
    *updates(
        "v2:updateAdditionalDiscount",
        "discounts",
        (
            _DEAL_STEP,
            Step(
                operation="v2:postAdditionalDiscount",
                path={"id": "$deal"},
                body={"description": "x", "amount": 5, "type": "percentage"},
            ),
        ),
        _DISCOUNT,
        path={"id": "$deal", "discount_id": "$made"},
    ),
    Write(
        operation="v2:postInstallment",
        table="installments",
        before=(_DEAL_STEP, _LINE_STEP),
        path={"id": "$deal"},
        body=_INSTALLMENT,
    ),
    *updates(
        "v2:updateInstallment",
        "installments",
        (
            _DEAL_STEP,
            _LINE_STEP,
            Step(
                operation="v2:postInstallment",
                path={"id": "$deal"},
                body={"description": "x", "amount": 5, "billing_date": "2026-07-01"},
            ),
        ),
        _INSTALLMENT,
        path={"id": "$deal", "installment_id": "$made"},
    ),
    Write(
        operation="v1:addDealParticipant",
        table="participants",
        before=(_DEAL_STEP,),
        path={"id": "$deal"},
        body={"person_id": 3},
    ),
    Write(operation="v2:addPerson", table="persons", body={**_PERSON, "marketing_status": "subscribed"}),
    *(
        Write(
            operation=f"{version}:add{word}Follower",
            table="followers",
            path={"id": 2},
            body={"user_id": 5},
            row="$next_follower",
            keeps={"parent": f"{parent}:2"},
        )
        for version in ("v1", "v2")
        for word, parent in (
            ("Deal", "deals"),
            ("Person", "persons"),
            ("Organization", "organizations"),
            ("Product", "products"),
        )
    ),
    *(
        Write(
            operation="v2:convertLeadToDeal",
            table="deals",
            before=(_LEAD_STEP,),
            path={"id": "$made"},
            row="$next_deal",
            body=body,
            keeps={"pipeline_id": 2, "stage_id": 6, "title": "Before"},
        )
        for body in ({"stage_id": 6}, {"pipeline_id": 2}, {"stage_id": 6, "pipeline_id": 1})
    ),
    Write(operation="v2:addPerson", table="persons", body={"name": "Old", "add_time": MOMENT}),
    *updates("v2:updatePerson", "persons", _MAILED, {k: v for k, v in _PERSON.items() if k != "name"}),
    *updates("v2:updatePerson", "persons", _MAILED, {"marketing_status": "subscribed"}),
    *updates(
        "v2:updatePerson",
        "persons",
        _MAILED,
        {"name": "Ana Göß"},
        also=frozenset({"first_name", "last_name"}),
    ),
    Write(operation="v2:addOrganization", table="organizations", body={**_ORGANIZATION, "add_time": MOMENT}),
    *updates(
        "v2:updateOrganization",
        "organizations",
        Step(operation="v2:addOrganization", body={"name": "Before"}),
        _ORGANIZATION,
    ),
    Write(
        operation="v1:addLead",
        table="leads",
        before=(_LABEL,),
        body={**_LEAD, "origin_id": "extern", "$deals:varchar": "Wert"},
        keeps={"custom_fields": {"$deals:varchar": "Wert"}},
        drops=frozenset({"$deals:varchar"}),
    ),
    *updates("v1:updateLead", "leads", (_LABEL, _LEAD_STEP), _LEAD),
    *updates("v1:updateLead", "leads", _LEAD_STEP, {"is_archived": True}),
    Write(operation="v1:addLeadLabel", table="lead_labels", body={"name": "Größer", "color": "purple"}),
    *updates(
        "v1:updateLeadLabel",
        "lead_labels",
        Step(operation="v1:addLeadLabel", body={"name": "Before", "color": "red"}),
        {"name": "Größer", "color": "dark-gray"},
    ),
    Write(
        operation="v2:addActivity",
        table="activities",
        body=_ACTIVITY,
        keeps={**_TIMES, "person_id": 2},
    ),
    Write(
        operation="v2:addActivity",
        table="activities",
        before=(Step(operation="v1:addLead", body={"title": "L", "person_id": 1}, name="lead"),),
        body={"subject": "Of a lead", "lead_id": "$lead"},
    ),
    *(
        Write(
            operation="v2:updateActivity",
            table="activities",
            before=(_ACTIVITY_STEP,),
            path={"id": "$made"},
            row="$made",
            body={name: value},
            keeps={name: _TIMES.get(name, value)},
            also=frozenset(_SIDE.get(name, ())),
        )
        for name, value in _ACTIVITY.items()
    ),
    *updates(
        "v2:updateActivity",
        "activities",
        (Step(operation="v1:addLead", body={"title": "L", "person_id": 1}, name="lead"), _ACTIVITY_STEP),
        {"lead_id": "$lead"},
    ),
    Write(operation="v2:addProduct", table="products", body=_PRODUCT, keeps={"category": "62"}),
    Write(operation="v2:addProduct", table="products", body={"name": "Billed", **_BILLED}),
    *updates(
        "v2:updateProduct",
        "products",
        _PRODUCT_STEP,
        {k: v for k, v in _PRODUCT.items() if k != "category"},
    ),
    *updates("v2:updateProduct", "products", _PRODUCT_STEP, {"category": 62}, keeps={"category": "62"}),
    Write(
        operation="v2:updateProduct",
        table="products",
        before=(_PRODUCT_STEP,),
        path={"id": "$made"},
        row="$made",
        body=_BILLED,
    ),
    Write(
        operation="v2:addProductVariation",
        table="product_variations",
        before=_VARIATION[:1],
        path={"id": "$product"},
        body={"name": "Größe 大", "prices": [_PRICE]},
    ),
    *updates(
        "v2:updateProductVariation",
        "product_variations",
        _VARIATION,
        {"name": "Größe 大", "prices": [_PRICE]},
        path={"id": "$product", "product_variation_id": "$made"},
    ),
    *(
        Write(
            operation=operation,
            table="product_images",
            before=before,
            path={"id": "$product"},
            body={},
            keeps={"name": "ñ.png", "mime_type": "image/png"},
            files={"data": ("ñ.png", PNG)},
        )
        for operation, before in (("v2:uploadProductImage", _VARIATION[:1]),)
    ),
    Write(
        operation="v2:updateProductImage",
        table="product_images",
        path={"id": 1},
        body={},
        keeps={"name": "ñ.png"},
        files={"data": ("ñ.png", PNG)},
        others=True,
    ),
    Write(
        operation="v1:addPersonPicture",
        table="person_pictures",
        before=(Step(operation="v2:addPerson", body={"name": "Seen"}),),
        path={"id": "$made"},
        body={"crop_x": "0", "crop_y": "0", "crop_width": "128", "crop_height": "128"},
        keeps={"item_id": "$made", "file_size": len(PNG)},
        drops=frozenset({"crop_x", "crop_y", "crop_width", "crop_height"}),
        files={"file": ("a.png", PNG)},
        form=True,
    ),
    Write(
        operation="v2:addStage",
        table="stages",
        body={
            "name": "Größer 大",
            "pipeline_id": 2,
            "deal_probability": 40,
            "is_deal_rot_enabled": True,
            "days_to_rotten": 9,
        },
    ),
    *updates(
        "v2:updateStage",
        "stages",
        Step(operation="v2:addStage", body={"name": "Before", "pipeline_id": 1}),
        {"name": "Größer 大", "deal_probability": 40, "days_to_rotten": 9},
    ),
    *updates(
        "v2:updateStage",
        "stages",
        Step(operation="v2:addStage", body={"name": "Before", "pipeline_id": 1, "days_to_rotten": 3}),
        {"is_deal_rot_enabled": True},
    ),
    *updates(
        "v2:updateStage",
        "stages",
        Step(operation="v2:addStage", body={"name": "Before", "pipeline_id": 1}),
        {"pipeline_id": 2},
        also=frozenset({"order_nr"}),
    ),
    Write(
        operation="v2:addPipeline",
        table="pipelines",
        body={"name": "Größer 大", "is_deal_probability_enabled": True},
    ),
    *updates(
        "v2:updatePipeline",
        "pipelines",
        Step(operation="v2:addPipeline", body={"name": "Before"}),
        {"name": "Größer 大", "is_deal_probability_enabled": True},
    ),
)
