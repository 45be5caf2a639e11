"""Claims of the documentation: the stream or action that performs each operation and platform action.

docs/coverage.md shows these facts and `make coverage` checks them against a request log, so both read them
here. The facts themselves are the specs of the tap and of the target.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_emulator.api.operations import load_operations, load_removed
from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.catalog.not_covered import NOT_COVERED
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.names import snake
from target_pipedrive.write.conversions import status_path as conversion_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipedrive_emulator.api.operations import Operation
    from tap_pipedrive.catalog.spec import Read

ACTION_NAMES = Path(__file__).with_name("action_names.txt")
READING = ("get", "search", "find", "download", "select")
RAW = "rawRequest"
SIGN_IN = ("v1:get-tokens", "v1:refresh-tokens")
"""Requests of both programs with OAuth settings."""
_OF_THEIR_OWN = {
    "selectDeal": "deal_options",
    "selectOrganization": "organization_options",
    "selectPerson": "person_options",
    "downloadFile": "file_contents",
}
"""Actions without a published read of the same name → stream."""
_NEWER = "The action {} sends the v2 request instead."
_ENTITY = re.compile(r"get(Deal|Person|Organization|Product|Project|Pipeline|Stage)[A-Z]")
_COLUMN = {"organization": "org_id"}


class Way(StrEnum):
    """Ways to perform an operation."""

    LIST = "a stream reads it"
    BY_ID = "`record_ids`"
    ROWS = "columns of other rows"
    ACTION = "an action sends it"
    SIGN_IN = "signing in"


@dataclass(frozen=True, slots=True)
class Service:
    """A stream of the tap, or an action of the target, that performs an operation.

    Attributes:
        name: of the stream or action; empty for the sign-in.
        way: how it performs the operation.
        column: of `Way.ROWS`: the column that chooses the rows; empty when they are whole.
    """

    name: str
    way: Way
    column: str = ""


def actions() -> list[str]:
    """Return names of the actions that integration platforms offer for Pipedrive."""
    return ACTION_NAMES.read_text(encoding="utf-8").split()


def reads(name: str) -> bool:
    """Return whether an action of this name reads."""
    return name.startswith(READING)


def place(method: str, path: str) -> str:
    """Return an operation by method and path alone: placeholders and spellings of the path do not matter."""
    shape = re.sub(r"\{[^}]+\}", "{}", path).rstrip("/")
    return f"{method} {shape.replace('/api/v1/', '/v1/')}"


@cache
def published() -> Mapping[str, Operation]:
    """Return every published operation by its key, such as `v2:getDeals`."""
    return load_operations()


@cache
def removed() -> Mapping[str, Operation]:
    """Return operations that Pipedrive removed, in the same form."""
    return load_removed()


def key(path: str, operation: str) -> str:
    """Return `v2:getDeals` of a path and an operationId."""
    return f"{'v2' if path.startswith('/api/v2/') else 'v1'}:{operation}"


@cache
def claims() -> Mapping[str, tuple[Service, ...]]:
    """Return the services by the operation they perform, streams of whole lists first."""
    found: dict[str, list[Service]] = {}

    def claim(read: Read, name: str, way: Way) -> None:
        services = found.setdefault(key(read.path, read.operation), [])
        if Service(name, way) not in services:
            services.append(Service(name, way))

    for spec in STREAMS.values():
        for read in spec.reads:
            claim(read, spec.name, Way.LIST)
        if spec.single and spec.single not in spec.reads:
            claim(spec.single, spec.name, Way.BY_ID)
    for action in ACTIONS.values():
        found.setdefault(key(action.path, action.operation), []).append(Service(action.name, Way.ACTION))
        if action.becomes:
            status = place("GET", conversion_status(action.path))
            found |= {
                name: [Service(action.name, Way.ACTION)]
                for name, one in published().items()
                if place(one.method, one.path) == status
            }
    for name in SIGN_IN:
        found[name] = [Service("", Way.SIGN_IN)]
    for spec in STREAMS.values():
        for name in spec.serves:
            major = "v2" if f"v2:{name}" in published() else "v1"
            if f"{major}:{name}" in published():
                found.setdefault(f"{major}:{name}", []).append(_rows_of(spec.name, name))
    return {name: tuple(sorted(services, key=_below)) for name, services in found.items()}


def _below(service: Service) -> bool:
    spec = STREAMS.get(service.name)
    return bool(spec and spec.parent)


def _rows_of(stream: str, operation: str) -> Service:
    """Return the rows of a stream that replace an operation: for getStageDeals, deals by stage_id."""
    entity = _ENTITY.match(operation)
    column = _COLUMN.get(entity[1].lower(), f"{entity[1].lower()}_id") if entity else ""
    return Service(stream, Way.ROWS, column if column in STREAMS[stream].schema else "")


@cache
def excused() -> Mapping[str, str]:
    """Return published operations that are not performed, with the reason."""
    found = {name.replace(" ", ":"): why for name, why in NOT_COVERED.items()}
    for name, operation in published().items():
        newer = ACTIONS.get(snake(name.partition(":")[2]))
        if operation.method != "GET" and name not in claims() and newer is not None:
            found[name] = _NEWER.format(f"`{newer.name}`")
    return found


def of_action(name: str) -> tuple[Service, ...]:
    """Return the services that perform an action of an integration platform, API v2 first."""
    if name in _OF_THEIR_OWN:
        return (Service(_OF_THEIR_OWN[name], Way.LIST),)
    if not reads(name):
        return (Service(snake(name), Way.ACTION),) if snake(name) in ACTIONS else ()
    found = [one for major in ("v2", "v1") for one in claims().get(f"{major}:{name}", ())]
    if not found:
        found = [_rows_of(spec.name, name) for spec in STREAMS.values() if name in spec.serves]
    return tuple(dict.fromkeys(sorted(found, key=_below)))
