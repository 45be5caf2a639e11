"""Settings as a command line gets them: from files and the environment, checked without showing a value."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jsonschema import Draft7Validator

from pipedrive_client.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a JSON object",
}
_LIMITS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}


def read_config(path: str) -> dict[str, Any]:
    """The settings in a file.

    Raises:
        ConfigError: there is no such file, or it holds no JSON object.
    """
    try:
        content = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        msg = f"The config file {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"The config file {path} is not JSON: {error}."
        raise ConfigError(msg) from error
    if not isinstance(content, dict):
        msg = f"The config file {path} must hold an object of settings."
        raise ConfigError(msg)
    return content


def config_sentence(config: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What is wrong with the settings, without showing their values; empty when nothing is."""
    for error in Draft7Validator(schema).iter_errors(dict(config)):
        where = ".".join(str(part) for part in error.absolute_path) or "config"
        if error.validator == "enum":
            choices = ", ".join(str(one) for one in error.validator_value if one is not None)
            return f"Setting {where} must be one of {choices}."
        if error.validator == "type":
            wanted = error.validator_value
            words = [one for one in ([wanted] if isinstance(wanted, str) else wanted) if one != "null"]
            return f"Setting {where} must be {' or '.join(_KINDS.get(one, one) for one in words)}."
        if error.validator in _LIMITS:
            return f"Setting {where} must be {_LIMITS[error.validator]} {error.validator_value}."
        limits = f"{error.validator} {error.validator_value}"
        return f"Setting {where} does not fit: its definition says {limits}."
    return ""


def strange_settings(config: Iterable[str], schema: Mapping[str, Any]) -> list[str]:
    """Settings that are not defined, and so do nothing.

    Raises:
        ConfigError: one looks like a slip of the pen; a `dry_runn` must not write, nor `startdate` read all.
    """
    known = list(schema["properties"])
    strange = sorted(set(config) - set(known))
    for name in strange:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if near:
            msg = f"Setting {name} is not known; did you mean {near[0]}?"
            raise ConfigError(msg)
    return strange


def check_environment(
    schema: Mapping[str, Any], prefix: str, parse: Callable[[dict[str, Any], str], object]
) -> None:
    """Make sure that every setting in the environment can be read.

    Args:
        schema: definition of the settings.
        prefix: what the names in the environment begin with.
        parse: reads the settings of a definition from the environment; raises `ValueError`.

    Raises:
        ConfigError: one cannot; names it, never shows its value.
    """
    for name, definition in schema["properties"].items():
        try:
            parse({"properties": {name: definition}}, prefix)
        except ValueError as error:
            words = definition.get("type", [])
            wanted = next((_KINDS[one] for one in words if one in _KINDS), "JSON")
            msg = f"The environment variable {prefix}{name.upper()} must be {wanted}."
            raise ConfigError(msg) from error
