"""An emulator in the test's own process, called over ASGI: equally strict, without sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from pipedrive_emulator.web.app import Emulator, Settings
from tests.emulator.asking import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Settings(burst=0, daily_tokens=10**12, legacy=True)


@dataclass
class Reply:
    """One response: status, media type, raw body; `json()` decodes it; `cut`: its end was not received."""

    status_code: int
    content_type: str
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


class Direct:
    """Client of its own emulator, one request at a time; exceptions of the application are raised."""

    def __init__(self, **settings: Any) -> None:
        self.app = Emulator(Settings(**{**vars_of(SETTINGS), **settings}))
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def reset(self) -> None:
        self.app.reset()

    def dump(self) -> bytes:
        return self.ask("GET", "/_emulator/dump").content

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        tables: dict[str, list[dict[str, Any]]] = msgspec.json.decode(self.dump())["tables"]
        return tables

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Any = None,
        body: bytes | None = None,
        json_body: Any = None,
        content_type: str | None = "application/json",
        headers: dict[str, str] | None = None,
        token: str | None = TOKEN,
    ) -> Reply:
        """Send one request; `query` is a mapping, pairs, or text that is sent as it is.

        Raises:
            ConnectionError: the emulator broke the connection instead of answering.
        """
        if json_body is not None:
            body = json.dumps(json_body).encode()
        text = query if isinstance(query, str) else urlencode(query or (), doseq=True)
        sent = {"host": "emulator.test", **(headers or {})}
        if token is not None:
            sent["x-api-token"] = token
        if body is not None and content_type is not None:
            sent["content-type"] = content_type
        if body:
            sent["content-length"] = str(len(body))
        raw = quote(path, safe="/%-._~!$&'()*+,;=:@")
        scope = {
            "type": "http",
            "method": method,
            "raw_path": raw.encode(),
            "path": path,
            "query_string": text.encode("latin-1"),
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in sent.items()],
            "client": ("127.0.0.1", 1),
        }
        return self._loop.run_until_complete(self._call(scope, body or b""))

    async def _call(self, scope: dict[str, Any], body: bytes) -> Reply:
        parts: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            parts.append(message)

        await self.app(scope, receive, send)
        if not parts:
            raise ConnectionError("no answer")
        headers = {name.decode(): value.decode() for name, value in parts[0]["headers"]}
        content = b"".join(part.get("body", b"") for part in parts[1:])
        cut = bool(parts[-1].get("more_body"))
        return Reply(parts[0]["status"], headers.get("content-type", ""), content, headers, cut)


def vars_of(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def data(answer: Reply) -> Any:
    """Return the data of a response that succeeded."""
    assert answer.status_code < 300, answer.text
    return answer.json()["data"]


def each(both: tuple[Direct, ...], act: Callable[[Direct], Any]) -> tuple[Any, ...]:
    """Return the results of a function with each dialect."""
    return tuple(act(one) for one in both)


def row(direct: Direct, path: str) -> Any:
    """Return the data of a path."""
    return data(direct.ask("GET", path))
