"""Mail: the reading user's threads, and mails linked to deals, persons and organizations."""

from __future__ import annotations

from pipedrive_client import Paging
from tap_pipedrive.catalog.notation import columns
from tap_pipedrive.catalog.spec import Parent, Read, StreamSpec

_PARTY = "id email_address name linked_person_id linked_person_name mail_message_party_id"
_THREAD_PARTY = f"{_PARTY} latest_sent message_time linked_organization_id"
_SHARED = """
    account_id user_id subject snippet read_flag mail_tracking_status mail_link_tracking_enabled_flag
    has_attachments_flag has_inline_attachments_flag has_real_attachments_flag deleted_flag synced_flag
    smart_bcc_flag add_time update_time
"""
_MESSAGE = f"""
    {_SHARED} mail_thread_id body_url draft draft_flag has_body_flag sent_flag sent_from_pipedrive_flag
    message_time
"""
_PARTIES = f"from:[{{{_PARTY}}}] to:[{{{_PARTY}}}] cc:[{{{_PARTY}}}] bcc:[{{{_PARTY}}}]"
_LINKED = f"""
    id! object timestamp body {_MESSAGE} {_PARTIES} nylas_id s3_bucket s3_bucket_path
    external_deleted_flag:bool mua_message_id template_id item_type company_id
"""
_THREADS = "/v1/mailbox/mailThreads"
_BODY = Read(
    "getMailMessage", "/v1/mailbox/mailMessages/{id}", 2, params={"include_body": 1}, accepts="include_body"
)

STREAMS = (
    StreamSpec(
        name="mail_threads",
        summary="Mail threads in the folders of the user whose token reads.",
        reads=(
            Read(
                "getMailThreads",
                _THREADS,
                20,
                Paging.OFFSET,
                params={"folder": "inbox"},
                adds={"folder": "inbox"},
            ),
            Read(
                "getMailThreads",
                _THREADS,
                20,
                Paging.OFFSET,
                params={"folder": "drafts"},
                adds={"folder": "drafts"},
            ),
            Read(
                "getMailThreads",
                _THREADS,
                20,
                Paging.OFFSET,
                params={"folder": "sent"},
                adds={"folder": "sent"},
            ),
            Read(
                "getMailThreads",
                _THREADS,
                20,
                Paging.OFFSET,
                params={"folder": "archive"},
                adds={"folder": "archive"},
            ),
        ),
        single=Read("getMailThread", "/v1/mailbox/mailThreads/{id}", 20, adds={"folder": "any"}),
        schema=columns(
            f"""
            id! folder! {_SHARED} parties:{{from:[{{{_THREAD_PARTY}}}] to:[{{{_THREAD_PARTY}}}]}}
            drafts_parties folders version snippet_draft snippet_sent message_count has_draft_flag
            has_sent_flag archived_flag shared_flag external_deleted_flag first_message_to_me_flag
            last_message_timestamp first_message_timestamp last_message_sent_timestamp
            last_message_received_timestamp deal_id deal_status lead_id all_messages_sent_flag deal_title
            last_message_received_flag last_message_sent_flag
            """,
            of="mail_threads",
        ),
        observed=("deal_title", "last_message_received_flag", "last_message_sent_flag"),
        primary_keys=("id", "folder"),
        selected_by_default=False,
        needs="a synced mailbox",
        notes="A thread has one row per folder.",
    ),
    StreamSpec(
        name="mail_thread_messages",
        summary="Messages of each mail thread, without their text.",
        reads=(Read("getMailThreadMessages", "/v1/mailbox/mailThreads/{mail_thread_id}/mailMessages", 20),),
        schema=columns(
            f"""
            id! {_MESSAGE} from:[{{{_THREAD_PARTY}}}] to:[{{{_THREAD_PARTY}}}]
            cc:[{{{_THREAD_PARTY}}}] bcc:[{{{_THREAD_PARTY}}}] body
            """
        ),
        observed=("body",),
        parent=Parent(stream="mail_threads", context={"mail_thread_id": "id"}),
        selected_by_default=False,
        needs="a synced mailbox",
    ),
    StreamSpec(
        name="mail_messages",
        summary="Mails of the reading user's threads with their text.",
        reads=(_BODY,),
        single=_BODY,
        schema=columns(f"id! body {_MESSAGE} {_PARTIES}"),
        parent=Parent(stream="mail_thread_messages", context={"id": "id"}),
        selected_by_default=False,
        needs="a synced mailbox",
    ),
    StreamSpec(
        name="deal_mail_messages",
        summary="Mails linked to a deal.",
        reads=(
            Read(
                "getDealMailMessages",
                "/v1/deals/{deal_id}/mailMessages",
                20,
                Paging.OFFSET,
                accepts="include_body",
            ),
        ),
        schema=columns(f"deal_id! {_LINKED}"),
        primary_keys=("deal_id", "id"),
        parent=Parent(stream="deals", context={"deal_id": "id"}, when="email_messages_count"),
        shape="data",
        selected_by_default=False,
        notes="`body` is empty unless `include_body` is set.",
    ),
    StreamSpec(
        name="person_mail_messages",
        summary="Mails linked to a person.",
        reads=(
            Read(
                "getPersonMailMessages",
                "/v1/persons/{person_id}/mailMessages",
                20,
                Paging.OFFSET,
                accepts="include_body",
            ),
        ),
        schema=columns(f"person_id! {_LINKED}"),
        primary_keys=("person_id", "id"),
        parent=Parent(stream="persons", context={"person_id": "id"}, when="email_messages_count"),
        shape="data",
        selected_by_default=False,
        notes="`body` is empty unless `include_body` is set.",
    ),
    StreamSpec(
        name="organization_mail_messages",
        summary="Mails linked to an organization.",
        reads=(
            Read(
                "getOrganizationMailMessages",
                "/v1/organizations/{organization_id}/mailMessages",
                20,
                Paging.OFFSET,
                accepts="include_body",
            ),
        ),
        schema=columns(f"organization_id! {_LINKED}"),
        primary_keys=("organization_id", "id"),
        parent=Parent(stream="organizations", context={"organization_id": "id"}, when="email_messages_count"),
        shape="data",
        selected_by_default=False,
        notes="`body` is empty unless `include_body` is set.",
    ),
)
