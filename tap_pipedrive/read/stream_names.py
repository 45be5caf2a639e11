"""Names of streams in settings."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pipedrive.catalog.spec import StreamSpec


def known_stream(setting: str, name: str, specs: Mapping[str, StreamSpec]) -> StreamSpec:
    """Return the stream that a setting names.

    Raises:
        ConfigError: no stream has this name.
    """
    spec = specs.get(name)
    if spec is None:
        near = difflib.get_close_matches(name, specs, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else " --discover lists all streams."
        msg = f"Setting {setting}: unknown stream {name!r}.{hint}"
        raise ConfigError(msg)
    return spec
