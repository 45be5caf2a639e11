"""Settings from config files and the environment, validated without showing a value."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jsonschema import Draft7Validator

from pipedrive_client.errors import ConfigError
from pipedrive_client.http.json_keys import ambiguous_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jsonschema import ValidationError

_KINDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a JSON object",
}
_CREDENTIALS = ("api_token", "access_token", "client_id", "client_secret", "refresh_token")
_LIMITS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than"}


def read_config(path: str) -> dict[str, Any]:
    """Return the settings of a config file.

    Raises:
        ConfigError: the file does not exist or does not contain a JSON object.
    """
    try:
        text = Path(path).read_bytes()
        content, twice = msgspec.json.decode(text), ambiguous_key(text)
    except OSError as error:
        msg = f"The config file {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"The config file {path} is not valid JSON: {error}."
        raise ConfigError(msg) from error
    if not isinstance(content, dict):
        msg = f"The config file {path} must contain a JSON object of settings."
        raise ConfigError(msg)
    if twice is not None:
        msg = f"The config file {path} contains different values of {twice}. Keep one of them."
        raise ConfigError(msg)
    return content


def read_settings(path: str, prefix: str) -> dict[str, Any]:
    """Return the settings of a config file, or those of the environment, as text, if the path is `ENV`.

    Args:
        path: path of the file, or `ENV`.
        prefix: prefix of environment variables with settings.

    Raises:
        ConfigError: the file does not exist or does not contain a JSON object.
    """
    if path != "ENV":
        return read_config(path)
    names = [name for name in os.environ if name.startswith(prefix)]
    return {name.removeprefix(prefix).lower(): os.environ[name] for name in names}


def config_sentence(config: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return the first error in the settings without any value, or an empty string if they are valid."""
    for error in Draft7Validator(schema).iter_errors(dict(config)):
        where = ".".join(str(part) for part in error.absolute_path) or "config"
        return f"Setting {where} {_requirement(error)}."
    for name, value in config.items():
        if isinstance(value, str) and "\0" in value:
            return f"Setting {name} must not contain a NUL character."
    return ""


def _requirement(error: ValidationError) -> str:
    """Return what a setting must be, as the end of a sentence."""
    required: Any = error.validator_value
    found: Any = error.instance
    definition: Any = error.schema
    match error.validator:
        case "enum":
            text = f"must be one of {', '.join(str(one) for one in required if one is not None)}"
        case "type":
            text = f"must be {' or '.join(_words(required))}"
        case "anyOf":
            words = [word for one in required for word in _alternatives(one)]
            text = f"must be {' or '.join(dict.fromkeys(words))}"
        case "required":
            text = f"must contain {', '.join(name for name in required if name not in found)}"
        case "additionalProperties":
            known = definition.get("properties", {})
            unknown = ", ".join(sorted(map(repr, set(found) - set(known))))
            text = f"has the unknown key {unknown}; known keys are {', '.join(known)}"
        case "minLength" | "minItems":
            text = "must not be empty"
        case str(limit) if limit in _LIMITS:
            text = f"must be {_LIMITS[limit]} {required}"
        case _:
            text = f"is invalid. Its definition requires {error.validator} {required}"
    return text


def _words(types: str | list[str]) -> list[str]:
    """Return the names of JSON types, without null."""
    return [_KINDS.get(one, one) for one in ([types] if isinstance(types, str) else types) if one != "null"]


def _alternatives(definition: Mapping[str, Any]) -> list[str]:
    """Return the values that one alternative of a definition allows."""
    return [definition["const"]] if "const" in definition else _words(definition.get("type", []))


def strange_settings(config: Iterable[str], schema: Mapping[str, Any]) -> list[str]:
    """Return the names of unknown settings, which are ignored.

    Raises:
        ConfigError: a name looks like a typo. Ignoring a misspelt `dry_run` would write for real.
    """
    known = list(schema["properties"])
    strange = sorted(set(config) - set(known))
    for name in strange:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if near:
            msg = f"Unknown setting {name}. Did you mean {near[0]}?"
            raise ConfigError(msg)
    return strange


def check_unread(config: Mapping[str, Any], prefix: str) -> None:
    """Check that missing credentials are not in the environment, which is read only with `--config=ENV`.

    Raises:
        ConfigError: the environment contains credentials.
    """
    names = [f"{prefix}{name.upper()}" for name in _CREDENTIALS]
    found = next((name for name in names if os.environ.get(name)), None)
    if found and not any(config.get(name) for name in _CREDENTIALS):
        msg = f"No credentials are set. Add --config=ENV to read {found} from the environment."
        raise ConfigError(msg)


def check_environment(
    schema: Mapping[str, Any], prefix: str, parse: Callable[[dict[str, Any], str], object]
) -> None:
    """Check that every setting in the environment can be parsed.

    Args:
        schema: definition of the settings.
        prefix: prefix of the environment variables.
        parse: reads the settings of a definition from the environment; raises `ValueError`.

    Raises:
        ConfigError: a variable cannot be parsed; the message names it and never shows its value.
    """
    for name, definition in schema["properties"].items():
        try:
            parse({"properties": {name: definition}}, prefix)
        except ValueError as error:
            words = definition.get("type", [])
            wanted = next((_KINDS[one] for one in words if one in _KINDS), "JSON")
            msg = f"The environment variable {prefix}{name.upper()} must be {wanted}."
            raise ConfigError(msg) from error
