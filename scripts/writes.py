"""What is written: the target's actions and entities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scripts.coverage import READING, actions
from scripts.tables import code, table, words
from target_pipedrive.actions import ACTIONS
from target_pipedrive.entities import ENTITIES
from target_pipedrive.raw import RAW_INPUTS, RAW_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.spec import ActionSpec, EntitySpec


def snake(name: str) -> str:
    """`addDeal` → `add_deal`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _columns(spec: ActionSpec) -> str:
    needed = [f"**`{name}`**" for name in spec.columns if name in spec.required]
    return ", ".join([*needed, *(code(name) for name in spec.columns if name not in spec.required)])


def _remarks(spec: ActionSpec) -> str:
    parts = []
    if spec.custom_fields:
        parts.append("Also custom fields.")
    if spec.aliases:
        parts.append(
            "Also known: " + ", ".join(f"`{old}` as `{new}`" for old, new in spec.aliases.items()) + "."
        )
    if spec.removed_on:
        parts.append(f"Pipedrive took it away on {spec.removed_on:%Y-%m-%d}; instead: {spec.instead}")
    return " ".join(parts)


def action_rows() -> Iterator[tuple[str, ...]]:
    """Every action, by entity and name."""
    for spec in sorted(ACTIONS.values(), key=lambda one: (one.entity, one.name)):
        request = code(f"{spec.method} {spec.path}")
        yield code(spec.entity), code(spec.name), request, str(spec.cost), _columns(spec), _remarks(spec)


def _keys(spec: EntitySpec) -> str:
    fields = list(spec.search.fields) if spec.search else []
    ways = [f"`{spec.key}`", *(["external id"] if spec.add else []), *(f"`{name}`" for name in fields)]
    return ", ".join(ways).replace("`custom_fields`", "custom fields")


def _compared(spec: EntitySpec) -> str:
    if spec.read and spec.read.ids:
        return "100 a request"
    return "whole list" if spec.read else "one by one" if spec.single else "not compared"


def entity_table() -> str:
    """Entities that can be brought up to date, for the README."""
    rows = (
        (
            code(spec.name),
            *("yes" if name else "" for name in (spec.add, spec.update, spec.delete)),
            _keys(spec),
            _compared(spec),
        )
        for spec in ENTITIES.values()
    )
    return table(("Stream", "Adds", "Updates", "Deletes", "Found by", "Read for comparing"), rows)


def name_rows() -> Iterator[tuple[str, str]]:
    """Writing actions by the names integration platforms use, and the stream that performs each."""
    for name in actions():
        if name.startswith(READING):
            continue
        stream = snake(name)
        yield code(name), code(stream) if stream in ACTIONS else "not yet"


_INTRODUCTION = """\
# What target-pipedrive writes

Written by `make docs` from `target_pipedrive/actions/`. A stream with the name of an action (in snake_case or
as Pipedrive spells it) is a series of calls of that action: each record is one call, its properties are the
columns below. Names in bold are required. camelCase is taken as well.
"""


def page() -> str:
    """docs/actions.md."""
    rows = list(action_rows())
    known = list(name_rows())
    parts = (
        _INTRODUCTION,
        f"`{RAW_REQUEST}` sends any other request: {words(sorted(RAW_INPUTS))}.\n",
        f"## Actions ({len(rows)})\n",
        table(("Entity", "Stream", "Request", "Tokens", "Columns", "Remarks"), rows),
        f"## Names of integration platforms ({len(known)})\n",
        table(("Action", "Stream"), known),
    )
    return "\n".join(parts)
