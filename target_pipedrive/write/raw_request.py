"""`raw_request`: any request that no action covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from target_pipedrive.catalog.raw_request import RAW_ALIASES
from target_pipedrive.mapping.columns.shapes import allowed
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.values import scalars

if TYPE_CHECKING:
    from pathlib import Path

    from pipedrive_client import PipedriveClient

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_SIGN_IN = frozenset({"authorization", "x-api-token", "cookie", "host"})


class RawRequest:
    """One request as a record describes it.

    Args:
        record: its values by the names of `RAW_INPUTS`, snake_case.
        files_dir: folder that files by path must lie in.

    Raises:
        RecordFault: something is missing or cannot be meant.
    """

    def __init__(self, record: Mapping[str, object], files_dir: Path | None) -> None:
        given = {
            RAW_ALIASES.get(name, name): value for name, value in record.items() if value not in (None, "")
        }
        self.method = str(given.get("method") or "").upper()
        if self.method not in _METHODS:
            raise RecordFault(f"must be one of {', '.join(sorted(_METHODS))}", column="method")
        self.path = _path(given.get("path"))
        self.query = dict(_pairs("query", given.get("query")))
        self.headers = {name: str(value) for name, value in _pairs("headers", given.get("headers"))}
        if not _SIGN_IN.isdisjoint(name.lower() for name in self.headers):
            raise RecordFault(
                "must not contain credentials, which the client sets and which cannot be replaced",
                column="headers",
            )
        self.body = scalars.from_json_text(given.get("body"))
        self.form = dict(_pairs("form", given.get("form"))) if "form" in given else None
        names = dict(_pairs("file_data_file_names", given.get("file_data_file_names")))
        self.files = {
            name: _file(name, content, names.get(name), files_dir)
            for name, content in _pairs("files", given.get("files"))
        }
        self.timeout_seconds = _number(given.get("timeout_seconds"))
        if self.timeout_seconds is None and given.get("timeout_ms") is not None:
            self.timeout_seconds = (_number(given["timeout_ms"]) or 0) / 1000
        retries = given.get("max_retries")
        self.max_attempts = None if retries is None else int(_number(retries) or 0) + 1
        repeated = given.get("idempotent")
        self.idempotent = None if repeated is None else bool(scalars.boolean(repeated))
        self.cost = int(_number(given.get("cost")) or 0)

    def send(self, client: PipedriveClient, stream: str) -> Result:
        """Make the request.

        Raises:
            PipedriveError: as in `PipedriveClient.request`.
        """
        response = client.request(
            self.method,
            self.path,
            params=self.query or None,
            json=self.body if self.form is None and not self.files else None,
            form=self.form,
            files=self.files or None,
            headers=self.headers,
            cost=self.cost,
            idempotent=self.idempotent,
            timeout_seconds=self.timeout_seconds,
            max_attempts=self.max_attempts,
            label=stream,
        )
        row_id = None
        if response.is_json and response.body:
            body = response.json()
            data = body.get("data") if isinstance(body, Mapping) else None
            row_id = data.get("id") if isinstance(data, Mapping) else None
        outcomes = {"POST": Outcome.CREATED, "DELETE": Outcome.DELETED, "GET": Outcome.UNCHANGED}
        return Result(
            outcome=outcomes.get(self.method, Outcome.UPDATED),
            id=None if row_id is None else str(row_id),
            note=f"{self.method} {self.path} returned {response.status}",
        )


def _path(given: object) -> str:
    if not isinstance(given, str) or not given.startswith("/") or given.startswith("//"):
        raise RecordFault("must start with a slash: /api/v2/… or /v1/…", column="path")
    if given.startswith(("/v1/", "/api/")):
        return given
    # The component that this input comes from puts its paths below v1.
    return f"/v1{given}"


def _pairs(name: str, given: object) -> list[tuple[str, object]]:
    """Return names and values of an object, of a list of {key, value}, or of `Name: value` lines."""
    given = scalars.from_json_text(given)
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [(str(key), value) for key, value in given.items()]
    if isinstance(given, str) and name == "headers":
        lines = [line.partition(":") for line in given.splitlines() if ":" in line]
        return [(key.strip(), value.strip()) for key, _, value in lines]
    if isinstance(given, Sequence) and not isinstance(given, str):
        found = []
        for entry in given:
            if not isinstance(entry, Mapping) or "key" not in entry:
                raise RecordFault("must be an object or a list of {key, value}", column=name)
            found.append((str(entry["key"]), entry.get("value")))
        return found
    raise RecordFault("must be an object or a list of {key, value}", column=name)


def _file(name: str, content: object, filename: object, files_dir: Path | None) -> tuple[str, bytes, str]:
    kind = "application/octet-stream"
    if isinstance(content, Mapping) and content.get("path"):
        source = allowed(content["path"], files_dir)
        return str(filename or source.name), source.read_bytes(), kind
    if not isinstance(content, str):
        content = msgspec.json.encode(content).decode()
    return str(filename or name), content.encode(), kind


def _number(given: object) -> float | None:
    if given is None:
        return None
    number = scalars.number(given)
    value = float(str(number))
    if value < 0:
        raise RecordFault("numbers must not be negative")
    return value
