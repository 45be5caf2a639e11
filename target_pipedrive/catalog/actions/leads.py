"""Leads and their labels."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

ACTIONS = (
    ActionSpec(
        name="add_lead",
        operation="addLead",
        method="POST",
        path="/v1/leads",
        cost=10,
        entity="leads",
        verb=Verb.ADD,
        one_of="person_id organization_id",
        body="""
            title! owner_id label_ids:[uuid] person_id organization_id value:money?
            expected_close_date:date visible_to=1|3|5|7 was_seen:bool origin_id:str? channel:int?
            channel_id:str?
        """,
        aliases={"org_id": "organization_id"},
        custom_fields="deal",
        flat_custom_fields=True,
    ),
    ActionSpec(
        name="update_lead",
        operation="updateLead",
        method="PATCH",
        path="/v1/leads/{id}",
        cost=10,
        entity="leads",
        verb=Verb.UPDATE,
        keys="id:uuid",
        body="""
            title? owner_id label_ids:[uuid] person_id? organization_id? is_archived:bool value:money?
            expected_close_date:date? visible_to=1|3|5|7 was_seen:bool channel:int? channel_id:str?
        """,
        aliases={"org_id": "organization_id"},
        custom_fields="deal",
        flat_custom_fields=True,
    ),
    ActionSpec(
        name="delete_lead",
        operation="deleteLead",
        method="DELETE",
        path="/v1/leads/{id}",
        cost=6,
        entity="leads",
        verb=Verb.DELETE,
        keys="id:uuid",
    ),
    ActionSpec(
        name="add_lead_label",
        operation="addLeadLabel",
        method="POST",
        path="/v1/leadLabels",
        cost=10,
        entity="lead_labels",
        verb=Verb.ADD,
        body="name! color!=blue|brown|dark-gray|gray|green|orange|pink|purple|red|yellow",
    ),
    ActionSpec(
        name="update_lead_label",
        operation="updateLeadLabel",
        method="PATCH",
        path="/v1/leadLabels/{id}",
        cost=10,
        entity="lead_labels",
        verb=Verb.UPDATE,
        keys="id:uuid",
        body="name color=blue|brown|dark-gray|gray|green|orange|pink|purple|red|yellow",
    ),
    ActionSpec(
        name="delete_lead_label",
        operation="deleteLeadLabel",
        method="DELETE",
        path="/v1/leadLabels/{id}",
        cost=6,
        entity="lead_labels",
        verb=Verb.DELETE,
        keys="id:uuid",
    ),
    ActionSpec(
        name="convert_lead_to_deal",
        operation="convertLeadToDeal",
        method="POST",
        path="/api/v2/leads/{id}/convert/deal",
        cost=40,
        entity="leads",
        verb=Verb.OTHER,
        keys="id:uuid",
        body="stage_id pipeline_id",
        becomes="deals",
    ),
)
