"""Notes and their comments."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

ACTIONS = (
    ActionSpec(
        name="add_note",
        operation="addNote",
        method="POST",
        path="/v1/notes",
        cost=10,
        entity="notes",
        verb=Verb.ADD,
        one_of="lead_id deal_id person_id org_id project_id task_id",
        body="""
            content! lead_id:uuid deal_id person_id org_id project_id task_id user_id add_time:stamp
            pinned_to_lead_flag:flag pinned_to_deal_flag:flag pinned_to_organization_flag:flag
            pinned_to_person_flag:flag pinned_to_project_flag:flag pinned_to_task_flag:flag
        """,
    ),
    ActionSpec(
        name="delete_note",
        operation="deleteNote",
        method="DELETE",
        path="/v1/notes/{id}",
        cost=6,
        entity="notes",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_note",
        operation="updateNote",
        method="PUT",
        path="/v1/notes/{id}",
        cost=10,
        entity="notes",
        verb=Verb.UPDATE,
        body="""
            content lead_id:uuid deal_id person_id org_id project_id task_id user_id add_time:stamp
            pinned_to_lead_flag:flag pinned_to_deal_flag:flag pinned_to_organization_flag:flag
            pinned_to_person_flag:flag pinned_to_project_flag:flag pinned_to_task_flag:flag
        """,
    ),
    ActionSpec(
        name="add_note_comment",
        operation="addNoteComment",
        method="POST",
        path="/v1/notes/{id}/comments",
        cost=10,
        entity="note_comments",
        verb=Verb.ADD,
        parent="notes",
        body="content!",
    ),
    ActionSpec(
        name="update_comment_for_note",
        operation="updateCommentForNote",
        method="PUT",
        path="/v1/notes/{id}/comments/{comment_id}",
        cost=10,
        entity="note_comments",
        verb=Verb.UPDATE,
        parent="notes",
        keys="comment_id:uuid",
        body="content!",
    ),
    ActionSpec(
        name="delete_comment",
        operation="deleteComment",
        method="DELETE",
        path="/v1/notes/{id}/comments/{comment_id}",
        cost=6,
        entity="note_comments",
        verb=Verb.DELETE,
        parent="notes",
        keys="comment_id:uuid",
    ),
)
