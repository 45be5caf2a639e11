"""What is written: the target's actions and entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.component_inputs import COMPONENT_INPUTS
from scripts.tables import code, table, words
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import snake
from target_pipedrive.catalog.raw_request import RAW_ALIASES, RAW_IGNORED, RAW_INPUTS, RAW_REQUEST
from target_pipedrive.catalog.spec import Encoding, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec


_BODIES = {Encoding.JSON: "JSON", Encoding.FORM: "form", Encoding.MULTIPART: "multipart"}


def entity(spec: ActionSpec) -> str:
    """The entity whose rows lead to this action when they are brought up to date."""
    return ", ".join(code(one.name) for one in ENTITIES.values() if spec.name in one.actions)


def repetition(spec: ActionSpec) -> str:
    """What happens to a record whose answer was lost."""
    if spec.method != "POST" or spec.repeatable:
        return "repeated"
    if spec.becomes:
        return "looked up"
    known = ENTITIES.get(spec.entity)
    told = spec.body or spec.encoding is Encoding.MULTIPART
    return "looked up" if spec.verb is Verb.ADD and known and known.recent and told else "reported"


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
    if spec.becomes:
        parts.append(f"Waits for the end; the id that is kept is that of the new row of {spec.becomes}.")
    if spec.removed_on:
        parts.append(f"Pipedrive took it away on {spec.removed_on:%Y-%m-%d}; instead: {spec.instead}")
    return " ".join(parts)


def action_rows() -> Iterator[tuple[str, ...]]:
    """Every action, by entity and name."""
    for spec in sorted(ACTIONS.values(), key=lambda one: (one.entity, one.name)):
        request = code(f"{spec.method} {spec.path}")
        body = _BODIES[spec.encoding] if spec.body else ""
        facts = str(spec.cost), body, repetition(spec)
        yield code(spec.entity), code(spec.name), request, *facts, _columns(spec), _remarks(spec)


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


_INTRODUCTION = """\
# What target-pipedrive writes

Written by `make docs` from `target_pipedrive/actions/`. A stream with the name of an action (in snake_case or
as Pipedrive spells it) is a series of calls of that action: each record is one call, its properties are the
columns below. Names in bold are required. camelCase is taken as well.

Rows that are found, compared and brought up to date are streams with the name of an entity; the README lists
them. [coverage.md](coverage.md) says which action stands behind each name that integration platforms use, and
what becomes of a write *when interrupted*.
"""
_RAW_COLUMNS = {
    "method": "`GET`, `POST`, `PUT`, `PATCH` or `DELETE`",
    "path": "from `/v1/` or `/api/v2/` on; anything else is taken to be below `/v1`",
    "query": "parameters of the address, an object",
    "headers": "more headers, an object; the sign-in cannot be replaced",
    "body": "the JSON body",
    "form": "fields of a form, instead of a body",
    "files": "parts of a form that are files: their text, or `{path}` below `files_dir`",
    "file_data_file_names": "file names of these parts",
    "cost": "tokens of the call, for `daily_token_budget`; 0 when left out",
    "idempotent": "whether doing it twice is the same as doing it once, so that it may be repeated",
    "max_retries": "how often it is repeated at most",
    "timeout_seconds": "how long an answer is waited for; `timeout_ms` the same in milliseconds",
    "timeout_ms": "",
}
_RAW = f"""\
## Any other request

`{RAW_REQUEST}` sends what no action does. `method` and `path` are required. Nothing keeps a request from
being sent again when the input is run again.

```json
{{"type": "RECORD", "stream": "raw_request", "record": {{"method": "POST", "path": "/v1/deals/1/duplicate"}}}}
```

{table(("Column", "What"), [(f"`{name}`", what) for name, what in _RAW_COLUMNS.items() if what])}
Taken as well, since other tools name the same so, or without effect:
{words(sorted(set(RAW_INPUTS) - set(_RAW_COLUMNS)))}.
"""


_INPUTS = """\
## Inputs of the integration component

The write actions of the integration component that this target replaces, input by input. Each action is a
stream of the same name, and each input a property of it, in camelCase or snake_case; every value may be text.
An input marked *accepted as* asked for something that Pipedrive's API no longer offers: that value, or a
blank, changes nothing and is accepted, and any other value fails the record. An input marked *not supported*
fails the stream. `retired_inputs: ignore` leaves both out with one warning.
"""


def input_rows() -> Iterator[tuple[str, ...]]:
    """Every input of the component's write actions: action, input, and what becomes of it."""
    for action, inputs in COMPONENT_INPUTS.items():
        for name in inputs.split():
            yield code(action), code(name), _meaning(action, snake(name))


def _meaning(action: str, name: str) -> str:
    """What becomes of one input."""
    if snake(action) == RAW_REQUEST:
        return code(RAW_ALIASES.get(name, name)) if name not in RAW_IGNORED else "accepted, without effect"
    spec = ACTIONS[snake(action)]
    column = name if name in spec.columns else spec.aliases.get(name)
    if column is not None:
        return f"{code(column)}{_form(spec, column)}"
    if name in spec.retired:
        retired = spec.retired[name]
        accepted = f"accepted as `{min(retired.neutral)}`; " if retired.neutral else "not supported: "
        return f"{accepted}{retired.advice}"
    return code(name)


def _form(spec: ActionSpec, column: str) -> str:
    """Remark on values whose form is not obvious from the column."""
    kind = spec.columns[column].kind
    if kind.name == "money":
        return "; an amount alone keeps the lead's currency, or takes the account's default currency"
    return f"; one of {words(kind.choices)}" if kind.choices else ""


def page() -> str:
    """docs/actions.md."""
    rows = list(action_rows())
    head = ("Entity", "Stream", "Request", "Tokens", "Body", "When interrupted", "Columns", "Remarks")
    inputs = table(("Action", "Input", "Becomes"), input_rows())
    return "\n".join((_INTRODUCTION, f"## Actions ({len(rows)})\n", table(head, rows), _RAW, _INPUTS, inputs))
