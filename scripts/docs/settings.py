"""Settings of both plugins, according to their JSON schemas."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pipedrive_client import SETTING_DEFINITIONS
from scripts.docs.tables import code, table, words
from tap_pipedrive.tap import TapPipedrive
from target_pipedrive.target import TargetPipedrive

PLUGINS = {"tap": TapPipedrive, "target": TargetPipedrive}
SHARED = frozenset(setting.name for setting in SETTING_DEFINITIONS)


@cache
def properties(plugin: str) -> dict[str, dict[str, Any]]:
    """Return settings by name, the Singer SDK's own ones last."""
    cls = PLUGINS[plugin]
    builtin: dict[str, Any] = {"type": "object", "properties": {}}
    cls.append_builtin_config(builtin)
    # If a plugin was created in this process before, the SDK has added its settings to the plugin's schema.
    declared = cls.config_jsonschema["properties"]
    own = {name: one for name, one in declared.items() if name not in builtin["properties"]}
    return {
        **{name: {**one, "builtin": False} for name, one in own.items()},
        **{name: {**one, "builtin": True} for name, one in builtin["properties"].items()},
    }


def kind(setting: dict[str, Any]) -> str:
    """Return the JSON schema type of a setting, without null."""
    types = setting["type"]
    return next(one for one in ([types] if isinstance(types, str) else types) if one != "null")


def choices(setting: dict[str, Any]) -> list[str]:
    """Return the allowed values of a setting; empty if it has no enumeration."""
    return [one for one in setting.get("enum", []) if one is not None]


def table_of(entries: dict[str, dict[str, Any]]) -> str:
    """Return settings as a table."""
    rows = []
    for name, setting in entries.items():
        given = setting.get("default")
        default = "" if given is None else code(given if isinstance(given, str) else json.dumps(given))
        secret = " Secret." if setting.get("secret") else ""
        type_ = words(choices(setting)) or kind(setting)
        rows.append((code(name), type_, default, setting["description"].strip() + secret))
    return table(("Setting", "Type", "Default", "What it does"), rows)


def block(plugin: str) -> str:
    """Return the settings of one plugin; those of the target without the ones shared with the tap."""
    entries = properties(plugin)
    own = {
        name: setting
        for name, setting in entries.items()
        if not setting["builtin"] and (plugin == "tap" or name not in SHARED)
    }
    text = table_of(own)
    builtin = [name for name, setting in entries.items() if setting["builtin"]]
    if builtin:
        text += f"\nFrom the Singer SDK: {words(builtin)}.\n"
    return text
