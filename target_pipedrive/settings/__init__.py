"""Settings of the target: their definitions and their validation."""

from __future__ import annotations

from target_pipedrive.settings.definitions import DEFAULT_LEDGER, OWN_SETTINGS, config_jsonschema
from target_pipedrive.settings.options import Options, StreamSettings

__all__ = ["DEFAULT_LEDGER", "OWN_SETTINGS", "Options", "StreamSettings", "config_jsonschema"]
