"""Goals."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

ACTIONS = (
    ActionSpec(
        name="add_goal",
        operation="addGoal",
        method="POST",
        path="/v1/goals",
        cost=10,
        entity="goals",
        verb=Verb.ADD,
        body="""
            title assignee!:map type!:map expected_outcome!:map duration!:map
            interval!=weekly|monthly|quarterly|yearly
        """,
        shape="assignee",
    ),
    ActionSpec(
        name="update_goal",
        operation="updateGoal",
        method="PUT",
        path="/v1/goals/{id}",
        cost=10,
        entity="goals",
        verb=Verb.UPDATE,
        keys="id:str",
        body="""
            title assignee:map type:map expected_outcome:map duration:map
            interval=weekly|monthly|quarterly|yearly
        """,
        shape="assignee",
    ),
    ActionSpec(
        name="delete_goal",
        operation="deleteGoal",
        method="DELETE",
        path="/v1/goals/{id}",
        cost=6,
        entity="goals",
        verb=Verb.DELETE,
        silent=True,
        keys="id:str",
    ),
)
