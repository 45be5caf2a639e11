"""Organizations, their followers and relationships."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

_OLD_NAMES = {"user_id": "owner_id", "label": "label_ids"}

ACTIONS = (
    ActionSpec(
        name="merge_organizations",
        operation="mergeOrganizations",
        method="PUT",
        path="/v1/organizations/{id}/merge",
        cost=40,
        entity="organizations",
        verb=Verb.MERGE,
        body="merge_with_id!",
    ),
    ActionSpec(
        name="add_organization_relationship",
        operation="addOrganizationRelationship",
        method="POST",
        path="/v1/organizationRelationships",
        cost=10,
        entity="organization_relationships",
        verb=Verb.ADD,
        body="org_id type!=parent|related rel_owner_org_id! rel_linked_org_id!",
    ),
    ActionSpec(
        name="delete_organization_relationship",
        operation="deleteOrganizationRelationship",
        method="DELETE",
        path="/v1/organizationRelationships/{id}",
        cost=6,
        entity="organization_relationships",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_organization_relationship",
        operation="updateOrganizationRelationship",
        method="PUT",
        path="/v1/organizationRelationships/{id}",
        cost=10,
        entity="organization_relationships",
        verb=Verb.UPDATE,
        body="org_id type=parent|related rel_owner_org_id rel_linked_org_id",
    ),
    ActionSpec(
        name="add_organization",
        operation="addOrganization",
        method="POST",
        path="/api/v2/organizations",
        cost=5,
        entity="organizations",
        verb=Verb.ADD,
        body="""
            name! owner_id add_time:time visible_to:int label_ids address:address website? linkedin?
            industry:int? annual_revenue:int? employee_count:int? custom_fields:map
        """,
        aliases=_OLD_NAMES,
        custom_fields="organization",
    ),
    ActionSpec(
        name="delete_organization",
        operation="deleteOrganization",
        method="DELETE",
        path="/api/v2/organizations/{id}",
        cost=3,
        entity="organizations",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_organization",
        operation="updateOrganization",
        method="PATCH",
        path="/api/v2/organizations/{id}",
        cost=5,
        entity="organizations",
        verb=Verb.UPDATE,
        body="""
            name owner_id visible_to:int label_ids address:address website? linkedin? industry:int?
            annual_revenue:int? employee_count:int? custom_fields:map
        """,
        aliases=_OLD_NAMES,
        custom_fields="organization",
    ),
    ActionSpec(
        name="add_organization_follower",
        operation="addOrganizationFollower",
        method="POST",
        path="/api/v2/organizations/{id}/followers",
        cost=5,
        entity="organization_followers",
        verb=Verb.ADD,
        parent="organizations",
        body="user_id!",
    ),
    ActionSpec(
        name="delete_organization_follower",
        operation="deleteOrganizationFollower",
        method="DELETE",
        path="/api/v2/organizations/{id}/followers/{follower_id}",
        cost=3,
        entity="organization_followers",
        verb=Verb.DELETE,
        parent="organizations",
        aliases={"user_id": "follower_id"},
    ),
)
