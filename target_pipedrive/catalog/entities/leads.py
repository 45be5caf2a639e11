"""Leads and their labels."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import COUNTERS, STAMPS, whole
from target_pipedrive.catalog.reads import RowsRead, Search
from target_pipedrive.catalog.spec import EntitySpec

ENTITIES = (
    EntitySpec(
        name="leads",
        levels="visible_to",
        hangs_on="person_id organization_id",
        add="add_lead",
        update="update_lead",
        delete="delete_lead",
        single=RowsRead(path="/v1/leads/{id}", cost=2),
        recent=RowsRead(
            path="/v1/leads",
            cost=20,
            paging=Paging.OFFSET,
            page_size=500,
            params={"updated_since": "{since}"},
        ),
        search=Search(path="/api/v2/leads/search", fields={"title": "title"}),
        read_only=f"{STAMPS} {COUNTERS} source_name origin source_deal_id archive_time",
        custom_fields="deal",
        flat_custom_fields=True,
    ),
    EntitySpec(
        name="lead_labels",
        natural_key="name color",
        in_order=True,
        add="add_lead_label",
        update="update_lead_label",
        delete="delete_lead_label",
        read=whole("/v1/leadLabels", 10),
        recent=whole("/v1/leadLabels", 10),
        read_only=STAMPS,
    ),
)
