"""Webhooks."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

ACTIONS = (
    ActionSpec(
        name="add_webhook",
        operation="addWebhook",
        method="POST",
        path="/v1/webhooks",
        cost=10,
        entity="webhooks",
        verb=Verb.ADD,
        body="""
            subscription_url! event_action!=create|change|delete|*
            event_object!=activity|deal|lead|note|organization|person|pipeline|product|stage|user|*
            name! user_id http_auth_user? http_auth_password? version=1.0|2.0
        """,
    ),
    ActionSpec(
        name="delete_webhook",
        operation="deleteWebhook",
        method="DELETE",
        path="/v1/webhooks/{id}",
        cost=6,
        entity="webhooks",
        verb=Verb.DELETE,
        silent=True,
    ),
)
