"""Mail threads and meeting providers."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Encoding, Verb

ACTIONS = (
    ActionSpec(
        name="delete_mail_thread",
        operation="deleteMailThread",
        method="DELETE",
        path="/v1/mailbox/mailThreads/{id}",
        cost=6,
        entity="mail_threads",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_mail_thread_details",
        operation="updateMailThreadDetails",
        method="PUT",
        path="/v1/mailbox/mailThreads/{id}",
        cost=10,
        entity="mail_threads",
        verb=Verb.UPDATE,
        body="deal_id lead_id:uuid shared_flag:flag read_flag:flag archived_flag:flag",
        encoding=Encoding.FORM,
    ),
    ActionSpec(
        name="save_user_provider_link",
        operation="saveUserProviderLink",
        method="POST",
        path="/v1/meetings/userProviderLinks",
        cost=10,
        entity="user_provider_links",
        verb=Verb.ADD,
        body="user_provider_id!:uuid user_id! company_id! marketplace_client_id!:str",
    ),
    ActionSpec(
        name="delete_user_provider_link",
        operation="deleteUserProviderLink",
        method="DELETE",
        path="/v1/meetings/userProviderLinks/{id}",
        cost=6,
        entity="user_provider_links",
        verb=Verb.DELETE,
        keys="id:uuid",
    ),
)
