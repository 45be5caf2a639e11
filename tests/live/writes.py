"""Writes that are tried on a sandbox account with `--write`, each deleted again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipedrive_client import PipedriveError
from tests.live.shapes import Shape, departures, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipedrive_client import PipedriveClient

NAME = "pipedrive-singer live check"
"""Name of every row that the check creates."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the check.

    Attributes:
        label: description of the step.
        method: HTTP method.
        path: path; `{name}` is the id that the step `name` returned.
        body: JSON body; a text `{name}` is replaced by that id.
        keeps: name under which the id in the response is kept, for a step that creates a row.
    """

    label: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    keeps: str = ""


STEPS = (
    Step("create an organization", "POST", "/api/v2/organizations", {"name": NAME}, keeps="org"),
    Step("create a person", "POST", "/api/v2/persons", {"name": NAME, "org_id": "{org}"}, keeps="person"),
    Step(
        "create a deal",
        "POST",
        "/api/v2/deals",
        {"title": NAME, "person_id": "{person}", "org_id": "{org}"},
        keeps="deal",
    ),
    Step("create a product", "POST", "/api/v2/products", {"name": NAME}, keeps="product"),
    Step(
        "create an activity",
        "POST",
        "/api/v2/activities",
        {"subject": NAME, "deal_id": "{deal}"},
        keeps="activity",
    ),
    Step("create a note", "POST", "/v1/notes", {"content": NAME, "deal_id": "{deal}"}, keeps="note"),
    Step("create a lead", "POST", "/v1/leads", {"title": NAME, "person_id": "{person}"}, keeps="lead"),
    Step("read the new deal", "GET", "/api/v2/deals/{deal}"),
    Step("update the deal", "PATCH", "/api/v2/deals/{deal}", {"value": 10, "currency": "EUR"}),
    Step("update the deal with the same values", "PATCH", "/api/v2/deals/{deal}", {"value": 10}),
    Step(
        "update the person",
        "PATCH",
        "/api/v2/persons/{person}",
        {"phones": [{"value": "1", "label": "work"}]},
    ),
    Step("update the note", "PUT", "/v1/notes/{note}", {"content": NAME + "."}),
    Step("send a column that does not exist", "PATCH", "/api/v2/deals/{deal}", {"no_such_column": 1}),
    Step("refer to a person that does not exist", "PATCH", "/api/v2/deals/{deal}", {"person_id": 999999999}),
)
CLEANING = (
    Step("delete the note", "DELETE", "/v1/notes/{note}"),
    Step("read the deleted note", "GET", "/v1/notes/{note}"),
    Step("delete the activity", "DELETE", "/api/v2/activities/{activity}"),
    Step("delete the lead", "DELETE", "/v1/leads/{lead}"),
    Step("delete the deal", "DELETE", "/api/v2/deals/{deal}"),
    Step("read the deleted deal", "GET", "/api/v2/deals/{deal}"),
    Step("delete the product", "DELETE", "/api/v2/products/{product}"),
    Step("delete the person", "DELETE", "/api/v2/persons/{person}"),
    Step("delete the person again", "DELETE", "/api/v2/persons/{person}"),
    Step("delete the organization", "DELETE", "/api/v2/organizations/{org}"),
)


@dataclass(slots=True)
class Taken:
    """Response of an account to one step, without any value.

    Attributes:
        step: the step.
        status: HTTP status, or 0 without a response.
        error: class of the error, else empty.
        code: Pipedrive's error code, if there is one.
        shape: shape of the row in the response.
        departures: differences of the response from the published schema.
    """

    step: Step
    status: int = 0
    error: str = ""
    code: str = ""
    shape: Shape = field(default_factory=dict)
    departures: list[str] = field(default_factory=list)


def try_writes(client: PipedriveClient) -> Iterator[Taken]:
    """Take all steps, and delete what was created even if a step fails or the program is interrupted.

    Args:
        client: signed-in client of a sandbox account.

    Yields:
        The responses to the steps. A step without its ids is omitted.
    """
    ids: dict[str, object] = {}
    try:
        for step in STEPS:
            if _ready(step, ids):
                yield _take(client, step, ids)
    finally:
        left = [_take(client, step, ids) for step in CLEANING if _ready(step, ids)]
    yield from left


def _ready(step: Step, ids: Mapping[str, object]) -> bool:
    wanted = [*step.path.split("/"), *(step.body or {}).values()]
    names = [one[1:-1] for one in wanted if isinstance(one, str) and one.startswith("{")]
    return all(name in ids for name in names)


def _take(client: PipedriveClient, step: Step, ids: dict[str, object]) -> Taken:
    path = "/".join(str(ids[one[1:-1]]) if one.startswith("{") else one for one in step.path.split("/"))
    body = {name: _filled(value, ids) for name, value in step.body.items()} if step.body else None
    taken = Taken(step)
    try:
        answer = client.request(step.method, path, json=body, label=step.label)
    except PipedriveError as error:
        taken.status, taken.error, taken.code = error.status or 0, type(error).__name__, error.code or ""
        return taken
    content = answer.json()
    row = content.get("data") if isinstance(content, dict) else None
    taken.status = answer.status
    taken.shape = shape_of([row] if isinstance(row, dict) else [])
    taken.departures = departures(step.method, path, answer.status, content)
    if step.keeps and isinstance(row, dict):
        ids[step.keeps] = row["id"]
    return taken


def _filled(value: object, ids: Mapping[str, object]) -> object:
    return ids[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value
