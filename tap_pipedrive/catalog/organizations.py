"""Organizations."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.fragments import COUNTERS, DEAL_COUNTERS, OLD_ORGANIZATION_LINK, UPDATED_BETWEEN
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_OPTIONAL = (
    "next_activity_id,last_activity_id,open_deals_count,related_open_deals_count,closed_deals_count,"
    "related_closed_deals_count,email_messages_count,people_count,activities_count,"
    "done_activities_count,undone_activities_count,files_count,notes_count,followers_count,"
    "won_deals_count,related_won_deals_count,lost_deals_count,related_lost_deals_count,smart_bcc_email"
)

STREAMS = (
    StreamSpec(
        name="organizations",
        summary="Organizations with their address, company facts and counters.",
        reads=(
            Read(
                "getOrganizations",
                "/api/v2/organizations",
                10,
                Paging.CURSOR,
                params={"include_fields": _OPTIONAL},
                changes=UPDATED_BETWEEN,
                by_ids=100,
                accepts="filter_id owner_id include_fields custom_fields",
            ),
        ),
        single=Read("getOrganization", "/api/v2/organizations/{id}", 1, params={"include_fields": _OPTIONAL}),
        schema=columns(
            f"""
            id! name owner_id org_id add_time update_time is_deleted visible_to address label_ids
            website linkedin industry annual_revenue employee_count people_count {COUNTERS} {DEAL_COUNTERS}
            """
        ),
        replication_key="update_time",
        custom_fields="organization",
    ),
    StreamSpec(
        name="organization_relationships",
        summary="Parent, child and related organizations of an organization.",
        reads=(Read("getOrganizationRelationships", "/v1/organizationRelationships", 20),),
        schema=columns(
            f"""
            org_id! id! type rel_owner_org_id:{{{OLD_ORGANIZATION_LINK}}}
            rel_linked_org_id:{{{OLD_ORGANIZATION_LINK}}} calculated_type calculated_related_org_id
            related_organization_name active_flag:str add_time update_time
            """
        ),
        primary_keys=("org_id", "id"),
        parent=Parent(stream="organizations", context={"org_id": "id"}, query=("org_id",)),
        serves=("getOrganizationRelationship",),
        selected_by_default=False,
        notes="A relation has one row for each of its two sides.",
    ),
)
