"""Work records: activities, notes, files, calls, mail."""

from __future__ import annotations

from pipedrive_client import Paging
from target_pipedrive.catalog.entities.reads import INACTIVE, STAMPS, listed, since, whole
from target_pipedrive.catalog.reads import RowsRead
from target_pipedrive.catalog.spec import EntitySpec

ENTITIES = (
    EntitySpec(
        name="activities",
        words={"type": "activity_types"},
        add="add_activity",
        update="update_activity",
        delete="delete_activity",
        read=listed("/api/v2/activities", include_fields="attendees"),
        single=RowsRead(path="/api/v2/activities/{id}", cost=1, params={"include_fields": "attendees"}),
        recent=since("/api/v2/activities"),
        read_only=f"""
            {STAMPS} marked_as_done_time conference_meeting_client conference_meeting_url
            conference_meeting_id
        """,
    ),
    EntitySpec(
        name="activity_types",
        deleted_as=INACTIVE,
        natural_key="name",
        in_order=True,
        word="key_string",
        add="add_activity_type",
        update="update_activity_type",
        delete="delete_activity_type",
        read=whole("/v1/activityTypes", 20),
        recent=whole("/v1/activityTypes", 20),
        read_only=f"{STAMPS} key_string is_custom_flag",
    ),
    EntitySpec(
        name="notes",
        hangs_on="deal_id lead_id person_id org_id project_id task_id",
        add="add_note",
        update="update_note",
        delete="delete_note",
        deleted_as=INACTIVE,
        single=RowsRead(path="/v1/notes/{id}", cost=2),
        recent=RowsRead(
            path="/v1/notes",
            cost=20,
            paging=Paging.OFFSET,
            page_size=500,
            params={"updated_since": "{since}"},
        ),
        read_only="""
            update_time active_flag last_update_user_id deal organization person project task user lead
        """,
    ),
    EntitySpec(
        name="note_comments",
        deleted_as=INACTIVE,
        add="add_note_comment",
        update="update_comment_for_note",
        delete="delete_comment",
        key="uuid",
        path={"id": "note_id", "comment_id": "uuid"},
        read=whole("/v1/notes/{note_id}/comments", 20, Paging.OFFSET, 500),
        recent=whole("/v1/notes/{note_id}/comments", 20, Paging.OFFSET, 500),
        read_only=f"{STAMPS} id user_id updater_id object_id object_type company_id",
        parent="note_id",
    ),
    EntitySpec(
        name="files",
        deleted_as=INACTIVE,
        streams="file_contents",
        hangs_on="deal_id person_id org_id product_id activity_id lead_id project_id",
        add="add_file",
        update="update_file",
        delete="delete_file",
        single=RowsRead(path="/v1/files/{id}", cost=2),
        recent=RowsRead(
            path="/v1/files",
            cost=20,
            paging=Paging.OFFSET,
            page_size=100,
            params={"sort": "id DESC"},
            newest_first=True,
        ),
        read_only=f"""
            {STAMPS} file_name file_type file_size inline_flag user_id log_id deal_name person_name org_name
            product_name lead_name project_name remote_location remote_id cid s3_bucket mail_message_id
            mail_template_id url sha256 size people_name
        """,
    ),
    EntitySpec(
        name="call_logs",
        add="add_call_log",
        delete="delete_call_log",
        single=RowsRead(path="/v1/callLogs/{id}", cost=2),
        recent=whole("/v1/callLogs", 20, Paging.OFFSET, 50),
        read_only=f"{STAMPS} company_id has_recording subject note",
    ),
    EntitySpec(
        name="mail_threads",
        deleted_as={"deleted_flag": True},
        update="update_mail_thread_details",
        delete="delete_mail_thread",
        single=RowsRead(path="/v1/mailbox/mailThreads/{id}", cost=20),
        read_only="""
            account_id user_id parties subject snippet message_count has_attachments_flag folders write_flag
            add_time update_time drafts_parties external_deleted_flag first_message_timestamp
            has_draft_flag has_real_attachments_flag has_sent_flag last_message_received_timestamp
            last_message_sent_timestamp last_message_timestamp mail_link_tracking_enabled_flag
            mail_tracking_status smart_bcc_flag snippet_draft snippet_sent sync_flag version
            all_messages_sent_flag folder has_inline_attachments_flag deleted_flag synced_flag deal_status
            first_message_to_me_flag
            deal_title last_message_sent_flag last_message_received_flag
        """,
    ),
)
