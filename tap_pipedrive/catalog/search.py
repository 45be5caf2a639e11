"""Searches, defined by settings."""

from __future__ import annotations

from pipedrive_client import DataKind, Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec
from tap_pipedrive.catalog.users import OBSERVED, USER

_OWNER_AND_TEXTS = "visible_to owner:{id} custom_fields notes:[str]"

STREAMS = (
    StreamSpec(
        name="deal_searches",
        summary="Deals found by a term.",
        reads=(
            Read(
                "searchDeals",
                "/api/v2/deals/search",
                20,
                Paging.CURSOR,
                page_size=100,
                records="data.items",
                accepts="term! fields exact_match person_id organization_id status include_fields",
            ),
        ),
        schema=columns(
            f"""
            search! result_score id! type title value currency status is_archived stage:{{id name}}
            person:{{id name}} organization:{{id name}} cc_email {_OWNER_AND_TEXTS}
            """,
            of="search",
        ),
        primary_keys=("search", "id"),
        shape="found",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="lead_searches",
        summary="Leads found by a term.",
        reads=(
            Read(
                "searchLeads",
                "/api/v2/leads/search",
                20,
                Paging.CURSOR,
                page_size=100,
                records="data.items",
                accepts="term! fields exact_match person_id organization_id include_fields",
            ),
        ),
        schema=columns(
            f"""
            search! result_score id!:uuid type title value currency is_archived was_seen person:{{id
            name}} organization:{{id name}} phones emails {_OWNER_AND_TEXTS}
            """,
            of="search",
        ),
        primary_keys=("search", "id"),
        shape="found",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="person_searches",
        summary="Persons found by a term.",
        reads=(
            Read(
                "searchPersons",
                "/api/v2/persons/search",
                20,
                Paging.CURSOR,
                page_size=100,
                records="data.items",
                accepts="term! fields exact_match organization_id include_fields",
            ),
        ),
        schema=columns(
            f"""
            search! result_score id! type name phones emails organization:{{id name address}}
            picture:map {_OWNER_AND_TEXTS} primary_email update_time
            """,
            of="search",
        ),
        observed=("primary_email", "update_time"),
        primary_keys=("search", "id"),
        shape="found",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="organization_searches",
        summary="Organizations found by a term.",
        reads=(
            Read(
                "searchOrganization",
                "/api/v2/organizations/search",
                20,
                Paging.CURSOR,
                page_size=100,
                records="data.items",
                accepts="term! fields exact_match",
            ),
        ),
        schema=columns(f"search! result_score id! type name address {_OWNER_AND_TEXTS}", of="search"),
        primary_keys=("search", "id"),
        shape="found",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="product_searches",
        summary="Products found by a term.",
        reads=(
            Read(
                "searchProducts",
                "/api/v2/products/search",
                20,
                Paging.CURSOR,
                page_size=100,
                records="data.items",
                accepts="term! fields exact_match include_fields",
            ),
        ),
        schema=columns(
            """
            search! result_score id! type name code price:map visible_to owner:{id}
            custom_fields
            """,
            of="search",
        ),
        primary_keys=("search", "id"),
        shape="found",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="project_searches",
        summary="Projects found by a term.",
        reads=(
            Read(
                "searchProjects",
                "/api/v2/projects/search",
                20,
                Paging.CURSOR,
                page_size=100,
                records="data.items",
                accepts="term! fields exact_match person_id organization_id",
            ),
        ),
        schema=columns(
            """
            search! result_score id! type title description status board_id phase:{id name} person:{id
            name} organization:{id name address} deal:{id title} deal_count end_date owner:{id}
            custom_fields notes:[str]
            """,
            of="search",
        ),
        primary_keys=("search", "id"),
        shape="found",
        selected_by_default=False,
        settings=("searches",),
        needs="Projects",
    ),
    StreamSpec(
        name="item_searches",
        summary="Rows of any kind found by a term, and rows related to them.",
        reads=(
            Read(
                "searchItem",
                "/api/v2/itemSearch",
                20,
                Paging.CURSOR,
                gives=DataKind.OBJECT,
                page_size=100,
                accepts="term! item_types fields search_for_related_items exact_match include_fields",
            ),
        ),
        schema=columns(
            f"""
            search! type! id!:str is_related! result_score title name value currency status is_archived
            code address url phones emails stage:{{id name}} person:{{id name}}
            organization:{{id name address}} deal:{{id title}} cc_email picture:map price:map
            {_OWNER_AND_TEXTS}
            """,
            of="search",
        ),
        primary_keys=("search", "type", "id", "is_related"),
        shape="found_of_any_kind",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="item_field_searches",
        summary="Rows of one kind whose field has a value.",
        reads=(
            Read(
                "searchItemByField",
                "/api/v2/itemSearch/field",
                20,
                Paging.CURSOR,
                page_size=100,
                accepts="term! entity_type! match field!",
            ),
        ),
        schema=columns("search! id!:str name result_score", of="search"),
        primary_keys=("search", "id"),
        shape="found_of_any_kind",
        selected_by_default=False,
        settings=("searches",),
    ),
    StreamSpec(
        name="user_searches",
        summary="Users found by name or email.",
        reads=(Read("findUsersByName", "/v1/users/find", 40, accepts="term! search_by_email"),),
        schema=columns(f"search! {USER}"),
        observed=OBSERVED,
        primary_keys=("search", "id"),
        selected_by_default=False,
        settings=("searches",),
    ),
)
