"""Operations that return deals, contacts, leads, activities, products and their child rows."""

from __future__ import annotations

from typing import Any

from tests.emulator.writing import Kept, Read

ID = {"id": "{id}"}
IDS = {"ids": "{id}"}
ALL = {"limit": 500}


def _live(row: dict[str, Any]) -> bool:
    return not row["is_deleted"] and not row["is_archived"]


def _text(value: object) -> str:
    return str(value)


DEAL_V1 = {
    name: name
    for name in (
        "title",
        "person_id",
        "org_id",
        "pipeline_id",
        "stage_id",
        "value",
        "currency",
        "probability",
    )
} | {"owner_id": "user_id", "visible_to": "visible_to", "expected_close_date": "expected_close_date"}
LEAD = (
    *("title", "owner_id", "label_ids", "person_id", "organization_id", "value", "expected_close_date"),
    *("visible_to", "was_seen", "origin_id", "channel", "channel_id", "is_archived"),
)
ACTIVITY_V1 = {
    name: name for name in ("subject", "type", "due_date", "deal_id", "done", "public_description")
} | {"owner_id": "user_id", "busy": "busy_flag"}
FOUND: dict[str, Any] = {"within": ("data", "items")}
KEPT: dict[str, Kept] = {
    "followers": Kept(updated=None),
    "deals": Kept(
        reads=(
            Read(operation="v2:getDeal", path=ID, when=lambda row: not row["is_deleted"]),
            Read(operation="v2:getDeals", query=IDS, when=_live),
            Read(operation="v2:getArchivedDeals", query=IDS, when=lambda row: row["is_archived"]),
            Read(operation="v2:searchDeals", query={"term": "{title}"}, names={"title": "title"}, **FOUND),
            Read(
                operation="v1:getStageDeals",
                path={"id": "{stage_id}"},
                query={"everyone": 1, **ALL},
                names=DEAL_V1,
                shown={"visible_to": _text},
                when=lambda row: _live(row) and row["status"] == "open",
            ),
        )
    ),
    "persons": Kept(
        reads=(
            Read(operation="v2:getPerson", path=ID, query={"include_fields": "marketing_status"}),
            Read(operation="v2:getPersons", query={**IDS, "include_fields": "marketing_status"}),
            Read(
                operation="v2:searchPersons",
                query={"term": "{name}"},
                names={"name": "name", "emails": "emails", "phones": "phones", "visible_to": "visible_to"},
                shown=dict.fromkeys(("emails", "phones"), lambda entries: [e["value"] for e in entries]),
                **FOUND,
            ),
        )
    ),
    "organizations": Kept(
        reads=(
            Read(operation="v2:getOrganization", path=ID),
            Read(operation="v2:getOrganizations", query=IDS),
            Read(
                operation="v2:searchOrganization",
                query={"term": "{name}"},
                names={"name": "name", "visible_to": "visible_to", "address": "address"},
                shown={"address": lambda place: place["value"]},
                **FOUND,
            ),
        )
    ),
    "products": Kept(
        reads=(
            Read(operation="v2:getProduct", path=ID),
            Read(operation="v2:getProducts", query=IDS),
            Read(operation="v2:searchProducts", query={"term": "{name}"}, names={"name": "name"}, **FOUND),
        )
    ),
    "activities": Kept(
        reads=(
            Read(operation="v2:getActivity", path=ID, query={"include_fields": "attendees"}),
            Read(operation="v2:getActivities", query={**IDS, "include_fields": "attendees"}),
            Read(
                operation="v1:getProjectActivities",
                path={"id": "{project_id}"},
                names=ACTIVITY_V1,
                when=lambda row: row["project_id"] is not None,
            ),
        )
    ),
    "leads": Kept(
        reads=(
            Read(operation="v1:getLead", path=ID, names={name: name for name in LEAD}),
            Read(
                operation="v1:getLeads",
                query=ALL,
                names={name: name for name in LEAD},
                when=lambda row: not row["is_archived"],
            ),
            Read(
                operation="v1:getArchivedLeads",
                query=ALL,
                names={name: name for name in LEAD},
                when=lambda row: row["is_archived"],
            ),
            Read(operation="v2:searchLeads", query={"term": "{title}"}, names={"title": "title"}, **FOUND),
        )
    ),
    "lead_labels": Kept(reads=(Read(operation="v1:getLeadLabels"),)),
    "stages": Kept(
        reads=(
            Read(operation="v2:getStage", path=ID),
            Read(operation="v2:getStages", query={"pipeline_id": "{pipeline_id}"}),
        )
    ),
    "pipelines": Kept(
        reads=(Read(operation="v2:getPipeline", path=ID), Read(operation="v2:getPipelines", query=ALL))
    ),
    "deal_products": Kept(
        reads=(
            Read(operation="v2:getDealProducts", path={"id": "{deal_id}"}, query=ALL),
            Read(operation="v2:getDealsProducts", query={"deal_ids": "{deal_id}", **ALL}),
        )
    ),
    "discounts": Kept(
        reads=(Read(operation="v2:getAdditionalDiscounts", path={"id": "{deal_id}"}),),
        created="created_at",
        updated="updated_at",
    ),
    "installments": Kept(
        reads=(Read(operation="v2:getInstallments", query={"deal_ids": "{deal_id}"}),),
        created=None,
        updated=None,
    ),
    "product_variations": Kept(
        reads=(Read(operation="v2:getProductVariations", path={"id": "{product_id}"}),),
        created=None,
        updated=None,
    ),
    "product_images": Kept(
        reads=(Read(operation="v2:getProductImage", path={"id": "{product_id}"}),), created=None, updated=None
    ),
    "person_pictures": Kept(reads=(Read(operation="v2:getPersonPicture", path={"id": "{item_id}"}),)),
    "participants": Kept(
        reads=(
            Read(
                operation="v1:getDealParticipants",
                path={"id": "{deal_id}"},
                names={"person_id": "person_id"},
                shown={"person_id": lambda number: {"value": number}},
            ),
        ),
        updated=None,
    ),
}
