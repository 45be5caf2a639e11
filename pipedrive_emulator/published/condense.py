"""Condense the flattened OpenAPI facts into the compact data files beside this script.

Development only; `make facts` runs it.
Types, enums, requirements, costs and scopes are kept; published prose is not. Facts that are published only
in prose are kept as values: the largest and the default page of a `limit`, whether a string is a
comma-separated list or may be the word `null`, the fields that a `sort` accepts, and the parameters that
others disable.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # development only; the library ships no types

SCHEMA_KEYS = ("type", "format", "enum", "nullable", "required", "default")
BOUNDS = (
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "pattern",
    "uniqueItems",
)
# (operations, body key, description of the key); a dot descends, also through lists.
IN_PROSE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (r"v1:.*ActivityType", "color", {"pattern": "[0-9A-Fa-f]{6}"}),
    (r"v1:(add|update)Note", "add_time", {"format": "sql-time"}),
    (r"v1:addCallLog", "start_time", {"format": "sql-time"}),
    (r"v1:addCallLog", "end_time", {"format": "sql-time"}),
    (r"v1:addCallLog", "duration", {"pattern": "[0-9]{1,9}"}),
    (r"v1:receiveMessage", "created_at", {"format": "sql-minute"}),
    (r"v1:receiveMessage", "reply_by", {"format": "sql-minute"}),
    (r"v1:receiveMessage", "attachments.url", {"format": "url"}),
    (r"v1:receiveMessage", "attachments.preview_url", {"format": "url"}),
    (r"v1:receiveMessage", "attachments.size", {"minimum": 0}),
    (r"v1:addWebhook", "subscription_url", {"format": "url"}),
    (r"v1:addUser", "email", {"format": "email"}),
    (r"v1:addPersonPicture", "crop_x", {"minimum": 0}),
    (r"v1:addPersonPicture", "crop_y", {"minimum": 0}),
    (r"v1:addPersonPicture", "crop_width", {"minimum": 1}),
    (r"v1:addPersonPicture", "crop_height", {"minimum": 1}),
    (r"v2:(add|update)Activity", "due_date", {"format": "date"}),
    (r"v2:(add|update)Activity", "due_time", {"format": "time"}),
    (r"v2:(add|update)Activity", "duration", {"format": "duration"}),
    (r"v2:(add|update)Activity", "lead_id", {"format": "uuid"}),
    (r"v2:(add|update)Deal", "archive_time", {"format": "any-time"}),
    (r"v2:(add|update)Deal", "close_time", {"format": "rfc3339"}),
    (r"v2:(add|update)Deal", "won_time", {"format": "rfc3339"}),
    (r"v2:(add|update)Deal", "lost_time", {"format": "rfc3339"}),
    (r"v2:(add|update)Deal", "probability", {"minimum": 0, "maximum": 100}),
    (r"v2:(add|update)(Person|Organization)", "add_time", {"format": "rfc3339"}),
    (r"v2:(add|update)Person", "notes", {"maxLength": 10_000}),
    (r"v2:(add|update)Person", "birthday", {"format": "date"}),
    (r"v2:(add|update)Stage", "deal_probability", {"minimum": 0, "maximum": 100}),
    (r"v2:(add|update)Stage", "days_to_rotten", {"minimum": 1}),
    (r"v2:(add|update)ProductVariation", "name", {"maxLength": 255}),
    (r"v2:(post|update)AdditionalDiscount", "amount", {"exclusiveMinimum": 0}),
    (r"v2:(post|update)Installment", "amount", {"exclusiveMinimum": 0}),
    (r"v2:(post|update)Installment", "billing_date", {"format": "date"}),
    (r"v2:add(Deal|Person|Organization|Product|Project)FieldOptions", "", {"minItems": 1}),
    (r"v2:update(Deal|Person|Organization|Product|Project)FieldOptions", "", {"minItems": 1}),
    (r"v2:delete(Deal|Person|Organization|Product|Project)FieldOptions", "", {"minItems": 1}),
)
BOUNDED = ("limit", "ids", "deal_ids", "custom_fields")
HERE = Path(__file__).parent


def schema(published: dict[str, Any]) -> dict[str, Any]:
    """Return the types of a published schema, without any prose or example."""
    short = {key: published[key] for key in SCHEMA_KEYS if published.get(key) not in (None, [], False)}
    if "properties" in published:
        short["properties"] = {name: schema(part) for name, part in published["properties"].items()}
    if "items" in published:
        short["items"] = schema(published["items"])
    for union in ("oneOf", "anyOf"):
        if union in published:
            short[union] = [schema(part) for part in published[union]]
    extra = published.get("additionalProperties")
    if extra is not None:
        short["additionalProperties"] = schema(extra) if isinstance(extra, dict) else extra
    return short


def bounds(short: dict[str, Any], published: dict[str, Any]) -> None:
    """Add the bounds of the YAML files to a condensed schema."""
    for part in (published, *published.get("allOf", ())):
        short.update({key: part[key] for key in BOUNDS if key in part})
        if part.get("nullable"):  # nullable if one of the two descriptions has it so
            short["nullable"] = True
        for name, inner in part.get("properties", {}).items():
            if name in short.get("properties", {}):
                bounds(short["properties"][name], inner)
        if "items" in part and "items" in short:
            bounds(short["items"], part["items"])
        if part is not published and "allOf" in part:
            bounds(short, part)


def in_prose(short: dict[str, Any], place: str, facts: dict[str, Any]) -> None:
    """Add the facts of a description to the key at `place`."""
    for name in filter(None, place.split(".")):
        short = short.get("items", short)["properties"][name]
    short.update(facts)


def bounded(key: str, bodies: dict[str, Any], published: dict[str, Any]) -> None:
    """Add every published bound to the condensed bodies of one operation."""
    for content_type, body in bodies.items():
        bounds(body, published.get(content_type, {}).get("schema", {}))
        for operations, place, facts in IN_PROSE:
            first = place.partition(".")[0]
            if re.fullmatch(operations, key) and (not first or first in body.get("properties", {})):
                in_prose(body, place, facts)


def yaml_bodies(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the bodies of the YAML files by `version:operationId` and content type."""
    found = {}
    for version in ("v1", "v2"):
        loaded = yaml.safe_load((folder / f"{version}.yaml").read_text())
        for methods in loaded["paths"].values():
            for entry in methods.values():
                if isinstance(entry, dict) and "operationId" in entry:
                    key = f"{version}:{entry['operationId']}"
                    found[key] = entry.get("requestBody", {}).get("content", {})
    return found


def parameter(published: dict[str, Any]) -> dict[str, Any]:
    """Name, place, type and bounds of one parameter."""
    prose = published.get("description", "").lower()
    short: dict[str, Any] = {"name": published["name"], "in": published["in"], "type": published["type"]}
    for key in ("format", "enum", "default"):
        if published.get(key) is not None:
            short[key] = published[key]
    if published.get("required"):
        short["required"] = True
    if "comma" in prose or "multiple selection" in prose or published["type"] == "array":
        short["csv"] = True
    if re.search(r"(?:if|or) `null`", prose):
        short["nullable"] = True
    sortable = re.search(r"supported fields: ((?:`\w+`(?:, )?)+)", prose)
    if sortable and "enum" not in short:
        short["enum"] = re.findall(r"\w+", sortable.group(1))
    usual = re.search(r"if not provided, (?:up to )?(\d+) items", prose)
    if usual and "default" not in short:
        short["default"] = int(usual.group(1))
    bound = re.search(r"(?:maximum (?:value )?of|maximum|up to|upper limit is) (\d+)", prose)
    if bound and published["name"] in BOUNDED:
        short["max"] = int(bound.group(1))
    return short


def overruled(parameters: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the parameters that disable each parameter."""
    found: dict[str, set[str]] = {}
    for published in parameters:
        name = published["name"]
        prose = re.sub(r"</?code>", "`", published.get("description", ""))
        if "If filter_id is provided, this is ignored" in prose:
            found.setdefault(name, set()).add("filter_id")
        for match in re.finditer(r"((?:`\w+`(?: and )?)+) takes? precedence over `(\w+)`", prose):
            found.setdefault(match[2], set()).update(re.findall(r"`(\w+)`", match[1]))
        for match in re.finditer(
            r"((?:`\w+`(?: and )?)+) will not be considered(?: if you use `(\w+)`)?", prose
        ):
            for loser in re.findall(r"`(\w+)`", match[1]):
                found.setdefault(loser, set()).add(match[2] or name)
    return {name: sorted(winners) for name, winners in found.items()}


def operation(published: dict[str, Any]) -> dict[str, Any]:
    """Return one operation, condensed."""
    responses = {
        status: {"type": response.get("content_type"), "schema": schema(response.get("schema") or {})}
        for status, response in published["responses"].items()
        if status.startswith("2")
    }
    short = {
        "id": published["operationId"],
        "version": published["version"],
        "method": published["method"],
        "path": published["path"],
        "cost": published["token_cost"],
        "scopes": published["oauth_scopes"],
        "paging": published["pagination"],
        "parameters": [parameter(p) for p in published["parameters"]],
        "answers": responses,
        "errors": {
            status: schema(response.get("schema") or {}).get("properties", {})
            for status, response in sorted(published["responses"].items())
            if not status.startswith("2")
        },
    }
    if published.get("deprecated"):
        short["deprecated"] = True
    losers = overruled(published["parameters"])
    for param in short["parameters"]:
        if param["name"] in losers and param["in"] == "query":
            param["yields_to"] = losers[param["name"]]
    bodies = published.get("request_body")
    if bodies:
        short["bodies"] = {content_type: schema(body) for content_type, body in bodies.items()}
        short["body_required"] = bool(published.get("request_body_required"))
    return short


def files(folder: str) -> dict[str, str]:
    """Return the content of every data file by name, from `endpoints.json` and YAML files in `folder`."""
    endpoints = json.loads((Path(folder) / "endpoints.json").read_text())["endpoints"]
    beside = yaml_bodies(Path(folder))
    domains: dict[str, list[str]] = {}
    for published in endpoints:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", published["tags"][0]).lower()
        short = operation(published)
        key = f"{short['version']}:{short['id']}"
        bounded(key, short.get("bodies", {}), beside.get(key, {}))
        line = json.dumps(short, separators=(",", ":"), ensure_ascii=False)
        domains.setdefault(f"{name}.json", []).append(line)
    return {name: "[\n" + ",\n".join(lines) + "\n]\n" for name, lines in sorted(domains.items())}


def main(folder: str) -> int:
    """Rewrite every data file from the description in `folder`."""
    made = files(folder)
    for old in HERE.glob("*.json"):
        old.unlink()
    for name, content in made.items():
        (HERE / name).write_text(content)
    sys.stdout.write(f"{len(made)} files of the emulator\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
