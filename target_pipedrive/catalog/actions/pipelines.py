"""Pipelines and stages."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, RetiredInput, Verb

_OLD_PIPELINE = {"deal_probability": "is_deal_probability_enabled"}
_RETIRED_PIPELINE = {
    "active": RetiredInput(
        advice="a pipeline is active until delete_pipeline removes it", neutral=frozenset({"1", "true"})
    ),
    "order_nr": RetiredInput(advice="the order of pipelines can be changed in Pipedrive only"),
}
_OLD_STAGE = {"rotten_days": "days_to_rotten", "rotten_flag": "is_deal_rot_enabled"}
_RETIRED_STAGE = {"order_nr": RetiredInput(advice="the order of stages can be changed in Pipedrive only")}

ACTIONS = (
    ActionSpec(
        name="add_stage",
        operation="addStage",
        method="POST",
        path="/api/v2/stages",
        cost=5,
        entity="stages",
        verb=Verb.ADD,
        body="""
            name! pipeline_id! deal_probability:int is_deal_rot_enabled:bool days_to_rotten:int?
        """,
        aliases=_OLD_STAGE,
    ),
    ActionSpec(
        name="delete_stage",
        operation="deleteStage",
        method="DELETE",
        path="/api/v2/stages/{id}",
        cost=3,
        entity="stages",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_stage",
        operation="updateStage",
        method="PATCH",
        path="/api/v2/stages/{id}",
        cost=5,
        entity="stages",
        verb=Verb.UPDATE,
        body="""
            name pipeline_id deal_probability:int is_deal_rot_enabled:bool days_to_rotten:int?
        """,
        aliases=_OLD_STAGE,
        retired=_RETIRED_STAGE,
    ),
    ActionSpec(
        name="add_pipeline",
        operation="addPipeline",
        method="POST",
        path="/api/v2/pipelines",
        cost=5,
        entity="pipelines",
        verb=Verb.ADD,
        body="name! is_deal_probability_enabled:bool",
        aliases=_OLD_PIPELINE,
        retired=_RETIRED_PIPELINE,
    ),
    ActionSpec(
        name="delete_pipeline",
        operation="deletePipeline",
        method="DELETE",
        path="/api/v2/pipelines/{id}",
        cost=3,
        entity="pipelines",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_pipeline",
        operation="updatePipeline",
        method="PATCH",
        path="/api/v2/pipelines/{id}",
        cost=5,
        entity="pipelines",
        verb=Verb.UPDATE,
        body="name is_deal_probability_enabled:bool",
        aliases=_OLD_PIPELINE,
        retired=_RETIRED_PIPELINE,
    ),
)
