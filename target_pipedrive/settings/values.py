"""Values of settings: conversion from configuration files and environment variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client import ConfigError
from target_pipedrive.catalog.names import nearest

if TYPE_CHECKING:
    from collections.abc import Collection


def known_name(where: str, what: str, name: object, known: Collection[str]) -> str:
    """Return the name of an entity or action, if it exists."""
    if not isinstance(name, str) or name not in known:
        raise ConfigError(f"{where}: unknown {what} {name}{nearest(str(name), known)}.")
    return str(name)


def names_of(where: str, given: object) -> tuple[str, ...]:
    """Return a list of names; a single name counts as a list of one.

    Raises:
        ConfigError: the value is invalid.
    """
    names = [given] if isinstance(given, str) else given
    if isinstance(names, Sequence) and all(isinstance(name, str) and name.strip() for name in names):
        return tuple(names)
    raise ConfigError(f"{where} must be a list of names.")


def name_of(where: str, given: object) -> str | None:
    """Return the name of a column; None when it is not set.

    Raises:
        ConfigError: the value is invalid.
    """
    if given is None or (isinstance(given, str) and given.strip()):
        return given
    raise ConfigError(f"{where} must be the name of a column.")


def object_of(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return an object; environment variables contain objects as JSON text.

    Raises:
        ConfigError: the value is invalid.
    """
    given = config.get(name)
    if isinstance(given, str) and given.strip():
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError as error:
            raise ConfigError(f"{name} is not valid JSON: {error}.") from error
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(f"{name} must be an object.")
    return given


def word_of(config: Mapping[str, object], name: str, words: tuple[str, ...]) -> str:
    """Return one of the accepted words; the first one is the default.

    Raises:
        ConfigError: the value is invalid.
    """
    given = config.get(name) or words[0]
    if given not in words:
        raise ConfigError(f"{name} must be one of {', '.join(words)}.")
    return str(given)


def boolean_of(config: Mapping[str, object], name: str) -> bool:
    """Return a boolean; an unset one is false.

    Raises:
        ConfigError: the value is invalid.
    """
    given = config.get(name)
    if given is None or isinstance(given, bool):
        return bool(given)
    if str(given).lower() in {"true", "1", "false", "0", ""}:
        return str(given).lower() in {"true", "1"}
    raise ConfigError(f"{name} must be true or false.")


def count_of(config: Mapping[str, object], name: str, *, default: int | None = None) -> int | None:
    """Return an integer of at least 0, or the default.

    Raises:
        ConfigError: the value is invalid.
    """
    given = config.get(name)
    if given is None or given == "":
        return default
    try:
        count = int(str(given))
    except ValueError:
        count = -1
    if count < 0 or isinstance(given, bool):
        raise ConfigError(f"{name} must be an integer of at least 0.")
    return count


def percent_of(config: Mapping[str, object], name: str) -> float | None:
    """Return a number from 0 to 100; None when it is not set.

    Raises:
        ConfigError: the value is invalid.
    """
    given = config.get(name)
    if given is None or given == "":
        return None
    try:
        percent = float(str(given))
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100 or isinstance(given, bool):  # noqa: PLR2004 - percent
        raise ConfigError(f"{name} must be a number from 0 to 100.")
    return percent


def path_of(config: Mapping[str, object], name: str) -> Path | None:
    """Return a path, with `~` expanded; None when it is not set.

    Raises:
        ConfigError: the value is invalid.
    """
    given = config.get(name)
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise ConfigError(f"{name} must be a path.")
    return Path(given).expanduser()
