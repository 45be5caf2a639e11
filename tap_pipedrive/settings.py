"""The tap's settings, as `config_jsonschema` publishes them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipedrive_client import SETTING_DEFINITIONS

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


_ENTRY: dict[str, JSON] = {
    "type": "object",
    "required": ["stream"],
    "properties": {
        "stream": {"type": "string", "description": "Stream the answers go to."},
        "name": {"type": "string", "description": "Name that tells its rows from those of other entries."},
    },
    "additionalProperties": True,
}


SETTINGS: dict[str, JSON] = {
    **shared_settings(),
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
    "full_list_interval_hours": {
        "type": ["number", "object", "null"],
        "default": 0,
        "minimum": 0,
        "additionalProperties": {"type": "number", "minimum": 0},
        "title": "Full list interval hours",
        "description": "Read lists that cannot be asked for changes (users, stages, field definitions, "
        "files, archived leads and others) only when the last reading is this many hours old; 0 reads them "
        'in each run. A number for all, or one per stream, e.g. {"users": 168}; lists that are not named are '
        "then read in each run.",
    },
    "record_ids": {
        "type": ["object", "null"],
        "title": "Record ids",
        "description": 'Read just these rows of a stream, e.g. {"deals": [1, 2]}; its bookmark stays put.',
        "additionalProperties": {"type": "array", "items": {"type": ["integer", "string"]}},
    },
    "stream_parameters": {
        "type": ["object", "null"],
        "title": "Stream parameters",
        "description": 'Query parameters by stream, e.g. {"deals": {"filter_id": 7}}; docs/coverage.md lists '
        "what each stream takes.",
        "additionalProperties": {"type": "object"},
    },
    "searches": {
        "type": ["array", "null"],
        "title": "Searches",
        "description": 'Searches to make, e.g. [{"stream": "person_searches", "term": "smith"}].',
        "items": _ENTRY,
    },
    "statistics": {
        "type": ["array", "null"],
        "title": "Statistics",
        "description": "Sums and rates to ask for, e.g. "
        '[{"stream": "deals_summary", "name": "won deals", "status": "won"}].',
        "items": _ENTRY,
    },
    "raw_requests": {
        "type": ["array", "null"],
        "title": "Raw requests",
        "description": "Streams of your own, each a GET of the API: "
        '[{"name": "won_deals", "path": "/api/v2/deals", "params": {"status": "won"}, "paging": "cursor", '
        '"keys": ["id"], "columns": {"id": "int", "title": "str"}}]. Also taken: `headers`, `records` '
        "(dotted path of the rows, `data` by default), `page_size`, `replication_key`, `cost` (tokens), "
        "`retries` and `timeout_seconds`. Without `columns` a record is its keys, as text, and `record`, the "
        "whole row.",
        "items": {"type": "object"},
    },
    "files_dir": {
        "type": ["string", "null"],
        "title": "Files dir",
        "description": "Folder that the stream `file_contents` writes the bytes of files to.",
    },
    "validate_records": {
        "type": ["boolean", "null"],
        "default": False,
        "title": "Validate records",
        "description": "Check every record against the SCHEMA message of its stream, formats of dates and "
        "times included, before it is written. A record that does not fit ends the run with exit code 1 and "
        "an error that names stream, column and key. Costs time; meant for tests and for finding the cause "
        "of an error in a loader.",
    },
}
