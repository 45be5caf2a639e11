"""The tap's settings, as `config_jsonschema` publishes them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipedrive_client import SETTING_DEFINITIONS
from tap_pipedrive.output import validation
from tap_pipedrive.read import requests as questions
from tap_pipedrive.streams import file_contents as downloads
from tap_pipedrive.streams import raw
from tap_pipedrive.sync import full_list_interval as full_lists

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON


class FieldMode(StrEnum):
    """Setting `custom_fields`: how custom fields appear in records."""

    NAMED = "named"
    KEYED = "keyed"
    NESTED = "nested"
    OFF = "off"


class OptionMode(StrEnum):
    """Setting `option_values`: what an enum or set column holds."""

    LABEL = "label"
    ID = "id"
    BOTH = "both"


def shared_settings() -> dict[str, JSON]:
    """JSON-schema properties of the settings tap and target share."""
    found: dict[str, JSON] = {}
    for setting in SETTING_DEFINITIONS:
        entry: dict[str, JSON] = {
            "type": [setting.type, "null"],
            "title": setting.name.replace("_", " ").capitalize(),
            "description": setting.description,
        }
        if setting.secret:
            entry |= {"secret": True, "writeOnly": True}
        if setting.default is not None:
            entry["default"] = setting.default
        found[setting.name] = entry
    return found


TAP_SETTINGS: dict[str, JSON] = {
    "start_date": {
        "type": ["string", "null"],
        "format": "date-time",
        "title": "Start date",
        "description": "Read only what changed at or after this time (RFC 3339 or YYYY-MM-DD), "
        "where rows say so. Stages, pipelines, labels and filters that are older are left out too.",
    },
    "custom_fields": {
        "type": ["string", "null"],
        "enum": [*(mode.value for mode in FieldMode), None],
        "default": FieldMode.NAMED.value,
        "title": "Custom fields",
        "description": "How custom fields appear: `named` columns, columns `keyed` by Pipedrive's hash, "
        "one `nested` object, or `off`.",
    },
    "option_values": {
        "type": ["string", "null"],
        "enum": [*(mode.value for mode in OptionMode), None],
        "default": OptionMode.LABEL.value,
        "title": "Option values",
        "description": "What single and multiple option columns hold: the `label`, the `id`, or `both` "
        "(the id in a column of its own, named `…_id`).",
    },
    "strict_access": {
        "type": ["boolean", "null"],
        "default": False,
        "title": "Strict access",
        "description": "End the run with exit code 3 if Pipedrive refused a selected stream, or the child "
        "requests of some rows, because an OAuth scope, a right or a plan is missing. By default a warning "
        "names them. All other streams are read first.",
    },
    "time_windows": {
        "type": ["integer", "null"],
        "default": 1,
        "minimum": 1,
        "maximum": 16,
        "title": "Time windows",
        "description": "Read lists of more than 2,000 changes in so many windows of time at once: faster "
        "where answers take long, at the price of a sixth more requests, a third where a list has but 20 "
        "pages, and of some 25 MB of memory for each window. Applies to lists that can be asked for between "
        "two times: deals, persons, organizations, activities. Of notes and leads, up to four pages are on "
        "their way then.",
    },
    "detect_deletes": {
        "type": ["boolean", "null"],
        "default": False,
        "title": "Detect deletes",
        "description": "Emit a tombstone (`id`, `is_deleted`, `_sdc_deleted_at`) for rows that vanished from "
        "a list. Lists that are read incrementally are swept for it: one more full read, at most every "
        "`delete_sweep_interval_hours`.",
    },
    "delete_sweep_interval_hours": {
        "type": ["number", "null"],
        "default": 24,
        "minimum": 0,
        "title": "Delete sweep interval hours",
        "description": "With `detect_deletes`: how long a sweep of a list stays good enough.",
    },
    "max_tombstone_percent": {
        "type": ["number", "null"],
        "default": 10,
        "minimum": 0,
        "maximum": 100,
        "title": "Max tombstone percent",
        "description": "With `detect_deletes`: the part of a list, rounded up to whole rows, that may be "
        "reported as deleted in one run. Where more is gone, nothing of it is reported and the run ends with "
        "exit code 1.",
    },
}


SETTINGS: dict[str, JSON] = {
    **shared_settings(),
    **TAP_SETTINGS,
    **full_lists.SETTINGS,
    **questions.SETTINGS,
    **raw.SETTINGS,
    **downloads.SETTINGS,
    **validation.SETTINGS,
}
