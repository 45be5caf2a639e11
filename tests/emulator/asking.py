"""Requests built from the published operations, and responses checked against their published schemas.

An independent reading: nothing here uses the emulator's own code, only the published facts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
import requests
import urllib3
from jsonschema import Draft202012Validator
from requests.structures import CaseInsensitiveDict

from tests.emulator import company_cases, sales_cases
from tests.support import facts

TOKEN = "emulator-token"
PLAIN = frozenset(("params", "json", "data", "headers"))
PLAIN_PATH = re.compile(r"[\w/.-]*(\?[\w=&.,-]*)?", re.ASCII)
HASH = r"^[0-9a-f]{40}(_[a-z_0-9]+)?$"


def published() -> list[dict[str, Any]]:
    """Every published operation."""
    return facts.operations()


def key_of(operation: dict[str, Any]) -> str:
    return f"{operation['version']}:{operation['operationId']}"


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI schema as a JSON schema; a null is taken everywhere, since the files understate nulls."""
    out: dict[str, Any] = {word: schema[word] for word in ("required",) if word in schema}
    if "properties" in schema:
        out["properties"] = {name: json_schema(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        out["items"] = json_schema(schema["items"])
    unions = schema.get("oneOf") or schema.get("anyOf")
    if unions:
        return {"anyOf": [json_schema(part) for part in unions] + [{"type": "null"}]}
    if isinstance(schema.get("additionalProperties"), dict):
        out["additionalProperties"] = json_schema(schema["additionalProperties"])
    kind = schema.get("type")
    if kind and schema.get("format") != "binary":
        out["type"] = [kind, "null"]
    if "enum" in schema:
        out["enum"] = [*schema["enum"], None]
    return out


def problems_of(operation: dict[str, Any], answer: requests.Response) -> list[str]:
    """Return the differences of a response from its published schema."""
    if answer.status_code >= 400:
        return [] if answer.json().get("success") is False else ["an error without success=false"]
    responses = operation["responses"]
    found = next((responses[c] for c in (str(answer.status_code), "200", "201") if c in responses), None)
    if found is None or not found.get("schema") or "json" not in (found.get("content_type") or ""):
        return []
    validator = Draft202012Validator(json_schema(found["schema"]))
    return [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message[:160]}"
        for e in validator.iter_errors(answer.json())
    ]


VALUES: dict[str, Any] = {
    "owner_id": 1,
    "user_id": 4,
    "person_id": 1,
    "org_id": 1,
    "organization_id": 1,
    "deal_id": 1,
    "product_id": 1,
    "pipeline_id": 1,
    "stage_id": 1,
    "currency": "EUR",
    "visible_to": 3,
    "label_ids": [],
    "custom_fields": {},
    "status": "open",
    "type": "call",
    "due_time": "10:30",
    "duration": "01:00",
    "deal_probability": 50,
    "billing_frequency": "one-time",
    "quantity": 2,
    "prices": [{"currency": "EUR", "price": 5}],
    "birthday": "1990-02-28",
    "category": 61,
    "priority": 263,
    "color": "FFFFFF",
    "url": "https://example.com/far",
    "preview_url": "https://example.com/near",
}
# Keys left out of a full body: read-only, deleting, or tied to a value the rest does not have.
LEFT_OUT = {
    "is_deleted",
    "is_archived",
    "archive_time",
    "lost_reason",
    "close_time",
    "won_time",
    "lost_time",
    "lead_id",
    "project_id",
    "task_id",
    "billing_frequency_cycles",
    "product_variation_id",
    "marketing_status",
    "channel",
    "outcome",
    "attendees",
}


def sample(schema: dict[str, Any], name: str, *, full: bool) -> Any:
    """A value that is valid by a schema; objects contain only required keys unless `full`."""
    if name in VALUES and not (schema.get("enum") and VALUES[name] not in schema["enum"]):
        return VALUES[name]
    if schema.get("enum"):
        return schema["enum"][0]
    kind, form = schema.get("type"), schema.get("format")
    if kind == "object" or "properties" in schema:
        required = set(schema.get("required", ()))
        return {
            key: sample(part, key, full=full)
            for key, part in schema.get("properties", {}).items()
            if key in required or (full and key not in LEFT_OUT)
        }
    if kind == "array":
        return [sample(schema.get("items", {}), "", full=full)]
    return _scalar(kind, form, name)


def _scalar(kind: str | None, form: str | None, name: str) -> Any:
    plain = {"integer": 1, "number": 1.5, "boolean": True}
    texts = {
        "date": "2026-07-01",
        "date-time": "2026-07-01T10:00:00Z",
        "uuid": "00000000-0000-4000-8000-000000000000",
        "url": "https://example.com/far",
    }
    if name.endswith("_date"):
        return "2026-07-01"
    if name.endswith("_time"):
        return "2026-07-01T10:00:00Z"
    return plain.get(kind, texts.get(form, f"some {name}"))


@dataclass
class Asker:
    """Client of a running emulator that knows existing ids."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.headers["x-api-token"] = TOKEN
        self.session.trust_env = False  # looking up the proxies takes longer than a request
        self._pool = urllib3.connection_from_url(self.url, maxsize=8)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Response to a request; plain ones bypass requests, which takes longer than the emulator."""
        given = {name: value for name, value in more.items() if value}
        is_plain = given.keys() <= PLAIN and isinstance(given.get("data", ""), str | bytes)
        if not is_plain or not PLAIN_PATH.fullmatch(path):
            return self.session.request(method, self.url + path, timeout=30, **more)
        content, headers = given.get("data"), {"x-api-token": str(self.session.headers["x-api-token"])}
        if content is None and more.get("json") is not None:
            content, headers["content-type"] = json.dumps(more["json"]), "application/json"
        elif content is None and method != "GET":
            headers["content-length"] = "0"
        headers.update(given.get("headers", {}))
        return self._direct(method, path, given.get("params", {}), content, headers)

    def _direct(
        self, method: str, path: str, query: Any, content: str | bytes | None, headers: dict[str, str]
    ) -> requests.Response:
        given = {name: value for name, value in dict(query).items() if value is not None}
        if given:
            path = f"{path}{'&' if '?' in path else '?'}{urlencode(given, doseq=True)}"
        try:
            answer = self._pool.urlopen(
                method,
                path,
                body=content.encode() if isinstance(content, str) else content,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=30,
            )
        except urllib3.exceptions.ReadTimeoutError as late:
            raise requests.ReadTimeout(late) from late
        except urllib3.exceptions.ProtocolError as broken:
            raise requests.ConnectionError(broken) from broken
        return _response(answer, self.url + path)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: Any) -> requests.Response:
        return self.ask(method, path, json=body)

    def hook(self, name: str, body: Any) -> Any:
        answer = self.ask("POST", f"/_emulator/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def dump(self) -> bytes:
        return self.ask("GET", "/_emulator/dump").content

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        return msgspec.json.decode(self.dump())["tables"]

    def pages(self, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        """Every page of a v2 list."""
        pages: list[list[dict[str, Any]]] = []
        while True:
            content = self.get(path, **query)
            pages.append(content["data"])
            query["cursor"] = content["additional_data"]["next_cursor"]
            if query["cursor"] is None:
                return pages

    def address(self, operation: dict[str, Any], tables: dict[str, list[dict[str, Any]]]) -> str:
        """The path of an operation with ids that exist."""
        path = operation["path"]
        number: object = 1
        if "/leads" in path:
            number = next(row["id"] for row in tables["leads"] if not row["is_archived"])
        elif "/leadLabels" in path:
            number = tables["lead_labels"][0]["id"]
        elif operation["version"] == "v1" and "Fields/{id}" in path:
            names = {"deal": "deal_fields", "person": "person_fields", "organization": "organization_fields"}
            word = re.search(r"/(\w+)Fields/", path)[1]
            number = next(row["id"] for row in tables[names.get(word, f"{word}_fields")] if row["is_custom"])
        line = next(row for row in tables["deal_products"] if row["deal_id"] != 0)
        follower = next(row for row in tables["followers"] if row["parent"].startswith(_parent(path)))
        values = {"id": number, "field_code": "id", "product_attachment_id": line["id"]}
        values["follower_id"] = follower["user_id"] if operation["version"] == "v2" else follower["id"]
        if "{product_attachment_id}" in path:
            values["id"] = line["deal_id"]
        if "{follower_id}" in path:
            values["id"] = follower["parent"].partition(":")[2]
        values.update(company_cases.place(operation, tables))
        values.update(sales_cases.place(operation, tables))
        return re.sub(r"\{([^}]+)\}", lambda m: str(values.get(m[1], 1)), path)

    def query(self, operation: dict[str, Any]) -> dict[str, str]:
        """The required query parameters of an operation."""
        required = [p for p in operation["parameters"] if p["in"] == "query" and p.get("required")]
        return {
            p["name"]: "1,2" if p["name"] in ("ids", "deal_ids") else str(sample(p, p["name"], full=False))
            for p in required
        } | {**company_cases.queries(operation, self.tables), **sales_cases.queries(operation)}


def _response(answer: urllib3.BaseHTTPResponse, url: str) -> requests.Response:
    """A response of urllib3 in the form that tests read."""
    found = requests.Response()
    found.status_code, found.reason, found.url = answer.status, answer.reason, url
    found.headers = CaseInsensitiveDict(answer.headers)
    found.encoding = requests.utils.get_encoding_from_headers(found.headers)
    found._content = answer.data  # as an adapter of requests sets it
    return found


def _parent(path: str) -> str:
    word = path.split("/")[3]
    return word if word in ("deals", "persons", "organizations", "products") else "deals"


BODIES: dict[str, dict[str, Any]] = {
    "v2:updateStage": {"days_to_rotten": 5},
    "v2:addStage": {"days_to_rotten": 5},
    "v1:addFilter": {
        "type": "deals",
        "conditions": {
            "glue": "and",
            "conditions": [{"glue": "and", "conditions": []}, {"glue": "or", "conditions": []}],
        },
    },
    "v1:addLead": {"person_id": 1},
    "v1:addNote": {"deal_id": 1},
}
BODIES["v1:updateFilter"] = {"conditions": BODIES["v1:addFilter"]["conditions"]}
DROPPED = {
    "v2:addActivity": {"person_id"},
    "v2:updateActivity": {"person_id"},
    "v1:addNote": {"add_time"},
    "v1:updateNote": {"add_time"},
}


for _cases in (company_cases, sales_cases):
    BODIES.update(_cases.BODIES)
    DROPPED.update(_cases.DROPPED)


def body_of(operation: dict[str, Any], *, full: bool) -> Any:
    """A JSON body that an operation takes."""
    schema = operation["request_body"]["application/json"]
    body = sample(schema, "", full=full)
    if isinstance(body, list):
        return company_cases.LISTS.get(key_of(operation), body)
    if isinstance(body, dict):
        body = {**body, **BODIES.get(key_of(operation), {})}
        if operation["operationId"].startswith("update") and not body:
            body = sample(schema, "", full=True)
        for name in DROPPED.get(key_of(operation), ()):
            body.pop(name, None)
    return body
