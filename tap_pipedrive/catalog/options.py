"""Options of drop-down menus of deals, organizations and persons."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import UPDATED_BETWEEN
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Read, StreamSpec

_NAMED = columns("key! label update_time", of="picker")
_INCREMENTAL = "After the first run, only rows that changed are emitted."

STREAMS = (
    StreamSpec(
        name="deal_options",
        summary="Deals to pick one from: id as text, and title with status.",
        reads=(
            Read(
                "getDeals",
                "/api/v2/deals",
                10,
                Paging.CURSOR,
                params={"status": "open,won,lost,deleted"},
                changes=UPDATED_BETWEEN,
                accepts=(
                    "filter_id owner_id person_id org_id pipeline_id stage_id status "
                    "include_fields custom_fields"
                ),
            ),
        ),
        schema=columns("key! label is_deleted update_time", of="picker"),
        primary_keys=("key",),
        replication_key="update_time",
        shape="deal_choices",
        shows_deleted=True,
        serves=("selectDeal",),
        selected_by_default=False,
        notes=f"Archived deals are left out. {_INCREMENTAL}",
    ),
    StreamSpec(
        name="organization_options",
        summary="Organizations to pick one from: id as text, and name.",
        reads=(
            Read(
                "getOrganizations",
                "/api/v2/organizations",
                10,
                Paging.CURSOR,
                changes=UPDATED_BETWEEN,
                accepts="filter_id owner_id include_fields custom_fields",
            ),
        ),
        schema=_NAMED,
        primary_keys=("key",),
        replication_key="update_time",
        shape="named_choices",
        serves=("selectOrganization",),
        selected_by_default=False,
        notes=_INCREMENTAL,
    ),
    StreamSpec(
        name="person_options",
        summary="Persons to pick one from: id as text, and name.",
        reads=(
            Read(
                "getPersons",
                "/api/v2/persons",
                10,
                Paging.CURSOR,
                changes=UPDATED_BETWEEN,
                accepts="filter_id owner_id org_id deal_id include_fields custom_fields",
            ),
        ),
        schema=_NAMED,
        primary_keys=("key",),
        replication_key="update_time",
        shape="named_choices",
        serves=("selectPerson",),
        selected_by_default=False,
        notes=_INCREMENTAL,
    ),
)
