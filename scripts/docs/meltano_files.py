"""Plugin definitions: in meltano.yml, and in files for `meltano add --from-ref` and Meltano Hub."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from scripts.docs.settings import PLUGINS, choices, kind, properties
from tap_pipedrive.catalog import STREAMS

_KINDS = {
    "integer": "integer",
    # Meltano 4.4 cannot write its own `decimal` when the value comes from the environment.
    "number": "integer",
    "boolean": "boolean",
    "object": "object",
    "array": "array",
}
_PLAIN = re.compile(r"[A-Za-z0-9_./-]([\w .,;/()'=+-]*[\w.)/-])?")
_SIGN_IN = (("api_token",), ("client_id", "client_secret", "refresh_token"))
_HEADS = {
    "tap": "Reads everything Pipedrive's API can list or get.",
    "target": "Writes to Pipedrive: any action, or upserts.",
}


_COMMANDS = {
    "tap": {
        "check": ("check --config=ENV", "Show who signs in, and which selected streams can be read."),
        "auth": ("auth", "Authorize an OAuth app, and print the settings to use."),
        "plan": ("--config=ENV --plan", "Print the cost of a first run of the default selection."),
        "test": ("--config=ENV --test", "Read some records of each stream."),
    },
    "target": {
        "check": ("check --config=ENV", "Show who signs in, and which streams can be written."),
        **{
            f"ledger-{name}": (f"ledger {name} --config=ENV", text)
            for name, text in (
                ("list", "Show links and unfinished writes of the ledger, for people."),
                ("export", "Show them as JSON lines, for programs."),
                ("forget", "Remove links, by entity and external id."),
                ("relink", "Move links to the remaining row of a merge: entity, old id, new id."),
            )
        },
        "ledger-copy": ("ledger copy", "Copy a ledger from a file to PostgreSQL or back: from, to."),
    },
}
"""Plugin → command of `meltano invoke PLUGIN:COMMAND` → its arguments and description.

Meltano passes no config file to commands, so settings are read from the environment.
"""
_PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
_CAPITALS = {"Api": "API", "Id": "ID", "Ids": "IDs", "Url": "URL", "Oauth": "OAuth"}


def scalar(text: str) -> str:
    """Return text as YAML, quoted if necessary."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def setting_kind(setting: dict[str, Any]) -> str:
    """Return Meltano's name of a setting's type; empty for plain text."""
    if choices(setting):
        return "options"
    if setting.get("format") == "date-time":
        return "date_iso8601"
    return _KINDS.get(kind(setting), "")


def summary(setting: dict[str, Any]) -> str:
    """Return the first sentence of a setting's description."""
    text = " ".join(setting["description"].split())
    return re.split(r"(?<!e\.g)\. (?=[A-Z])", text, maxsplit=1)[0].rstrip(".") + "."


def label(name: str) -> str:
    """Return the name of a setting as a title."""
    return " ".join(_CAPITALS.get(word, word) for word in name.replace("_", " ").title().split())


def settings_lines(plugin: str, *, labels: bool) -> list[str]:
    """Return `settings:` of one plugin."""
    lines = ["settings:"]
    for name, setting in properties(plugin).items():
        lines.append(f"  - name: {name}")
        if labels:
            lines.append(f"    label: {label(name)}")
        if word := setting_kind(setting):
            lines.append(f"    kind: {word}")
        if setting.get("secret"):
            lines.append("    sensitive: true")
        lines.append(f"    description: {scalar(summary(setting))}")
        if found := choices(setting):
            lines.append("    options:")
            lines += [f"      - {{label: {_value(one)}, value: {_value(one)}}}" for one in found]
    return lines


def _value(word: str) -> str:
    return f'"{word}"' if word in {"off", "on", "yes", "no", "true", "false"} else scalar(word)


def body(plugin: str, *, labels: bool = False) -> list[str]:
    """Return the lines that both meltano.yml and the definition file have; labels are for Meltano Hub."""
    lines = [f"capabilities: [{', '.join(one.value for one in PLUGINS[plugin].capabilities)}]"]
    lines.append("settings_group_validation:")
    lines += [f"  - [{', '.join(group)}]" for group in _SIGN_IN]
    lines += settings_lines(plugin, labels=labels)
    lines.append("commands:")
    for name, (arguments, text) in _COMMANDS[plugin].items():
        lines += [f"  {name}:", f"    args: {scalar(arguments)}", f"    description: {scalar(text)}"]
    if plugin == "tap":
        lines.append("# Without `select` Meltano reads every stream, many of them with a request per row.")
        lines.append("select:")
        lines += [f"  - {name}.*" for name, spec in STREAMS.items() if spec.selected_by_default]
    return lines


def project_block(plugin: str) -> str:
    """Return lines of a plugin in meltano.yml."""
    return "".join(f"      {line}\n" for line in body(plugin))


def definition(plugin: str) -> str:
    """Return a plugin definition file."""
    name = f"{plugin}-pipedrive"
    folder = {"tap": "extractors", "target": "loaders"}[plugin]
    lines = [
        f"# {_HEADS[plugin]} Written by `make docs`.",
        f"# meltano add --plugin-type {folder[:-1]} {name} --from-ref meltano/{folder}/{name}.yml",
        *(
            ["# takes over everything except `select`: copy that too, or choose with `meltano select`."]
            * (plugin == "tap")
        ),
        f"name: {name}",
        f"namespace: {plugin}_pipedrive",
        "variant: pipedrive-singer",
        "label: Pipedrive",
        f"description: {scalar(_HEADS[plugin])}",
        "pip_url: pipedrive-singer",
        f"executable: {name}",
        f"repo: {_PROJECT['urls']['Repository']}",
        "domain_url: https://developers.pipedrive.com/docs/api/v1",
        f"logo_url: /assets/logos/{folder}/pipedrive.png",
        "maintenance_status: beta",
        "keywords: [meltano_sdk, api, crm]",
        *body(plugin, labels=True),
    ]
    return "\n".join(lines) + "\n"
