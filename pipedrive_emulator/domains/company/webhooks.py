"""Webhooks: stored and listed, never delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipedrive_emulator.account.store import TableSpec, define_table
from pipedrive_emulator.api.http import ApiError, Response, Row, encode
from pipedrive_emulator.domains.company.basics import COMPANY
from pipedrive_emulator.handlers.registry import Call, handler

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account

define_table(TableSpec(name="webhooks", label="Webhook", times="millis", updated=""))


def new_webhook(account: Account, body: Row, user_id: int) -> Row:
    """Store a webhook."""
    row = {
        "company_id": COMPANY["company_id"],
        "owner_id": user_id,
        "user_id": user_id,
        "event_action": "*",
        "event_object": "*",
        "subscription_url": "",
        "version": "2.0",
        "is_active": 1,
        "add_time": None,
        "remove_time": None,
        "type": "general",
        "http_auth_user": None,
        "http_auth_password": None,
        "remove_reason": None,
        "last_delivery_time": None,
        "last_http_status": None,
        "admin_id": user_id,
        "name": "",
        **body,
    }
    return account.insert("webhooks", row, user_id)


def _refuse(name: str, what: str) -> ApiError:
    return _error(400, f"{name}: {what}", {name: [what]})


def _error(status: int, what: str, errors: Row) -> ApiError:
    refusal = ApiError(status, what)
    refusal.extra = {"status": "error", "errors": errors}
    return refusal


def _check(call: Call, body: Row) -> None:
    if call.account.dialect.secure_webhooks and not body["subscription_url"].startswith("https://"):
        raise ApiError(403, "Scope and URL mismatch", errorCode=403)
    host = urlsplit(body["subscription_url"]).hostname or ""
    if f".{host}".endswith(".pipedrive.com"):
        raise _refuse("subscription_url", "must not be a URL of Pipedrive")
    if not body["name"].strip():
        raise _refuse("name", "must not be empty")
    if body.get("http_auth_password") is not None and body.get("http_auth_user") is None:
        raise _refuse("http_auth_user", "is needed with a password")
    if not call.account.can_refer("users", body.get("user_id", call.user_id)):
        raise _refuse("user_id", "references a user that does not exist")


def _ok(payload: object, status: int) -> Response:
    content = {"status": "ok", "success": True}
    return Response(status=status, body=encode(content if payload is None else {**content, "data": payload}))


@handler("v1:getWebhooks")
def listed(call: Call) -> Response:
    """Return every webhook of the company."""
    return _ok(list(call.account.table("webhooks").all()), call.operation.status)


@handler("v1:addWebhook")
def add(call: Call) -> Response:
    """Return a new webhook."""
    _check(call, call.body)
    return _ok(new_webhook(call.account, call.body, call.user_id), call.operation.status)


@handler("v1:deleteWebhook")
def delete(call: Call) -> Response:
    """Delete the webhook; returns no data."""
    if call.account.find("webhooks", call.path["id"]) is None:
        raise _error(404, "Webhook not found", {"id": ["not found"]})
    call.account.delete("webhooks", call.path["id"], call.user_id)
    return _ok(None, call.operation.status)
