"""Check of the SDK's settings for stream maps and flattening, of which the SDK ignores what it does not know.

A stream map with a misspelt stream would emit the columns that it was to remove.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from pipedrive_client import ConfigError
from tap_pipedrive.read.stream_names import known_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from tap_pipedrive.catalog.spec import StreamSpec

_NAME = "stream_maps"
_OPTIONS = frozenset({"__alias__", "__else__", "__filter__", "__key_properties__", "__source__"})


def check_maps(config: MutableMapping[str, Any], specs: Mapping[str, StreamSpec]) -> None:
    """Check the settings, and remove an unset `stream_maps`, which the SDK does not expect.

    Raises:
        ConfigError: a stream is unknown, or a setting is missing.
    """
    if config.get(_NAME) is None:
        config.pop(_NAME, None)
    for name, given in config.get(_NAME, {}).items():
        if name == "__else__":
            continue
        content = given if isinstance(given, dict) else {}
        source = content.get("__source__") or name
        if not any(fnmatch(spec, str(source)) for spec in specs):
            known_stream(_NAME, str(source), specs)
        for option, value in content.items():
            _check_option(f"{_NAME}.{name}.{option}", option, value)
    if config.get("flattening_enabled") and config.get("flattening_max_depth") is None:
        msg = "Setting flattening_max_depth must be set with flattening_enabled."
        raise ConfigError(msg)


def _check_option(where: str, option: str, value: object) -> None:
    if option.startswith("__") and option not in _OPTIONS:
        msg = f"Setting {where} is unknown; known options are {', '.join(sorted(_OPTIONS))}."
        raise ConfigError(msg)
    if option == "__else__" and value not in (None, "__NULL__"):
        msg = f"Setting {where} must be null."
        raise ConfigError(msg)
    if option == "__key_properties__":
        if value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            return
        msg = f"Setting {where} must be a list of column names."
        raise ConfigError(msg)
    if value is not None and not isinstance(value, str):
        msg = f"Setting {where} must be a string with an expression, or null to remove the column."
        raise ConfigError(msg)
