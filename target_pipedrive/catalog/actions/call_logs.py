"""Call logs and recordings."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Encoding, Verb

ACTIONS = (
    ActionSpec(
        name="add_call_log",
        operation="addCallLog",
        method="POST",
        path="/v1/callLogs",
        cost=10,
        entity="call_logs",
        verb=Verb.ADD,
        body="""
            user_id activity_id subject duration
            outcome!=connected|no_answer|left_message|left_voicemail|wrong_number|busy from_phone_number
            to_phone_number! start_time!:stamp end_time!:stamp person_id org_id deal_id lead_id:uuid
            note
        """,
    ),
    ActionSpec(
        name="delete_call_log",
        operation="deleteCallLog",
        method="DELETE",
        path="/v1/callLogs/{id}",
        cost=6,
        entity="call_logs",
        verb=Verb.DELETE,
        silent=True,
        keys="id:str",
    ),
    ActionSpec(
        name="add_call_log_audio_file",
        operation="addCallLogAudioFile",
        method="POST",
        path="/v1/callLogs/{id}/recordings",
        cost=10,
        entity="call_log_recordings",
        verb=Verb.ADD,
        silent=True,
        parent="call_logs",
        keys="id:str",
        body="file!:file",
        encoding=Encoding.MULTIPART,
    ),
)
