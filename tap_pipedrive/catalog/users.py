"""Users, their rights and settings."""

from __future__ import annotations

from pipedrive_client import DataKind, Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.roles import SETTINGS
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

USER = """
    id! name email phone lang locale default_currency timezone_name timezone_offset role_id access
    icon_url activated active_flag is_deleted is_you has_created_company last_login created modified
    is_admin signup_flow_variation
"""
OBSERVED = ("is_admin", "signup_flow_variation")
"""Columns that live accounts send in addition to the published ones."""
_PERMISSIONS = """
    can_add_custom_fields can_add_products can_add_prospects_as_leads can_bulk_edit_items
    can_change_visibility_of_items can_convert_deals_to_leads can_create_own_workflow
    can_delete_activities can_delete_custom_fields can_delete_deals can_edit_custom_fields
    can_edit_deals_closed_date can_edit_products can_edit_shared_filters can_export_data_from_lists
    can_follow_other_users can_merge_deals can_merge_organizations can_merge_people can_modify_labels
    can_see_company_wide_statistics can_see_deals_list_summary can_see_hidden_items_names
    can_see_other_users can_see_other_users_statistics can_see_security_dashboard can_share_filters
    can_share_insights can_use_api can_use_email_tracking can_use_import
"""

STREAMS = (
    StreamSpec(
        name="users",
        summary="Users of the account, deactivated and deleted ones included.",
        reads=(Read("getUsers", "/v1/users", 20),),
        single=Read("getUser", "/v1/users/{id}", 2),
        schema=columns(USER),
        observed=OBSERVED,
    ),
    StreamSpec(
        name="current_users",
        summary="The user whose token reads, with the company's name and domain.",
        reads=(Read("getCurrentUser", "/v1/users/me", 2, gives=DataKind.OBJECT),),
        schema=columns(
            f"{USER} company_id company_name company_domain company_country company_industry language"
        ),
        observed=OBSERVED,
        selected_by_default=False,
    ),
    StreamSpec(
        name="user_settings",
        summary="Settings of the user whose token reads.",
        reads=(Read("getUserSettings", "/v1/userSettings", 2, gives=DataKind.OBJECT),),
        schema=columns(
            """
            user_id! marketplace_team list_limit beta_app prevent_salesphone_callto_override
            file_upload_destination callto_link_syntax autofill_deal_expected_close_date
            person_duplicate_condition
            """
        ),
        primary_keys=("user_id",),
        parent=Parent(stream="current_users", context={"user_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="user_connections",
        summary="Other services that the user whose token reads has connected.",
        reads=(Read("getUserConnections", "/v1/userConnections", 20, gives=DataKind.OBJECT),),
        schema=columns("user_id! google"),
        primary_keys=("user_id",),
        parent=Parent(stream="current_users", context={"user_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="user_permissions",
        summary="What a user may do.",
        reads=(Read("getUserPermissions", "/v1/users/{user_id}/permissions", 10, gives=DataKind.OBJECT),),
        schema=columns(f"user_id! {_PERMISSIONS}"),
        primary_keys=("user_id",),
        parent=Parent(stream="users", context={"user_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="user_role_assignments",
        summary="Roles that a user has.",
        reads=(Read("getUserRoleAssignments", "/v1/users/{user_id}/roleAssignments", 10, Paging.OFFSET),),
        schema=columns("user_id! role_id! parent_role_id name active_flag type"),
        primary_keys=("user_id", "role_id"),
        parent=Parent(stream="users", context={"user_id": "id"}),
        selected_by_default=False,
    ),
    StreamSpec(
        name="user_role_settings",
        summary="Visibility settings that a user has by role.",
        reads=(Read("getUserRoleSettings", "/v1/users/{user_id}/roleSettings", 10, gives=DataKind.OBJECT),),
        schema=columns(f"user_id! {SETTINGS}"),
        primary_keys=("user_id",),
        parent=Parent(stream="users", context={"user_id": "id"}),
        selected_by_default=False,
    ),
)
