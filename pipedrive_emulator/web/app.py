"""ASGI application: one request from the socket to the response, through all rules in order."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from pipedrive_emulator.account import blobs
from pipedrive_emulator.api.http import ApiError, Request, Response
from pipedrive_emulator.api.operations import Operation, Route, Router, load_operations
from pipedrive_emulator.faults.rules import PREFIXES
from pipedrive_emulator.faults.strike import FREE, ConnectionReset, Strike
from pipedrive_emulator.handlers.registry import HANDLERS, Call
from pipedrive_emulator.observed import errors, refusals, response_headers, responses, tasks
from pipedrive_emulator.observed.core_v1 import core_operations
from pipedrive_emulator.query.paging import complete, is_start, open_list
from pipedrive_emulator.rules.auth import operation_key
from pipedrive_emulator.rules.validation import check_body, check_path, check_query
from pipedrive_emulator.web import hooks as control
from pipedrive_emulator.web.state import EmulatorState, Settings

if TYPE_CHECKING:
    from pipedrive_emulator.faults.rules import Rule
    from pipedrive_emulator.rules.limits import Headers
    from pipedrive_emulator.web.request_log import Entry

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
CORE = "activities|deals|persons|organizations|products|pipelines|stages"
RETIRED = re.compile(
    rf"^/api/v1/(({CORE})(/\d+)?|(activities|deals|persons|organizations)/collection"
    r"|(deals|persons|organizations|products)/search|itemSearch(/field)?|deals/\d+/(products(/\d+)?|activities|persons)"
    r"|persons/\d+/(activities|deals)|organizations/\d+/(activities|persons|deals))$"
)
BULK_DELETED = re.compile(r"^/api/v1/(activities|activityTypes|deals|organizations|persons|stages)$")
LEGACY = re.compile(r"^/api/v1/(subscriptions|channels)(/|$)")
MISSING, GONE = 404, 410
ADVICE = "add a handler in pipedrive_emulator/domains/ (CONTRIBUTING.md, Add a handler to the emulator)"
NO_RESET_LINGER = struct.pack("ii", 1, 0)


class Emulator(EmulatorState):
    """The ASGI application over the state of an emulator."""

    def __init__(self, settings: Settings, faults: list[Rule] | None = None) -> None:
        super().__init__(settings, faults)
        core = core_operations() if self.dialect.live else []
        self.router = Router(removed=settings.legacy, further=[operation for operation, _ in core])
        self.handlers = {**HANDLERS, **{operation.key: handle for operation, handle in core}}
        self.transports: dict[tuple[str, int], asyncio.Transport] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        if request is None:
            return
        try:
            response, cut = await self._serve(request)
        except ConnectionReset:
            self._break(scope)
            await asyncio.sleep(0)  # the server must know of it before it expects a response
            return
        await self._send(send, scope, response, cut=cut)

    async def _serve(self, request: Request) -> tuple[Response, bool]:
        if request.path.startswith(("/_emulator/", blobs.PREFIX)) or request.path == "/":
            return self._beside(request), False
        if request.path.startswith("/oauth/"):
            return await self._oauth(request)
        if self.settings.latency_seconds:
            resets = self.resets
            await asyncio.sleep(self.settings.latency_seconds)
            self._check_same(resets)
        route = self.router.match(request.method, request.path)
        hidden = self.dialect.live and errors.is_hidden(request)
        if route is None or hidden or (LEGACY.match(request.path) and not self.settings.legacy):
            answered = self._lost(request), False
        else:
            answered = await self._operate(route, request)
        if self.dialect.live:
            response_headers.add(request, answered[0])
        return answered

    async def _operate(self, route: Route, request: Request) -> tuple[Response, bool]:
        """Run one call, from authentication to the response; also returns whether to truncate it."""
        operation = route.operation
        entry = self.log.add(operation.name, request, 0, 0)
        self.account.lag.count()
        self.account.afterwards.count()
        try:
            caller = self.auth.caller(request)
            headers = self.limits.charge(operation, caller.name, caller.kind)
        except ApiError as refusal:
            response = self._refused(operation, refusal)
            entry.status = response.status
            return response, False
        entry.tokens = operation.cost
        rules = self.faults.striking(operation, request.prefix)
        free = next((rule for rule in rules if rule.kind in FREE), None)
        if free is not None:
            entry.tokens = 0
            response = self._refuse_as_scripted(free, headers, operation.cost)
            entry.status = response.status
            return response, False
        if any(rule.kind == "expire_token" for rule in rules):
            self.auth.expire()
        strike = Strike(rules=rules, query=dict(request.query), path=route.values)
        return await self._strike(strike, entry, headers, lambda: self._act(route, request, strike))

    async def _strike(
        self, strike: Strike, entry: Entry, headers: Headers, act: Callable[[], Response]
    ) -> tuple[Response, bool]:
        """Run the operation and log its status; also returns whether to truncate the response."""
        resets = self.resets

        def act_unless_reset() -> Response:
            self._check_same(resets)
            return act()

        try:
            response = await strike.act(self.account, act_unless_reset) if strike.rules else act()
        except ConnectionReset:
            raise
        except BaseException:
            entry.status = 500  # the response of the server in this case
            raise
        if response.metered:
            response.headers.extend(headers)
        entry.status = response.status
        return response, any(rule.kind == "cut" for rule in strike.rules)

    def _refuse_as_scripted(self, rule: Rule, headers: Headers, cost: int) -> Response:
        wait = rule.options.get("retry_after", 0)
        return self.limits.refuse_as_scripted(rule.kind, wait, headers, cost)

    def _check_same(self, resets: int) -> None:
        """Interrupt a request that began before a reset: it must not change the new account."""
        if self.resets != resets:
            raise ConnectionReset

    def _act(self, route: Route, request: Request, strike: Strike) -> Response:
        """Return the response of the operation, including errors."""
        operation = route.operation
        try:
            # Check again, since a scripted fault may have expired the token in the meantime.
            caller = self.auth.caller(request)
            self.auth.allow(caller, operation)
            if self.dialect.live:
                refusals.check_operation(operation, caller, self.settings.plan)
            self.account.base_url = request.base_url
            function = self.handlers.get(operation.key)
            if function is None:
                lacking = f"{operation.key} is not implemented by the emulator"
                raise ApiError(501, lacking, ADVICE)  # noqa: TRY301 - one way out
            query = check_query(operation, self.auth.unsigned(request.query))
            if is_start(query.get("cursor")):
                del query["cursor"]
            path = check_path(operation, route.values)
            if self.dialect.live:
                request = tasks.renamed(operation, request)
            body, uploads = check_body(operation, request)
            open_list(operation, path, query)
            call = Call(
                account=self.account,
                operation=operation,
                path=path,
                query=query,
                body=strike.altered(body),
                uploads=uploads,
                caller=caller,
                base_url=request.base_url,
                plan=self.settings.plan,
            )
            if self.dialect.live:
                refusals.check_values(call)
            response = complete(operation, function(call))
            return responses.observed(call, response) if self.dialect.live else response
        except ApiError as refusal:
            return self._refused(operation, refusal)

    def _refused(self, operation: Operation, refusal: ApiError) -> Response:
        """Return the error of an operation in the form of the dialect."""
        if refusal.status == MISSING and MISSING not in operation.errors and GONE in operation.errors:
            refusal.status = GONE  # spelling of a missing row by some operations
        response = refusal.response(operation.errors.get(refusal.status))
        return errors.response_of(refusal, operation, response) if self.dialect.live else response

    def _beside(self, request: Request) -> Response:
        """Return the response outside the API: hooks, and the storage behind public URLs."""
        try:
            if request.path.startswith(blobs.PREFIX):
                return blobs.serve(self.account, request)
            return control.serve(self, request)
        except ApiError as refusal:
            return refusal.response()

    async def _oauth(self, request: Request) -> tuple[Response, bool]:
        def act() -> Response:
            try:
                return self.auth.serve(request)
            except ApiError as refusal:
                return refusal.response()

        entry = self.log.add(f"{request.method} {request.path.rstrip('/')}", request, 0, 0)
        key = operation_key(request)
        rules = [] if key is None else self.faults.striking(load_operations()[key])
        free = next((rule for rule in rules if rule.kind in FREE), None)
        if free is not None:
            response = self._refuse_as_scripted(free, [], 0)
            entry.status = response.status
            return response, False
        return await self._strike(Strike(rules=rules), entry, [], act)

    def _lost(self, request: Request) -> Response:
        """Return the error for a path that is not an operation; it counts in the window, without tokens."""
        headers: Headers = []
        try:
            caller = self.auth.caller(request)
            headers = self.limits.charge(None, caller.name, caller.kind)
            raise errors.unknown(caller) if self._is_unknown(request) else self._unknown(request)
        except ApiError as refusal:
            response = refusal.response()
            if self.dialect.live:
                response = errors.response_of(refusal, None, response)
        if response.metered:
            response.headers.extend(headers)
        self.log.add(f"{request.method} {request.path}", request, response.status, 0)
        return response

    def _is_unknown(self, request: Request) -> bool:
        """Return whether a path is unknown to live accounts, which do not even report its removal."""
        return self.dialect.live and not (LEGACY.match(request.path) or _is_bulk_delete(request))

    def _unknown(self, request: Request) -> ApiError:
        if LEGACY.match(request.path):
            return ApiError(404, "This API was removed")
        if _is_bulk_delete(request):
            return ApiError(410, "This endpoint was removed", "Delete them one by one")
        if RETIRED.match(request.path):
            return ApiError(
                410, "This version of the endpoint is out of support", "Use the same path below /api/v2"
            )
        methods = self.router.methods(request.path)
        if methods:
            return ApiError(405, f"Method {request.method} is not allowed", f"Allowed: {', '.join(methods)}")
        return ApiError(404, "Unknown method or path")

    async def _send(self, send: Send, scope: dict[str, Any], response: Response, *, cut: bool) -> None:
        body = response.body
        headers = [
            (b"content-type", response.content_type.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"date", _http_date(self.account.clock.now)),
            *response.headers,
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if cut:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            self._break(scope)
            return
        await send({"type": "http.response.body", "body": body})

    def _break(self, scope: dict[str, Any]) -> None:
        """Close a connection with a reset."""
        transport = self.transports.get(tuple(scope["client"]))
        if transport is None:
            return
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_RESET_LINGER)
        transport.abort()


def _is_bulk_delete(request: Request) -> bool:
    return request.method == "DELETE" and BULK_DELETED.match(request.path) is not None


def _http_date(seconds: int) -> bytes:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds)).encode()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(scope: dict[str, Any], receive: Receive) -> Request | None:
    """Return the request; None if the caller disconnected before its body was complete."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    chunks: list[bytes] = []
    more = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    path = unquote(scope["raw_path"].decode("latin-1").partition("?")[0])
    prefix = next((one for one in PREFIXES if path.startswith(f"{one}/")), "")
    if prefix == "/v1":
        path = f"/api{path}"
    query = scope["query_string"]
    return Request(
        method=scope["method"],
        path=path,
        query=parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else [],
        headers=headers,
        body=b"".join(chunks),
        base_url=f"http://{headers.get('host', '127.0.0.1')}",
        prefix=prefix,
    )
