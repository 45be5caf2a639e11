"""Projects with their tasks, boards and phases."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import STAMPS, whole
from target_pipedrive.catalog.reads import RowsRead, Search
from target_pipedrive.catalog.spec import EntitySpec

ENTITIES = (
    EntitySpec(
        name="projects",
        deleted_as={"status": "deleted"},
        options="label_ids",
        within={"phase_id": "board_id"},
        archive="archive_project",
        add="add_project",
        update="update_project",
        delete="delete_project",
        single=RowsRead(path="/api/v2/projects/{id}", cost=1),
        recent=whole("/api/v2/projects", 10, Paging.CURSOR, 500),
        search=Search(path="/api/v2/projects/search", fields={"title": "title"}),
        read_only=f"{STAMPS} status_change_time archive_time is_archived deal_id org_id person_id labels",
        custom_fields="project",
    ),
    EntitySpec(
        name="tasks",
        add="add_task",
        update="update_task",
        delete="delete_task",
        single=RowsRead(path="/api/v2/tasks/{id}", cost=1),
        recent=RowsRead(
            path="/api/v2/tasks",
            cost=10,
            paging=Paging.CURSOR,
            page_size=500,
            params={"project_id": "{project_id}"},
        ),
        read_only=f"{STAMPS} marked_as_done_time is_done is_milestone stage_id",
        ignored="assignee_id",  # rows only have the list
        aliases={"is_done": "done", "is_milestone": "milestone", "assignee_id": "assignee_ids"},
    ),
    EntitySpec(
        name="boards",
        natural_key="name",
        in_order=True,
        add="add_project_board",
        update="update_project_board",
        delete="delete_project_board",
        read=whole("/api/v2/boards", 10),
        recent=whole("/api/v2/boards", 10),
        read_only=STAMPS,
    ),
    EntitySpec(
        name="phases",
        natural_key="name board_id",
        in_order=True,
        add="add_project_phase",
        update="update_project_phase",
        delete="delete_project_phase",
        single=RowsRead(path="/api/v2/phases/{id}", cost=10),
        read=RowsRead(path="/api/v2/phases", cost=10, params={"board_id": "{board_id}"}),
        recent=RowsRead(path="/api/v2/phases", cost=10, params={"board_id": "{board_id}"}),
        read_only=STAMPS,
    ),
)
