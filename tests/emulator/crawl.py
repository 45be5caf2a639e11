"""Requests every operation of a running emulator, for all rows, and records the contents of the responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.emulator.answers import Comparison
from tests.emulator.asking import Asker, body_of, key_of, published
from tests.emulator.sales_cases import form_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Tables = dict[str, list[dict[str, Any]]]
Values = dict[str, Any]
SWITCHES = ("include_body", "all_changes", "get_summary", "everyone", "include_field_code")
LABELS = ("include_option_labels", "include_labels", "search_for_related_items")
MOST_PARENTS, MOST_VARIED = 60, 30
TABLES = {
    "callLogs": "call_logs",
    "mailMessages": "mail_messages",
    "mailThreads": "mail_threads",
    "legacyTeams": "legacy_teams",
    "permissionSets": "permission_sets",
    "projectTemplates": "project_templates",
    "boards": "project_boards",
    "phases": "project_phases",
    "organizationRelationships": "organization_relationships",
    "user": "users",
}
# Optional parameters of lists and searches, by the end of the path.
MORE: tuple[tuple[str, tuple[Values, ...]], ...] = (
    (r"/timeline(/archived)?$", ({"start_date": "2024-01-01", "interval": "quarter", "amount": "12"},)),
    (
        r"_statistics$",
        tuple({"start_date": "2022-01-01", "end_date": "2026-12-31", "user_id": u} for u in "1234"),
    ),
    (r"/recents$", ({"since_timestamp": "2026-05-16 09:00:00"},)),
    (r"/users/find$", ({"term": "ai"}, {"term": "gr"})),
    (r"/itemSearch/field$", ({"term": "deal", "field": "title", "entity_type": "deal", "match": "middle"},)),
    (
        r"/itemSearch$",
        (
            {"term": "an", "search_for_related_items": "true"},
            {"term": "al"},
            {"term": "pdf"},
            {"term": "101"},
        ),
    ),
    (r"/leads/search$", ({"term": "lead"}, {"term": "звонок"}, {"term": "north"}, {"term": "K-2024"})),
    (
        r"/search$",
        tuple(
            {"term": t}
            for t in (
                "deal",
                "lead",
                "Baltic",
                "discount",
                "delivery",
                "pdf",
                "Pump",
                "Valve",
                "звонок",
                "set-up",
                "north",
                "K-2024",
                "John",
                "al",
            )
        ),
    ),
    (
        r"/goals/find$",
        (
            {"assignee.type": "company", "assignee.id": "1001"},
            {"assignee.type": "team", "assignee.id": "1", "is_active": "false"},
            {"assignee.id": "2"},
        ),
    ),
    (r"/goals/\{id\}/results$", ({"period.start": "2024-03-01", "period.end": "2024-05-31"},)),
    (r"/organizationRelationships$", tuple({"org_id": str(number)} for number in (1, 2, 3))),
    (r"/mailThreads$", tuple({"folder": name} for name in ("inbox", "drafts", "sent", "archive"))),
)


def _places(operation: dict[str, Any], tables: Tables) -> list[Values]:
    """Path values of an operation for every row it can be requested for."""
    path = operation["path"]
    found = re.search(r"/(\w+)Fields/\{(\w+)\}", path)
    if found:
        rows = tables[f"{found[1]}_fields"]
        rows = sorted(rows, key=lambda row: not row["is_custom"])
        return [{found[2]: row["code" if found[2] == "field_code" else "id"]} for row in rows]
    found = re.search(r"/(deals|leads)/\{id\}/convert/", path)
    if found:
        jobs = [job for job in tables["conversions"] if job["source"] == found[1]]
        return [{"id": job["source_id"], "conversion_id": job["id"]} for job in jobs]
    if "/comments/" in path:
        return [{"id": row["object_id"], "commentId": row["uuid"]} for row in tables["note_comments"]]
    found = re.search(r"/(\w+)/\{(\w+)\}", path)
    if not found:
        return [{}]
    return [{found[2]: row["id"]} for row in tables[TABLES.get(found[1], found[1])]][:MOST_PARENTS]


def _queries(operation: dict[str, Any], required: dict[str, str], tables: Tables) -> Iterator[dict[str, str]]:
    """Queries of a read: the plain one, every state, all that can be included, and pages of one."""
    if "deal_ids" in required:
        required = {**required, "deal_ids": ",".join(str(row["id"]) for row in tables["deals"])}
    plain = next((more for form, more in MORE if re.search(form, operation["path"])), ({},))
    for more in plain:
        yield {**required, **more}
    switched: dict[str, str] = {}
    for parameter in operation["parameters"]:
        name, enum = (
            parameter["name"],
            parameter.get("enum") or (parameter.get("items") or {}).get("enum") or (),
        )
        if name == "include_fields" and enum:
            # Either each name is published, or each combination of them.
            longest = max(map(str, enum), key=len)
            yield {**required, **plain[0], name: longest if "," in longest else ",".join(map(str, enum))}
            yield from ({**required, **plain[0], name: str(value)} for value in enum[:3])
        elif name == "status":
            yield from ({**required, **plain[0], name: str(value)} for value in enum)
        elif name in SWITCHES:
            switched[name] = "true" if parameter["type"] == "boolean" else "1"
        elif name in LABELS:
            switched[name] = "true"
    if switched:
        yield {**required, **plain[0], **switched}
    if any(parameter["name"] == "limit" for parameter in operation["parameters"]):
        yield {**required, **plain[0], "limit": "1"}


def _read(ask: Asker, found: Comparison, tables: Tables) -> None:
    operation = found.operation
    required = (
        ask.query(operation)
        if any(p.get("required") and p["in"] == "query" for p in operation["parameters"])
        else {}
    )
    for number, values in enumerate(_places(operation, tables)):
        path = re.sub(r"\{([^}]+)\}", lambda match, values=values: str(values[match[1]]), operation["path"])
        for place, query in enumerate(_queries(operation, required, tables)):
            if place and number > MOST_VARIED:
                break
            _note(found, ask.ask("GET", path, params=query))


def _note(found: Comparison, answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code < 300:
        kind = answer.headers["content-type"].partition(";")[0]
        found.statuses.add(answer.status_code)
        found.types.add(kind)
        if kind == "application/json":
            found.seen.add(answer.json())


def crawl(ask: Asker, *, writes: bool = True) -> dict[str, Comparison]:
    """Every operation with the contents of its responses; each write is sent once, to a fresh account."""
    tables, found = ask.tables(), {}
    for operation in published():
        if operation["path"].startswith("/oauth/") or not (writes or operation["method"] == "GET"):
            continue
        one = found[key_of(operation)] = Comparison(operation)
        if one.reads:
            _read(ask, one, tables)
            continue
        more: dict[str, Any] = {"params": ask.query(operation)}
        bodies = operation.get("request_body") or {}
        if "application/json" in bodies:
            more["json"] = body_of(operation, full=True)
        elif bodies:
            more.update(form_of(key_of(operation)))
        answer = ask.ask(operation["method"], ask.address(operation, tables), **more)
        assert answer.status_code < 300, f"{key_of(operation)}: {answer.text}"
        _note(one, answer)
        ask.hook("reset", {})
    return found
