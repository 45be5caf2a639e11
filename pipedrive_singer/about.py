"""Text of `--about`: name, version and capabilities of the plugin, and each setting with its description."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.about import AboutInfo

_WIDTH = 80
_TYPES: Mapping[str, str] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}


def about_text(info: AboutInfo) -> str:
    """Return the text for people; the SDK's own has no descriptions of the settings."""
    versions = ", ".join(info.supported_python_versions or ())
    lines = [
        f"Name: {info.name}",
        *_wrapped(f"Description: {info.description}", ""),
        f"Version: {info.version}",
        f"SDK Version: {info.sdk_version}",
        f"Supported Python Versions: {versions}",
        *_wrapped(f"Capabilities: {', '.join(map(str, info.capabilities))}", ""),
        "",
        "Settings, in the JSON file of --config, or as environment variables with",
        f"--config=ENV, such as {info.env_var_prefix}API_TOKEN:",
    ]
    for name, setting in info.settings.get("properties", {}).items():
        lines += ["", f"  {name} ({'; '.join(_facts(setting))})"]
        lines += _wrapped(str(setting.get("description") or ""), "      ")
    return "\n".join(lines)


def _facts(setting: Mapping[str, object]) -> Iterator[str]:
    """Yield the type of a setting, or its choices, and its default."""
    given = setting.get("type")
    types = [_TYPES[str(one)] for one in (given if isinstance(given, list) else [given]) if one in _TYPES]
    choices = setting.get("enum")
    if isinstance(choices, list):
        yield " | ".join(str(one) for one in choices if one is not None)
    else:
        yield " or ".join(types) or "any value"
    if setting.get("secret"):
        yield "secret"
    if setting.get("default") is not None:
        default = setting["default"]
        yield f"default: {default if isinstance(default, str) else json.dumps(default)}"


def _wrapped(text: str, indent: str) -> list[str]:
    """Return the lines of a paragraph; long words such as URLs are not broken."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
