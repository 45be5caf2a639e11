"""Activities and activity types."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

_OLD_NAMES = {"user_id": "owner_id", "busy_flag": "busy"}

ACTIONS = (
    ActionSpec(
        name="add_activity_type",
        operation="addActivityType",
        method="POST",
        path="/v1/activityTypes",
        cost=10,
        entity="activity_types",
        verb=Verb.ADD,
        body="""
            name!
            icon_key!=task|email|meeting|deadline|call|lunch|calendar|downarrow|document|smartphone|camera|scissors|cogs|bubble|uparrow|checkbox|signpost|shuffle|addressbook|linegraph|picture|car|world|search|clip|sound|brush|key|padlock|pricetag|suitcase|finish|plane|loop|wifi|truck|cart|bulb|bell|presentation
            color:word
        """,
    ),
    ActionSpec(
        name="delete_activity_type",
        operation="deleteActivityType",
        method="DELETE",
        path="/v1/activityTypes/{id}",
        cost=6,
        entity="activity_types",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_activity_type",
        operation="updateActivityType",
        method="PUT",
        path="/v1/activityTypes/{id}",
        cost=10,
        entity="activity_types",
        verb=Verb.UPDATE,
        body="""
            name
            icon_key=task|email|meeting|deadline|call|lunch|calendar|downarrow|document|smartphone|camera|scissors|cogs|bubble|uparrow|checkbox|signpost|shuffle|addressbook|linegraph|picture|car|world|search|clip|sound|brush|key|padlock|pricetag|suitcase|finish|plane|loop|wifi|truck|cart|bulb|bell|presentation
            color:word order_nr:int
        """,
    ),
    ActionSpec(
        name="add_activity",
        operation="addActivity",
        method="POST",
        path="/api/v2/activities",
        cost=5,
        entity="activities",
        verb=Verb.ADD,
        body="""
            subject type:word owner_id deal_id lead_id:uuid person_id org_id project_id due_date:date
            due_time:clock duration:clock busy:bool done:bool location:address participants:[{person_id
            primary:bool}] attendees:[{email name status is_organizer:bool person_id user_id}]
            public_description priority:int note outcome:int?
        """,
        aliases=_OLD_NAMES,
        shape="primary_participant",
    ),
    ActionSpec(
        name="delete_activity",
        operation="deleteActivity",
        method="DELETE",
        path="/api/v2/activities/{id}",
        cost=3,
        entity="activities",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_activity",
        operation="updateActivity",
        method="PATCH",
        path="/api/v2/activities/{id}",
        cost=5,
        entity="activities",
        verb=Verb.UPDATE,
        body="""
            subject type:word owner_id deal_id lead_id:uuid person_id org_id project_id due_date:date
            due_time:clock duration:clock busy:bool done:bool location:address participants:[{person_id
            primary:bool}] attendees:[{email name status is_organizer:bool person_id user_id}]
            public_description priority:int note outcome:int?
        """,
        aliases=_OLD_NAMES,
        shape="primary_participant",
    ),
)
