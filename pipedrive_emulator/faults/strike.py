"""Injection of scripted faults before, instead of and after an operation."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from pipedrive_emulator.account.blobs import signed_address
from pipedrive_emulator.api.http import ApiError, Response, Row, encode
from pipedrive_emulator.query.paging import page_start

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.faults.rules import Rule

Act = Callable[[], Response]
FREE = frozenset(("rate_limit", "blocked"))
"""Kinds that reject like the limits: without cost."""
GATEWAY_PAGE = b"<html><head><title>%d</title></head><body><center>nginx</center></body></html>"
NO_CONTENT = 204
REFUSED = 400
SPOILING = frozenset(("null_data", "null_key", "no_data", "empty_page", "repeat_cursor", "no_cursor"))
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "empty_body": lambda _: b"",
    "no_content": lambda _: b"",
    "null_body": lambda _: b"null",
    "bare_data": lambda body: encode(msgspec.json.decode(body).get("data")),
    "gzip_cut": lambda body: _half(gzip.compress(body, mtime=0)),
}
"""Bodies that replace the body of a success."""
SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.IGNORECASE | re.DOTALL)


class ConnectionReset(Exception):  # noqa: N818 - not an error of ours, but the requested fault
    """The connection must be reset instead of sending a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Rules that affect one call.

    Args:
        rules: in the order of the script; `expire_token` and the kinds of `FREE` are left to the caller.
        query: as sent, for the position of a page.
        path: the path values as sent, for the id of a file.
    """

    rules: list[Rule]
    query: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)

    async def act(self, account: Account, act: Act) -> Response:
        """Run the operation with the effects of the rules before and after it; `act` also returns errors.

        Raises:
            ConnectionReset: for a connection to be reset.
        """
        await self._wait("slow")
        response = self._before(account)
        if response is None:
            response = act()
            for rule in self.rules:
                response = self._after(rule, response, account)
        await self._wait("slow_after")
        return response

    def altered(self, body: Any) -> Any:  # noqa: ANN401 - of any JSON type
        """Return the body that the operation gets."""
        for rule in self.rules:
            if rule.kind == "cleans":
                body = _cleaned(body)
            elif rule.kind == "ignores" and isinstance(body, dict):
                body = {key: value for key, value in body.items() if key not in rule.options["fields"]}
        return body

    async def _wait(self, kind: str) -> None:
        for rule in self.rules:
            if rule.kind == kind:
                await asyncio.sleep(rule.options["seconds"])

    def _before(self, account: Account) -> Response | None:
        """Return the response that replaces the operation; None if the operation must be executed."""
        for rule in self.rules:
            if rule.kind == "reset_before":
                raise ConnectionReset
            if rule.kind == "status_before":
                code = {"code": rule.options["code"]} if rule.options["code"] else {}
                return ApiError(rule.options["status"], rule.options["error"], **code).response()
            if rule.kind == "unknown_method":
                return ApiError(404, "Unknown method .").response()
            if rule.kind == "html":
                return _gateway_page(rule.options["status"])
            if rule.kind in ("write", "delete"):
                options = rule.options
                tamper = Tamper(table=options["table"], key=options["id"], values=options.get("set"))
                try:
                    tamper.check(account)
                    tamper.act(account)
                except ValueError as wrong:
                    return ApiError(500, f"A scripted fault cannot act: {wrong}").response()
        return None

    def _after(self, rule: Rule, response: Response, account: Account) -> Response:
        """Return a response corrupted by one rule, after the operation was executed."""
        if rule.kind == "reset_after":
            raise ConnectionReset
        if rule.kind == "status_after":
            return ApiError(rule.options["status"], "Scripted failure after acting").response()
        if rule.kind == "html_after":
            return _gateway_page(rule.options["status"])
        if rule.kind == "torn":
            response.body = _half(response.body)
        elif response.status < REFUSED and rule.kind in BODIES:
            response.body = BODIES[rule.kind](response.body)
            response.status = NO_CONTENT if rule.kind == "no_content" else response.status
            if rule.kind == "gzip_cut":
                response.headers.append((b"content-encoding", b"gzip"))
        elif response.status < REFUSED and rule.kind == "shows":
            response.body = encode(_showing(msgspec.json.decode(response.body), rule.options["set"]))
        elif response.status < REFUSED and rule.kind in SPOILING:
            response.body = encode(_spoilt(rule.kind, msgspec.json.decode(response.body), self.query))
        elif response.status < REFUSED and rule.kind == "redirect":
            location = signed_address(account, account.require("files", int(self.path["id"])))
            response = Response(
                status=302, content_type="text/plain", headers=[(b"location", location.encode())]
            )
        return response


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - of any JSON type
    """Return texts trimmed and without scripts, numbers with two decimals, at any depth."""
    if isinstance(value, str):
        return SCRIPT.sub("", value).strip()
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    return {key: _cleaned(one) for key, one in value.items()} if isinstance(value, dict) else value


def _gateway_page(status: int) -> Response:
    return Response(status=status, body=GATEWAY_PAGE % status, content_type="text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper:
    """A change of a row without an API request: new values for some fields, or None to delete it."""

    table: str
    key: object
    values: Row | None = None

    def check(self, account: Account) -> None:
        """Check that the row and its fields exist.

        Raises:
            ValueError: one of them does not exist.
        """
        row = account.table(self.table).get(self.key)
        if row is None:
            raise ValueError(f"{self.table} has no row {self.key}")
        unknown = sorted((self.values or {}).keys() - row.keys())
        if unknown:
            raise ValueError(f"rows of {self.table} have no field {unknown[0]}")

    def act(self, account: Account) -> None:
        """Change or delete the row."""
        if self.values is None:
            account.delete(self.table, self.key)
        else:
            account.update(self.table, self.key, self.values)


def _showing(content: Row, values: Row) -> Row:
    """Return the body of a response with other values in its rows."""
    found = content.get("data")
    if isinstance(found, dict):
        found.update(values)
    for row in found if isinstance(found, list) else ():
        row.update(values)
    return content


def _take_key(found: Any) -> None:  # noqa: ANN401 - of any JSON type
    """Set the id of the middle row of a list to null; a list may be the value of a key."""
    if isinstance(found, dict):
        lists = [] if "id" in found else [part for part in found.values() if isinstance(part, list)]
        found = next(iter(lists), [found])
    row = found[len(found) // 2] if isinstance(found, list) and found else None
    while isinstance(row, dict):
        name = next((name for name in ("field_code", "key", "id") if name in row), None)
        if name:
            row[name] = None
            return
        row = next((row[name] for name in ("item", "data") if name in row), None)


def _spoilt(kind: str, content: Row, query: dict[str, str]) -> Row:
    """Return the corrupted body of a response; offsets of v1 lists are corrupted like cursors."""
    if kind == "null_data":
        return {**content, "data": None}
    if kind == "null_key":
        _take_key(content.get("data"))
        return content
    if kind == "no_data":
        return {key: part for key, part in content.items() if key != "data"}
    additional = dict(content.get("additional_data") or {})
    if kind == "no_cursor":
        kept = {key: part for key, part in additional.items() if key != "next_cursor" or part is not None}
        return {**content, "additional_data": kept}
    place = additional.get("pagination", additional)
    by_offset = "more_items_in_collection" in place
    if kind == "empty_page" and not by_offset and "next_cursor" not in additional:
        return content  # the list has no further page, so no page can follow an empty one
    if kind == "empty_page":
        rows = content.get("data")
        empty: object = {**rows, "items": []} if isinstance(rows, dict) and "items" in rows else []
        content = {**content, "data": empty}
    if by_offset:
        # The page references itself, but the first page references the second: a loop that is hard to detect.
        begin = place.get("start", 0)
        following = begin if kind == "empty_page" or begin else place.get("next_start", begin)
        place.update({"more_items_in_collection": True, "next_start": following})
    elif "next_cursor" in additional:
        here = query.get("cursor") if kind == "repeat_cursor" else None
        following = additional["next_cursor"] if kind == "repeat_cursor" else None
        additional["next_cursor"] = here or following or page_start(query)
    return {**content, "additional_data": additional} if additional else content
