"""Deals, their followers and participants."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, RetiredInput, Verb

_RETIRED = {
    "add_time": RetiredInput(advice="Pipedrive sets the time itself"),
    "active_flag": RetiredInput(advice="send status or is_archived"),
}

ACTIONS = (
    ActionSpec(
        name="duplicate_deal",
        operation="duplicateDeal",
        method="POST",
        path="/v1/deals/{id}/duplicate",
        cost=10,
        entity="deals",
        verb=Verb.ADD,
    ),
    ActionSpec(
        name="merge_deals",
        operation="mergeDeals",
        method="PUT",
        path="/v1/deals/{id}/merge",
        cost=40,
        entity="deals",
        verb=Verb.MERGE,
        body="merge_with_id!",
    ),
    ActionSpec(
        name="add_deal_participant",
        operation="addDealParticipant",
        method="POST",
        path="/v1/deals/{id}/participants",
        cost=10,
        entity="deal_participants",
        verb=Verb.ADD,
        parent="deals",
        body="person_id!",
    ),
    ActionSpec(
        name="delete_deal_participant",
        operation="deleteDealParticipant",
        method="DELETE",
        path="/v1/deals/{id}/participants/{deal_participant_id}",
        cost=6,
        entity="deal_participants",
        verb=Verb.DELETE,
        parent="deals",
    ),
    ActionSpec(
        name="add_deal",
        operation="addDeal",
        method="POST",
        path="/api/v2/deals",
        cost=5,
        entity="deals",
        verb=Verb.ADD,
        body="""
            title! owner_id person_id? org_id? pipeline_id stage_id value:num currency is_deleted:bool
            is_archived:bool archive_time:time? status:word=open|won|lost|deleted probability:num?
            lost_reason? visible_to:int close_time:time? won_time:time lost_time:time
            expected_close_date:date label_ids custom_fields:map
        """,
        aliases={"user_id": "owner_id", "label": "label_ids"},
        retired=_RETIRED,
        custom_fields="deal",
    ),
    ActionSpec(
        name="delete_deal",
        operation="deleteDeal",
        method="DELETE",
        path="/api/v2/deals/{id}",
        cost=3,
        entity="deals",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_deal",
        operation="updateDeal",
        method="PATCH",
        path="/api/v2/deals/{id}",
        cost=5,
        entity="deals",
        verb=Verb.UPDATE,
        body="""
            title owner_id person_id? org_id? pipeline_id stage_id value:num currency is_deleted:bool
            is_archived:bool archive_time:time? status:word=open|won|lost|deleted probability:num?
            lost_reason? visible_to:int close_time:time? won_time:time lost_time:time
            expected_close_date:date label_ids custom_fields:map
        """,
        aliases={"user_id": "owner_id", "label": "label_ids"},
        retired=_RETIRED,
        custom_fields="deal",
    ),
    ActionSpec(
        name="add_deal_follower",
        operation="addDealFollower",
        method="POST",
        path="/api/v2/deals/{id}/followers",
        cost=5,
        entity="deal_followers",
        verb=Verb.ADD,
        parent="deals",
        body="user_id!",
    ),
    ActionSpec(
        name="delete_deal_follower",
        operation="deleteDealFollower",
        method="DELETE",
        path="/api/v2/deals/{id}/followers/{follower_id}",
        cost=3,
        entity="deal_followers",
        verb=Verb.DELETE,
        parent="deals",
        aliases={"user_id": "follower_id"},
    ),
    ActionSpec(
        name="convert_deal_to_lead",
        operation="convertDealToLead",
        method="POST",
        path="/api/v2/deals/{id}/convert/lead",
        cost=40,
        entity="deals",
        verb=Verb.OTHER,
        becomes="leads",
    ),
)
