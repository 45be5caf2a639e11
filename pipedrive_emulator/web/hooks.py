"""Test hooks below `/_emulator/`: request log, dump of the account, and changes of state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from pipedrive_emulator.account.blobs import digests
from pipedrive_emulator.account.clock import rfc3339
from pipedrive_emulator.account.store import SPECS
from pipedrive_emulator.api.http import ApiError, Request, Response, Row, encode
from pipedrive_emulator.api.operations import load_operations
from pipedrive_emulator.faults.rules import read_rules
from pipedrive_emulator.faults.strike import Tamper
from pipedrive_emulator.rules.auth import API_TOKEN, all_scopes
from pipedrive_emulator.rules.values import instant
from pipedrive_emulator.web.accounts import unanswered

if TYPE_CHECKING:
    from pipedrive_emulator.web.state import EmulatorState


def serve(emulator: EmulatorState, request: Request) -> Response:
    """Return the response to one hook."""
    if request.path == "/":
        return _welcome(emulator, request)
    name = f"{request.method} {request.path.removeprefix('/_emulator/')}"
    hook = HOOKS.get(name)
    if hook is None:
        raise ApiError(404, f"Unknown hook {name}", f"Known: {', '.join(HOOKS)}")
    return Response(body=encode(hook(emulator, request)))


def _welcome(emulator: EmulatorState, request: Request) -> Response:
    """Return the page for a person who opens the URL in a browser."""
    settings = emulator.settings
    text = (
        f"pipedrive-emulator: a fake Pipedrive (seed {settings.seed}, plan {settings.plan}).\n\n"
        f"curl -H 'x-api-token: {API_TOKEN}' {request.base_url}/api/v2/deals\n\n"
        f"Hooks below {request.base_url}/_emulator/: {', '.join(HOOKS)}.\n"
    )
    return Response(body=text.encode(), content_type="text/plain; charset=utf-8")


class _Reset(msgspec.Struct, forbid_unknown_fields=True):
    seed: Literal["empty", "small", "medium", "large"] | None = None


class _Clock(msgspec.Struct, forbid_unknown_fields=True):
    now: str | None = None
    advance_seconds: int = 0


class _Limits(msgspec.Struct, forbid_unknown_fields=True):
    burst: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType | None = msgspec.UNSET
    daily_tokens: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    new_day: bool = False


class _OAuth(msgspec.Struct, forbid_unknown_fields=True):
    scopes: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    rotate: bool | msgspec.UnsetType = msgspec.UNSET
    expires_seconds: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    advance_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0
    expire: bool = False
    revoke: bool = False


class _Change(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    id: int | str
    set: dict[str, Any] | None = None
    delete: bool = False


class _Search(msgspec.Struct, forbid_unknown_fields=True):
    lag: Annotated[int, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    catch_up: bool = False


class _Delays(msgspec.Struct, forbid_unknown_fields=True):
    deal_value_seconds: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    owner_requests: Annotated[int, msgspec.Meta(ge=1)] | msgspec.UnsetType = msgspec.UNSET


class _DealValues(msgspec.Struct, forbid_unknown_fields=True):
    locked: bool


Body = TypeVar("Body")


def _read(request: Request, kind: type[Body]) -> Body:
    """Return the body in the form of a hook; no body is an empty object."""
    try:
        return msgspec.json.decode(request.body or b"{}", type=kind)
    except msgspec.ValidationError as wrong:
        raise ApiError(400, f"The body is invalid: {wrong}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ApiError(400, "The body is not JSON") from None


def _log(emulator: EmulatorState, request: Request) -> Row:
    query = dict(request.query)
    if query.keys() - {"full"} or query.get("full", "0") not in ("0", "1"):
        raise ApiError(400, "log accepts only full=1")
    return emulator.log.summary(full=query.get("full") == "1")


def _dump(emulator: EmulatorState, request: Request) -> Row:
    """Return the account after the delayed effects of the last writes."""
    account = emulator.account
    account.afterwards.catch_up()
    wanted = [value for name, value in request.query if name == "table"]
    if len(wanted) != len(request.query) or not account.tables.keys() >= set(wanted):
        raise ApiError(400, "dump accepts only table=NAME with the name of a table")
    if wanted:
        return {"tables": {name: list(account.tables[name].all()) for name in wanted}}
    return {**account.dump(), "file_digests": digests(account)}


def _reset(emulator: EmulatorState, request: Request) -> Row:
    emulator.reset(_read(request, _Reset).seed)
    return {"success": True}


def _clear_log(emulator: EmulatorState, _: Request) -> Row:
    emulator.log.clear()
    return {"success": True}


def _clock(emulator: EmulatorState, request: Request) -> Row:
    wanted, account = _read(request, _Clock), emulator.account
    try:
        now = account.clock.now + wanted.advance_seconds if wanted.now is None else instant(wanted.now)
        told = rfc3339(now)
    except (ValueError, OSError, OverflowError):  # the last two: a year outside the calendar
        raise ApiError(400, 'Send {"now": "2026-01-01T00:00:00Z"} or {"advance_seconds": 60}') from None
    account.advance(now)
    return {"now": told}


def _now(emulator: EmulatorState, _: Request) -> Row:
    return {"now": rfc3339(emulator.account.clock.now)}


def _faults(emulator: EmulatorState, request: Request) -> Row:
    script = _read(request, object)
    try:
        rules = read_rules([script] if isinstance(script, dict) and script else script or [])
    except ValueError as wrong:
        raise ApiError(400, f"The faults cannot be used: {wrong}") from None
    emulator.faults.set(rules)
    return {"success": True, "rules": len(rules)}


def _rules(emulator: EmulatorState, _: Request) -> Row:
    return {"rules": [rule.shown() for rule in emulator.faults.rules]}


def _limits(emulator: EmulatorState, request: Request) -> Row:
    wanted, limits = _read(request, _Limits), emulator.limits
    if wanted.burst is not msgspec.UNSET:
        limits.burst = wanted.burst
    if wanted.daily_tokens is not msgspec.UNSET:
        limits.daily_tokens = wanted.daily_tokens
    if wanted.new_day:
        limits.reset()
    return _left(emulator, request)


def _left(emulator: EmulatorState, _: Request) -> Row:
    limits = emulator.limits
    return {
        "plan": limits.plan,
        "burst": limits.burst,
        "daily_tokens": limits.daily_tokens,
        "tokens_left": limits.tokens_left,
    }


def _oauth(emulator: EmulatorState, request: Request) -> Row:
    wanted, auth = _read(request, _OAuth), emulator.auth
    if wanted.scopes is not msgspec.UNSET:
        unknown = sorted(set(wanted.scopes or ()) - all_scopes())
        if unknown:
            raise ApiError(400, f"{unknown[0]} is not a scope; known are {', '.join(sorted(all_scopes()))}")
        auth.scopes = None if wanted.scopes is None else frozenset(wanted.scopes)
    if wanted.rotate is not msgspec.UNSET:
        auth.rotate = wanted.rotate
    if wanted.expires_seconds is not msgspec.UNSET:
        auth.expires_seconds = wanted.expires_seconds
    auth.advance(wanted.advance_seconds)
    if wanted.expire:
        auth.expire()
    if wanted.revoke:
        auth.revoke()
    return {"success": True}


def _rows(emulator: EmulatorState, request: Request) -> Row:
    """Change rows without an API request: all given rows, or none."""
    many = request.body.lstrip().startswith(b"[")
    changes = _read(request, list[_Change]) if many else [_read(request, _Change)]
    tampers = [Tamper(table=change.table, key=change.id, values=change.set) for change in changes]
    try:
        for change, tamper in zip(changes, tampers, strict=True):
            if change.table not in SPECS:
                raise ValueError(f"table must be one of {', '.join(sorted(SPECS))}")  # noqa: TRY301 - one way out
            if change.delete == (change.set is not None):
                raise ValueError(  # noqa: TRY301 - the same
                    'Send {"table", "id", "set": {…}} or {"table", "id", "delete": true}'
                )
            tamper.check(emulator.account)
    except ValueError as wrong:
        raise ApiError(400, str(wrong)) from None
    for tamper in tampers:
        tamper.act(emulator.account)
    return {"success": True}


def _search(emulator: EmulatorState, request: Request) -> Row:
    """Set the lag of the search index, in requests, or update the index."""
    wanted, lag = _read(request, _Search), emulator.account.lag
    if wanted.lag is not msgspec.UNSET:
        lag.requests = wanted.lag
    if wanted.catch_up:
        lag.catch_up()
    return {"success": True, "lag": lag.requests}


def _delays(emulator: EmulatorState, request: Request) -> Row:
    """Set the delays of the effects of writes from now on."""
    wanted, afterwards = _read(request, _Delays), emulator.account.afterwards
    if wanted.deal_value_seconds is not msgspec.UNSET:
        afterwards.value_seconds = wanted.deal_value_seconds
    if wanted.owner_requests is not msgspec.UNSET:
        afterwards.owner_requests = wanted.owner_requests
    return {
        "deal_value_seconds": afterwards.value_seconds,
        "owner_requests": afterwards.owner_requests,
    }


def _deal_values(emulator: EmulatorState, request: Request) -> Row:
    """Set whether a deal with products rejects another value than theirs."""
    emulator.account.values_locked = _read(request, _DealValues).locked
    return {"locked": emulator.account.values_locked}


def _process(_: EmulatorState, __: Request) -> Row:
    """Return the resources used so far; on a busy machine, CPU seconds are more precise than a clock."""
    return {"cpu_seconds": time.process_time()}


def _operations(_: EmulatorState, __: Request) -> Row:
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
    "GET faults": _rules,
    "POST faults": _faults,
    "GET limits": _left,
    "POST limits": _limits,
    "POST oauth": _oauth,
    "POST rows": _rows,
    "POST search": _search,
    "POST delays": _delays,
    "POST deal_values": _deal_values,
    "GET operations": _operations,
    "GET process": _process,
}
