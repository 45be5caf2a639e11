"""The hooks below `/_emulator/`, for tests: what was asked, what is kept, how to change things."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_emulator.blobs import digests
from pipedrive_emulator.clock import rfc3339
from pipedrive_emulator.http import Answer, ApiError, Request, Row, encode
from pipedrive_emulator.operations import load_operations
from pipedrive_emulator.registry import SIZES, unanswered
from pipedrive_emulator.store import SPECS
from pipedrive_emulator.values import instant

if TYPE_CHECKING:
    from pipedrive_emulator.app import Emulator


def serve(emulator: Emulator, request: Request) -> Answer:
    """Answer one hook."""
    name = f"{request.method} {request.path.removeprefix('/_emulator/')}"
    hook = HOOKS.get(name)
    if hook is None:
        raise ApiError(404, f"Unknown hook {name}", f"Known: {', '.join(HOOKS)}")
    return Answer(body=encode(hook(emulator, request)))


def _body(request: Request) -> Any:  # noqa: ANN401 - JSON
    try:
        return msgspec.json.decode(request.body) if request.body else {}
    except msgspec.DecodeError:
        raise ApiError(400, "The body is not JSON") from None


def _log(emulator: Emulator, request: Request) -> Row:
    return emulator.log.summary(full=dict(request.query).get("full") == "1")


def _dump(emulator: Emulator, _: Request) -> Row:
    return {**emulator.account.dump(), "file_digests": digests(emulator.account)}


def _reset(emulator: Emulator, request: Request) -> Row:
    seed = _body(request).get("seed")
    if seed is not None and seed not in SIZES:
        raise ApiError(400, f"seed must be one of {', '.join(SIZES)}")
    emulator.reset(seed)
    return {"success": True}


def _clear_log(emulator: Emulator, _: Request) -> Row:
    emulator.log.clear()
    return {"success": True}


def _clock(emulator: Emulator, request: Request) -> Row:
    wanted, account = _body(request), emulator.account
    try:
        now = (
            instant(wanted["now"])
            if "now" in wanted
            else account.clock.now + int(wanted.get("advance_seconds", 0))
        )
    except (ValueError, TypeError):
        raise ApiError(400, 'Send {"now": "2026-01-01T00:00:00Z"} or {"advance_seconds": 60}') from None
    account.advance(now)
    return {"now": rfc3339(account.clock.now)}


def _now(emulator: Emulator, _: Request) -> Row:
    return {"now": rfc3339(emulator.account.clock.now)}


def _faults(emulator: Emulator, request: Request) -> Row:
    rules = _body(request)
    try:
        emulator.faults.set(rules if isinstance(rules, list) else [rules] if rules else [])
    except ValueError as wrong:
        raise ApiError(400, str(wrong)) from None
    return {"success": True, "rules": len(emulator.faults.rules)}


def _limits(emulator: Emulator, request: Request) -> Row:
    wanted = _body(request)
    if "burst" in wanted:
        emulator.limits.burst = wanted["burst"]
    if "daily_tokens" in wanted:
        emulator.limits.daily_tokens = wanted["daily_tokens"]
    if wanted.get("new_day"):
        emulator.limits.reset()
    return {"daily_tokens": emulator.limits.daily_tokens, "tokens_left": emulator.limits.tokens_left}


def _oauth(emulator: Emulator, request: Request) -> Row:
    wanted, auth = _body(request), emulator.auth
    if "scopes" in wanted:
        auth.scopes = None if wanted["scopes"] is None else frozenset(wanted["scopes"])
    auth.rotate = wanted.get("rotate", auth.rotate)
    auth.expires_seconds = wanted.get("expires_seconds", auth.expires_seconds)
    if wanted.get("expire"):
        auth.expire()
    if wanted.get("revoke"):
        auth.revoke()
    return {"success": True}


def _rows(emulator: Emulator, request: Request) -> Row:
    """Change rows behind the API's back: `{"table", "id", "set"}` or `{"table", "id", "delete": true}`."""
    wanted = _body(request)
    for change in wanted if isinstance(wanted, list) else [wanted]:
        if change.get("table") not in SPECS:
            raise ApiError(400, f"table must be one of {', '.join(sorted(SPECS))}")
        if change.get("delete"):
            emulator.account.delete(change["table"], change["id"])
        else:
            emulator.account.update(change["table"], change["id"], change.get("set", {}))
    return {"success": True}


def _process(_: Emulator, __: Request) -> Row:
    """What the process has used so far; seconds of CPU say more than a clock on a busy machine."""
    return {"cpu_seconds": time.process_time()}


def _operations(_: Emulator, __: Request) -> Row:
    missing = unanswered()
    return {
        "published": len(load_operations()),
        "answered": len(load_operations()) - len(missing),
        "unanswered": missing,
    }


HOOKS = {
    "GET log": _log,
    "POST log/clear": _clear_log,
    "GET dump": _dump,
    "POST reset": _reset,
    "GET clock": _now,
    "POST clock": _clock,
    "POST faults": _faults,
    "POST limits": _limits,
    "POST oauth": _oauth,
    "POST rows": _rows,
    "GET operations": _operations,
    "GET process": _process,
}
