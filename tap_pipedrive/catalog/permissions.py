"""Roles and permissions."""

from __future__ import annotations

from pipedrive_client import DataKind, Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_PERMISSION_SET = Read(
    "getPermissionSet", "/v1/permissionSets/{id}", 2, gives=DataKind.ANY
)  # its example is a list

STREAMS = (
    StreamSpec(
        name="deal_permitted_users",
        summary="Users who may see a deal.",
        reads=(Read("getDealUsers", "/v1/deals/{deal_id}/permittedUsers", 10),),
        schema=columns("deal_id! user_id!", of="permitted_users"),
        primary_keys=("deal_id", "user_id"),
        parent=Parent(stream="deals", context={"deal_id": "id"}),
        shape="user_ids",
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_permitted_users",
        summary="Users who may see a person.",
        reads=(Read("getPersonUsers", "/v1/persons/{person_id}/permittedUsers", 10),),
        schema=columns("person_id! user_id!", of="permitted_users"),
        primary_keys=("person_id", "user_id"),
        parent=Parent(stream="persons", context={"person_id": "id"}),
        shape="user_ids",
        selected_by_default=False,
    ),
    StreamSpec(
        name="organization_permitted_users",
        summary="Users who may see an organization.",
        reads=(Read("getOrganizationUsers", "/v1/organizations/{organization_id}/permittedUsers", 10),),
        schema=columns("organization_id! user_id!", of="permitted_users"),
        primary_keys=("organization_id", "user_id"),
        parent=Parent(stream="organizations", context={"organization_id": "id"}),
        shape="user_ids",
        selected_by_default=False,
    ),
    StreamSpec(
        name="product_permitted_users",
        summary="Users who may see a product.",
        reads=(Read("getProductUsers", "/v1/products/{product_id}/permittedUsers", 10),),
        schema=columns("product_id! user_id!", of="permitted_users"),
        primary_keys=("product_id", "user_id"),
        parent=Parent(stream="products", context={"product_id": "id"}),
        shape="user_ids",
        selected_by_default=False,
    ),
    StreamSpec(
        name="lead_permitted_users",
        summary="Users who may see a lead.",
        reads=(Read("getLeadUsers", "/v1/leads/{lead_id}/permittedUsers", 10),),
        schema=columns("lead_id! user_id!", of="permitted_users"),
        primary_keys=("lead_id", "user_id"),
        parent=Parent(stream="leads", context={"lead_id": "id"}),
        shape="user_ids",
        selected_by_default=False,
    ),
    StreamSpec(
        name="project_permitted_users",
        summary="Users who may see a project.",
        reads=(Read("getProjectUsers", "/api/v2/projects/{project_id}/permittedUsers", 5),),
        schema=columns("project_id! user_id!", of="permitted_users"),
        primary_keys=("project_id", "user_id"),
        parent=Parent(stream="projects", context={"project_id": "id"}),
        shape="user_ids",
        selected_by_default=False,
        needs="Projects",
    ),
    StreamSpec(
        name="permission_sets",
        summary="Permission sets of each part of Pipedrive.",
        reads=(Read("getPermissionSets", "/v1/permissionSets", 20, accepts="app"),),
        schema=columns("id!:uuid name description app type assignment_count"),
        needs="administrator rights",
    ),
    StreamSpec(
        name="permission_set_contents",
        summary="What each permission set allows.",
        reads=(_PERMISSION_SET,),
        single=_PERMISSION_SET,
        schema=columns("id!:uuid name description app type assignment_count contents"),
        parent=Parent(stream="permission_sets", context={"id": "id"}),
        selected_by_default=False,
        needs="administrator rights",
    ),
    StreamSpec(
        name="permission_set_assignments",
        summary="Which user has which permission set.",
        reads=(
            Read(
                "getPermissionSetAssignments",
                "/v1/permissionSets/{permission_set_id}/assignments",
                20,
                Paging.OFFSET,
            ),
        ),
        schema=columns("permission_set_id! user_id! name"),
        primary_keys=("permission_set_id", "user_id"),
        parent=Parent(stream="permission_sets", context={"permission_set_id": "id"}),
        selected_by_default=False,
        needs="administrator rights",
    ),
)
