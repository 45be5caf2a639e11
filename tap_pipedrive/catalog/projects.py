"""Projects, their boards, phases, tasks and plans."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_STATUS = {"status": "open,completed,canceled,deleted"}

STREAMS = (
    StreamSpec(
        name="projects",
        summary="Projects, archived and deleted ones included.",
        reads=(
            Read(
                "getProjects",
                "/api/v2/projects",
                10,
                Paging.CURSOR,
                params=_STATUS,
                adds={"is_archived": False},
                accepts="filter_id status phase_id deal_id person_id org_id",
            ),
            Read(
                "getArchivedProjects",
                "/api/v2/projects/archived",
                10,
                Paging.CURSOR,
                params=_STATUS,
                adds={"is_archived": True},
                accepts="filter_id status phase_id",
            ),
        ),
        single=Read("getProject", "/api/v2/projects/{id}", 1),
        schema=columns(
            """
            id! title description status board_id phase_id owner_id start_date end_date deal_ids
            person_ids org_ids label_ids health_status add_time update_time status_change_time
            archive_time is_archived
            """
        ),
        custom_fields="project",
        needs="Projects",
    ),
    StreamSpec(
        name="project_templates",
        summary="Templates from which projects are made.",
        reads=(Read("getProjectTemplates", "/api/v2/projectTemplates", 10, Paging.CURSOR),),
        single=Read("getProjectTemplate", "/api/v2/projectTemplates/{id}", 1),
        schema=columns("id! title description projects_board_id owner_id add_time update_time"),
        needs="Projects",
    ),
    StreamSpec(
        name="boards",
        summary="Boards that projects are on.",
        reads=(Read("getProjectsBoards", "/api/v2/boards", 10),),
        single=Read("getProjectsBoard", "/api/v2/boards/{id}", 10),
        schema=columns("id! name order_nr add_time update_time"),
        needs="Projects",
    ),
    StreamSpec(
        name="phases",
        summary="Phases of the boards.",
        reads=(Read("getProjectsPhases", "/api/v2/phases", 10),),
        single=Read("getProjectsPhase", "/api/v2/phases/{id}", 10),
        schema=columns("id! name board_id order_nr add_time update_time"),
        parent=Parent(stream="boards", context={"board_id": "id"}, query=("board_id",)),
        needs="Projects",
    ),
    StreamSpec(
        name="tasks",
        summary="Tasks of all projects.",
        reads=(
            Read(
                "getTasks",
                "/api/v2/tasks",
                10,
                Paging.CURSOR,
                accepts="is_done is_milestone assignee_id project_id parent_task_id",
            ),
        ),
        single=Read("getTask", "/api/v2/tasks/{id}", 1),
        schema=columns(
            """
            id! title description project_id parent_task_id creator_id assignee_ids is_done is_milestone
            priority start_date due_date marked_as_done_time add_time update_time stage_id
            """
        ),
        observed=("stage_id",),
        serves=("getProjectTasks",),
        needs="Projects",
    ),
    StreamSpec(
        name="project_plan_items",
        summary="Place of each activity and task in the plan of a project.",
        reads=(Read("getProjectPlan", "/v1/projects/{project_id}/plan", 20),),
        schema=columns("project_id! item_type! item_id! phase_id group_id", of="plan"),
        primary_keys=("project_id", "item_type", "item_id"),
        parent=Parent(stream="projects", context={"project_id": "id"}),
        selected_by_default=False,
        needs="Projects",
    ),
    StreamSpec(
        name="project_groups",
        summary="Groups in the plan of a project.",
        reads=(Read("getProjectGroups", "/v1/projects/{project_id}/groups", 20),),
        schema=columns("project_id! id! name order_nr"),
        primary_keys=("project_id", "id"),
        parent=Parent(stream="projects", context={"project_id": "id"}),
        selected_by_default=False,
        needs="Projects",
    ),
)
