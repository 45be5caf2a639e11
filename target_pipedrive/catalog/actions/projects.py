"""Projects with their boards, phases and tasks."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

ACTIONS = (
    ActionSpec(
        name="put_project_plan_activity",
        operation="putProjectPlanActivity",
        method="PUT",
        path="/v1/projects/{id}/plan/activities/{activity_id}",
        cost=10,
        entity="project_plans",
        verb=Verb.UPDATE,
        parent="projects",
        body="phase_id:num group_id:num",
    ),
    ActionSpec(
        name="put_project_plan_task",
        operation="putProjectPlanTask",
        method="PUT",
        path="/v1/projects/{id}/plan/tasks/{task_id}",
        cost=10,
        entity="project_plans",
        verb=Verb.UPDATE,
        parent="projects",
        body="phase_id:num group_id:num",
    ),
    ActionSpec(
        name="add_project",
        operation="addProject",
        method="POST",
        path="/api/v2/projects",
        cost=5,
        entity="projects",
        verb=Verb.ADD,
        body="""
            title! description status:word board_id phase_id owner_id start_date:date end_date:date deal_ids
            person_ids org_ids label_ids health_status:int template_id custom_fields:map
        """,
        custom_fields="project",
    ),
    ActionSpec(
        name="update_project",
        operation="updateProject",
        method="PATCH",
        path="/api/v2/projects/{id}",
        cost=5,
        entity="projects",
        verb=Verb.UPDATE,
        body="""
            title description status:word board_id phase_id owner_id start_date:date end_date:date deal_ids
            person_ids org_ids label_ids health_status:int template_id custom_fields:map
        """,
        custom_fields="project",
    ),
    ActionSpec(
        name="delete_project",
        operation="deleteProject",
        method="DELETE",
        path="/api/v2/projects/{id}",
        cost=3,
        entity="projects",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="archive_project",
        operation="archiveProject",
        method="POST",
        path="/api/v2/projects/{id}/archive",
        cost=3,
        entity="projects",
        verb=Verb.OTHER,
        repeatable=True,
    ),
    ActionSpec(
        name="add_task",
        operation="addTask",
        method="POST",
        path="/api/v2/tasks",
        cost=5,
        entity="tasks",
        verb=Verb.ADD,
        shown_as={"done": "is_done", "milestone": "is_milestone"},
        body="""
            title! project_id! parent_task_id? description? done:flag milestone:flag due_date:date?
            start_date:date? assignee_id? assignee_ids priority:int?
        """,
    ),
    ActionSpec(
        name="update_task",
        operation="updateTask",
        method="PATCH",
        path="/api/v2/tasks/{id}",
        cost=5,
        entity="tasks",
        verb=Verb.UPDATE,
        shown_as={"done": "is_done", "milestone": "is_milestone"},
        body="""
            title project_id parent_task_id? description? done:flag milestone:flag due_date:date?
            start_date:date? assignee_id? assignee_ids priority:int?
        """,
    ),
    ActionSpec(
        name="delete_task",
        operation="deleteTask",
        method="DELETE",
        path="/api/v2/tasks/{id}",
        cost=3,
        entity="tasks",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="add_project_board",
        operation="addProjectBoard",
        method="POST",
        path="/api/v2/boards",
        cost=5,
        entity="boards",
        verb=Verb.ADD,
        body="name! order_nr:int",
    ),
    ActionSpec(
        name="update_project_board",
        operation="updateProjectBoard",
        method="PATCH",
        path="/api/v2/boards/{id}",
        cost=5,
        entity="boards",
        verb=Verb.UPDATE,
        body="name order_nr:int",
    ),
    ActionSpec(
        name="delete_project_board",
        operation="deleteProjectBoard",
        method="DELETE",
        path="/api/v2/boards/{id}",
        cost=3,
        entity="boards",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="add_project_phase",
        operation="addProjectPhase",
        method="POST",
        path="/api/v2/phases",
        cost=5,
        entity="phases",
        verb=Verb.ADD,
        body="name! board_id! order_nr:int",
    ),
    ActionSpec(
        name="update_project_phase",
        operation="updateProjectPhase",
        method="PATCH",
        path="/api/v2/phases/{id}",
        cost=5,
        entity="phases",
        verb=Verb.UPDATE,
        body="name board_id order_nr:int",
    ),
    ActionSpec(
        name="delete_project_phase",
        operation="deleteProjectPhase",
        method="DELETE",
        path="/api/v2/phases/{id}",
        cost=3,
        entity="phases",
        verb=Verb.DELETE,
    ),
)
