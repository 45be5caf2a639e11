"""Definitions of fields, built-in and custom."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec

_DEFINITION = """
    field_code! field_name field_type description options subfields is_custom_field
    is_optional_response_field is_writable
"""
_OBSERVED = ("is_writable",)
"""Columns that live accounts send in addition to the published ones."""
_EVERYTHING = {"include_fields": "ui_visibility,important_fields,required_fields"}
_VISIBILITY = {"include_fields": "ui_visibility"}
_ATTRIBUTES = """
    id key! name order_nr field_type add_time update_time last_updated_by_user_id created_by_user_id
    active_flag edit_flag index_visible_flag details_visible_flag add_visible_flag important_flag
    bulk_edit_allowed searchable_flag filtering_allowed sortable_flag mandatory_flag
    options:[{id label color alt_id}] description group_id json_column_flag restriction_settings
    user_restrictions projects_detail_visible_flag show_in_pipelines use_field link parent_id id_suffix
    autocomplete display_field
"""
_WITH_PARTS = columns(
    f"{_ATTRIBUTES} options_deleted is_subfield subfields:[{{id key name field_type}}]", of="fields"
)
_OBSERVED_V1 = (
    "description",
    "group_id",
    "json_column_flag",
    "restriction_settings",
    "user_restrictions",
    "projects_detail_visible_flag",
    "show_in_pipelines",
    "use_field",
    "link",
    "parent_id",
    "id_suffix",
    "autocomplete",
    "display_field",
    "options.color",
    "options.alt_id",
)
"""The same in the older form of the API."""

STREAMS = (
    StreamSpec(
        name="deal_fields",
        summary="Definitions of deal fields with their options; leads use them too.",
        reads=(
            Read(
                "getDealFields",
                "/api/v2/dealFields",
                10,
                Paging.CURSOR,
                params=_EVERYTHING,
                accepts="include_fields",
            ),
        ),
        single=Read("getDealField", "/api/v2/dealFields/{field_code}", 1, params=_EVERYTHING),
        schema=columns(
            f"""{_DEFINITION}
            ui_visibility:{{add_visible_flag details_visible_flag projects_detail_visible_flag
                show_in_pipelines}}
            important_fields required_fields:{{enabled stage_ids statuses:map}}
            """
        ),
        observed=_OBSERVED,
        primary_keys=("field_code",),
    ),
    StreamSpec(
        name="person_fields",
        summary="Definitions of person fields with their options.",
        reads=(
            Read(
                "getPersonFields",
                "/api/v2/personFields",
                10,
                Paging.CURSOR,
                params=_EVERYTHING,
                accepts="include_fields",
            ),
        ),
        single=Read("getPersonField", "/api/v2/personFields/{field_code}", 1, params=_EVERYTHING),
        schema=columns(
            f"""{_DEFINITION}
            ui_visibility:{{add_visible_flag details_visible_flag show_in_add_deal_dialog}}
            important_fields required_fields
            """
        ),
        observed=_OBSERVED,
        primary_keys=("field_code",),
        serves=("getPersonFieldDetails",),
    ),
    StreamSpec(
        name="organization_fields",
        summary="Definitions of organization fields with their options.",
        reads=(
            Read(
                "getOrganizationFields",
                "/api/v2/organizationFields",
                10,
                Paging.CURSOR,
                params=_EVERYTHING,
                accepts="include_fields",
            ),
        ),
        single=Read("getOrganizationField", "/api/v2/organizationFields/{field_code}", 1, params=_EVERYTHING),
        schema=columns(
            f"""{_DEFINITION}
            ui_visibility:{{add_visible_flag details_visible_flag org_detail_visible_flag
                person_detail_visible_flag deal_detail_visible_flag show_in_add_deal_dialog
                show_in_add_person_dialog}}
            important_fields required_fields
            """
        ),
        observed=_OBSERVED,
        primary_keys=("field_code",),
    ),
    StreamSpec(
        name="product_fields",
        summary="Definitions of product fields with their options.",
        reads=(
            Read(
                "getProductFields",
                "/api/v2/productFields",
                10,
                Paging.CURSOR,
                params=_VISIBILITY,
                accepts="include_fields",
            ),
        ),
        single=Read("getProductField", "/api/v2/productFields/{field_code}", 1, params=_VISIBILITY),
        schema=columns(
            f"""{_DEFINITION}
            ui_visibility:{{add_visible_flag details_visible_flag}}
            """
        ),
        observed=_OBSERVED,
        primary_keys=("field_code",),
    ),
    StreamSpec(
        name="activity_fields",
        summary="Definitions of activity fields with their options.",
        reads=(
            Read(
                "getActivityFields",
                "/api/v2/activityFields",
                10,
                Paging.CURSOR,
                params=_VISIBILITY,
                accepts="include_fields",
            ),
        ),
        single=Read("getActivityField", "/api/v2/activityFields/{field_code}", 1, params=_VISIBILITY),
        schema=columns(
            f"""{_DEFINITION}
            ui_visibility:{{add_visible_flag details_visible_flag}}
            """
        ),
        observed=_OBSERVED,
        primary_keys=("field_code",),
    ),
    StreamSpec(
        name="project_fields",
        summary="Definitions of project fields with their options.",
        reads=(Read("getProjectFields", "/api/v2/projectFields", 10, Paging.CURSOR),),
        single=Read("getProjectField", "/api/v2/projectFields/{field_code}", 1),
        schema=columns(
            f"""{_DEFINITION}
            ui_visibility:{{add_visible_flag details_visible_flag}}
            important_fields required_fields
            """
        ),
        observed=_OBSERVED,
        primary_keys=("field_code",),
        needs="Projects",
    ),
    StreamSpec(
        name="lead_fields",
        summary="Definitions of lead fields; custom ones are those of deals.",
        reads=(Read("getLeadFields", "/v1/leadFields", 20, Paging.OFFSET),),
        schema=_WITH_PARTS,
        observed=_OBSERVED_V1,
        primary_keys=("key",),
    ),
    StreamSpec(
        name="note_fields",
        summary="Definitions of note fields.",
        reads=(Read("getNoteFields", "/v1/noteFields", 20),),
        schema=columns(
            """
            id key! name field_type active_flag edit_flag bulk_edit_allowed mandatory_flag
            options:[{id label}]
            """
        ),
        primary_keys=("key",),
    ),
    StreamSpec(
        name="deal_field_attributes",
        summary="Numeric ids (which filters need), flags and history of deal fields.",
        reads=(Read("getDealFields", "/v1/dealFields", 20, Paging.OFFSET),),
        single=Read("getDealField", "/v1/dealFields/{id}", 2),
        schema=_WITH_PARTS,
        observed=_OBSERVED_V1,
        primary_keys=("key",),
        selected_by_default=False,
    ),
    StreamSpec(
        name="person_field_attributes",
        summary="Numeric ids (which filters need), flags and history of person fields.",
        reads=(Read("getPersonFields", "/v1/personFields", 20, Paging.OFFSET),),
        single=Read("getPersonField", "/v1/personFields/{id}", 2),
        schema=_WITH_PARTS,
        observed=_OBSERVED_V1,
        primary_keys=("key",),
        selected_by_default=False,
    ),
    StreamSpec(
        name="organization_field_attributes",
        summary="Numeric ids (which filters need), flags and history of organization fields.",
        reads=(Read("getOrganizationFields", "/v1/organizationFields", 20, Paging.OFFSET),),
        single=Read("getOrganizationField", "/v1/organizationFields/{id}", 2),
        schema=_WITH_PARTS,
        observed=_OBSERVED_V1,
        primary_keys=("key",),
        selected_by_default=False,
    ),
    StreamSpec(
        name="product_field_attributes",
        summary="Numeric ids (which filters need), flags and history of product fields.",
        reads=(Read("getProductFields", "/v1/productFields", 20, Paging.OFFSET),),
        single=Read("getProductField", "/v1/productFields/{id}", 2),
        schema=columns(f"{_ATTRIBUTES} picklist_data", of="fields"),
        observed=_OBSERVED_V1,
        primary_keys=("key",),
        selected_by_default=False,
    ),
    StreamSpec(
        name="activity_field_attributes",
        summary="Numeric ids (which filters need), flags and history of activity fields.",
        reads=(Read("getActivityFields", "/v1/activityFields", 20),),
        schema=_WITH_PARTS,
        observed=_OBSERVED_V1,
        primary_keys=("key",),
        selected_by_default=False,
    ),
)
