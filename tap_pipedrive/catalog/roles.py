"""Roles."""

from __future__ import annotations

from pipedrive_client import DataKind, Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

SETTINGS = """
    deal_default_visibility lead_default_visibility org_default_visibility person_default_visibility
    product_default_visibility deal_access_level org_access_level person_access_level
    product_access_level
"""

STREAMS = (
    StreamSpec(
        name="roles",
        summary="Roles, from which users get their rights.",
        reads=(Read("getRoles", "/v1/roles", 20, Paging.OFFSET),),
        single=Read("getRole", "/v1/roles/{id}", 2),
        schema=columns(
            "id! parent_role_id name active_flag assignment_count:str sub_role_count level", of="roles"
        ),
        needs="administrator rights",
    ),
    StreamSpec(
        name="role_assignments",
        summary="Users who have a role.",
        reads=(Read("getRoleAssignments", "/v1/roles/{role_id}/assignments", 10, Paging.OFFSET),),
        schema=columns("role_id! user_id! parent_role_id name active_flag type"),
        primary_keys=("role_id", "user_id"),
        parent=Parent(stream="roles", context={"role_id": "id"}),
        selected_by_default=False,
        needs="administrator rights",
    ),
    StreamSpec(
        name="role_settings",
        summary="Visibility settings of a role: access to others' records, default visibility of own ones.",
        reads=(Read("getRoleSettings", "/v1/roles/{role_id}/settings", 20, gives=DataKind.OBJECT),),
        schema=columns(f"role_id! {SETTINGS}"),
        primary_keys=("role_id",),
        parent=Parent(stream="roles", context={"role_id": "id"}),
        selected_by_default=False,
        needs="administrator rights",
    ),
    StreamSpec(
        name="role_pipelines",
        summary="Pipelines that users with a role see.",
        reads=(
            Read(
                "getRolePipelines",
                "/v1/roles/{role_id}/pipelines",
                20,
                accepts="visible",
                gives=DataKind.OBJECT,
            ),
        ),
        schema=columns("role_id! pipeline_ids visible"),
        primary_keys=("role_id",),
        parent=Parent(stream="roles", context={"role_id": "id"}),
        selected_by_default=False,
        needs="administrator rights",
    ),
)
