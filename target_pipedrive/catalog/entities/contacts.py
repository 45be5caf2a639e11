"""Persons and organizations."""

from __future__ import annotations

from target_pipedrive.catalog.entities.reads import COUNTERS, INACTIVE, STAMPS, listed, since
from target_pipedrive.catalog.reads import RowsRead, Search
from target_pipedrive.catalog.spec import EntitySpec

ENTITIES = (
    EntitySpec(
        name="persons",
        options="label_ids",
        levels="visible_to",
        add="add_person",
        update="update_person",
        delete="delete_person",
        merge="merge_persons",
        read=listed("/api/v2/persons", include_fields="marketing_status"),
        single=RowsRead(path="/api/v2/persons/{id}", cost=1, params={"include_fields": "marketing_status"}),
        recent=since("/api/v2/persons"),
        search=Search(
            path="/api/v2/persons/search",
            fields={"name": "name", "emails": "email", "phones": "phone", "custom_fields": "custom_fields"},
        ),
        read_only=f"{STAMPS} {COUNTERS} picture_id doi_status",
        custom_fields="person",
    ),
    EntitySpec(
        name="organizations",
        options="label_ids industry",
        levels="visible_to",
        add="add_organization",
        update="update_organization",
        delete="delete_organization",
        merge="merge_organizations",
        read=listed("/api/v2/organizations"),
        single=RowsRead(path="/api/v2/organizations/{id}", cost=1),
        recent=since("/api/v2/organizations"),
        search=Search(
            path="/api/v2/organizations/search", fields={"name": "name", "custom_fields": "custom_fields"}
        ),
        read_only=f"{STAMPS} {COUNTERS} picture_id org_id",
        custom_fields="organization",
    ),
    EntitySpec(
        name="organization_relationships",
        deleted_as=INACTIVE,
        ignored="org_id",
        add="add_organization_relationship",
        update="update_organization_relationship",
        delete="delete_organization_relationship",
        single=RowsRead(path="/v1/organizationRelationships/{id}", cost=2),
        recent=RowsRead(
            path="/v1/organizationRelationships", cost=20, params={"org_id": "{rel_owner_org_id}"}
        ),
        read_only=f"{STAMPS} calculated_type calculated_related_org_id related_organization_name",
    ),
)
