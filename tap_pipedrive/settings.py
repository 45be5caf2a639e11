"""Settings of the tap, as published in `config_jsonschema`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pipedrive_client import SETTING_DEFINITIONS
from pipedrive_singer.summary import SUMMARY_PATH

if TYPE_CHECKING:
    from tap_pipedrive.catalog.spec import JSON


class FieldMode(StrEnum):
    """Setting `custom_fields`: how custom fields appear in records."""

    NAMED = "named"
    KEYED = "keyed"
    NESTED = "nested"
    OFF = "off"

    @property
    def needs_definitions(self) -> bool:
        """True if custom fields are columns, whose types and labels are in the field definitions."""
        return self in (FieldMode.NAMED, FieldMode.KEYED)


class OptionMode(StrEnum):
    """Setting `option_values`: content of an enum or set column."""

    LABEL = "label"
    ID = "id"
    BOTH = "both"


class UnknownColumns(StrEnum):
    """Setting `unknown_columns`: handling of keys of rows without a column."""

    WARN = "warn"
    KEEP = "keep"


_MOST_HOURS = 1_000_000
"""A century; longer times cannot be subtracted from dates."""
_ENTRY: dict[str, JSON] = {
    "type": "object",
    "required": ["stream"],
    "properties": {
        "stream": {"type": "string", "description": "Stream that emits the records."},
        "name": {"type": "string", "description": "Name that identifies the records of this entry."},
    },
    "additionalProperties": True,
}


SETTINGS: dict[str, JSON] = {
    **{setting.name: setting.json_schema() for setting in (*SETTING_DEFINITIONS, SUMMARY_PATH)},
    "start_date": {
        "type": ["string", "null"],
        "format": "date-time",
        "title": "Start date",
        "description": "Read only rows changed at or after this time (RFC 3339 or YYYY-MM-DD). Applies to "
        "every stream whose rows have an update time, including stages, pipelines, labels and filters.",
    },
    "custom_fields": {
        "type": ["string", "null"],
        "enum": [*(mode.value for mode in FieldMode), None],
        "default": FieldMode.NAMED.value,
        "title": "Custom fields",
        "description": "Form of custom fields in records: `named` (a column named after the field), `keyed` "
        "(a column named after Pipedrive's 40-character key), `nested` (one object) or `off`.",
    },
    "option_values": {
        "type": ["string", "null"],
        "enum": [*(mode.value for mode in OptionMode), None],
        "default": OptionMode.LABEL.value,
        "title": "Option values",
        "description": "Content of single and multiple option columns: the `label`, the `id` or `both` "
        "(the id is in an additional column named `…_id`).",
    },
    "unknown_columns": {
        "type": ["string", "null"],
        "enum": [*(mode.value for mode in UnknownColumns), None],
        "default": UnknownColumns.WARN.value,
        "title": "Unknown columns",
        "description": "Keys that Pipedrive sends and this version of the tap does not know: `warn` leaves "
        "them out, `keep` puts them into an object column `_unknown` of each stream, except for streams of "
        "`raw_requests`. In both cases the end of the run lists them with the number of records.",
    },
    "strict_access": {
        "type": ["boolean", "null"],
        "default": False,
        "title": "Strict access",
        "description": "End the run with exit code 3 if Pipedrive denied access to a selected stream, or to "
        "the child streams of some rows, because an OAuth scope, a permission or a plan is missing. All "
        "other streams are read first. By default denied access is only a warning.",
    },
    "time_windows": {
        "type": ["integer", "null"],
        "default": 1,
        "minimum": 1,
        "maximum": 16,
        "title": "Time windows",
        "description": "Number of time windows of a stream to read in parallel, for streams with more than "
        "2,000 changes. This is faster if responses are slow. It takes about 17 % more requests (33 % for "
        "streams of only 20 pages) and about 25 MB of memory per window. Applies to the streams that "
        "Pipedrive can filter by a time range: deals, persons, organizations and activities. For notes and "
        "leads, up to four pages are requested in parallel instead.",
    },
    "detect_deletes": {
        "type": ["boolean", "null"],
        "default": False,
        "title": "Detect deletes",
        "description": "Emit a tombstone (`id`, `is_deleted`, `_sdc_deleted_at`) for each deleted row. "
        "Incremental streams need an additional full read for this, at most every "
        "`delete_sweep_interval_hours`.",
    },
    "delete_sweep_interval_hours": {
        "type": ["number", "null"],
        "default": 24,
        "minimum": 0,
        "maximum": _MOST_HOURS,
        "title": "Delete sweep interval hours",
        "description": "With `detect_deletes`: minimum number of hours between two full reads of an "
        "incremental stream to find deleted rows.",
    },
    "max_tombstone_percent": {
        "type": ["number", "null"],
        "default": 10,
        "minimum": 0,
        "maximum": 100,
        "title": "Max tombstone percent",
        "description": "With `detect_deletes`: maximum percentage of a stream, rounded up to whole rows, "
        "that may be reported as deleted in one run. If more rows are missing, no deletes of the stream are "
        "reported and the run ends with exit code 1.",
    },
    "full_list_interval_hours": {
        "type": ["number", "object", "null"],
        "default": 0,
        "minimum": 0,
        "maximum": _MOST_HOURS,
        "additionalProperties": {"type": "number", "minimum": 0, "maximum": _MOST_HOURS},
        "title": "Full list interval hours",
        "description": "Minimum number of hours between two reads of a stream that cannot be read "
        "incrementally (users, stages, field definitions, files, archived leads and others); 0 reads them in "
        'each run. Either one number, or an object with a number per stream, e.g. {"users": 168}; streams '
        "that the object does not contain are read in each run.",
    },
    "record_ids": {
        "type": ["object", "null"],
        "title": "Record ids",
        "description": 'Read only these rows of a stream, e.g. {"deals": [1, 2]}. Its bookmark is not '
        "updated.",
        "additionalProperties": {"type": "array", "items": {"type": ["integer", "string"]}},
    },
    "stream_parameters": {
        "type": ["object", "null"],
        "title": "Stream parameters",
        "description": 'Query parameters by stream, e.g. {"deals": {"filter_id": 7}}. docs/coverage.md lists '
        "the parameters of each stream.",
        "additionalProperties": {"type": "object"},
    },
    "searches": {
        "type": ["array", "null"],
        "title": "Searches",
        "description": 'Searches to run, e.g. [{"stream": "person_searches", "term": "smith"}].',
        "items": _ENTRY,
    },
    "statistics": {
        "type": ["array", "null"],
        "title": "Statistics",
        "description": "Statistics to request, e.g. "
        '[{"stream": "deals_summary", "name": "won deals", "status": "won"}].',
        "items": _ENTRY,
    },
    "raw_requests": {
        "type": ["array", "null"],
        "title": "Raw requests",
        "description": "Additional streams, each defined by a GET request: "
        '[{"name": "won_deals", "path": "/api/v2/deals", "params": {"status": "won"}, "paging": "cursor", '
        '"keys": ["id"], "columns": {"id": "int", "title": "str"}}]. Optional: `headers`, `records` '
        "(dotted path of the rows, `data` by default), `page_size`, `replication_key`, `cost` (tokens), "
        "`retries` and `timeout_seconds`. Without `columns` a record contains its keys, as strings, and "
        "`record`, the whole row.",
        "items": {"type": "object"},
    },
    "files_dir": {
        "type": ["string", "null"],
        "title": "Files dir",
        "description": "Folder that the stream `file_contents` downloads files to.",
    },
    "validate_records": {
        "type": ["boolean", "null"],
        "default": False,
        "title": "Validate records",
        "description": "Validate every record against the SCHEMA message of its stream, including date and "
        "time formats, before it is written. An invalid record ends the run with exit code 1 and an error "
        "that names stream, column and key. Validation is slow; use it in tests and to debug errors of a "
        "loader.",
    },
}


_NOTHING: JSON = {"anyOf": [{"const": "__NULL__"}, {"type": "null"}]}
SDK_SETTINGS: dict[str, JSON] = {
    "stream_maps": {
        "type": ["object", "null"],
        "title": "Stream maps",
        "description": "Changes to streams, see https://sdk.meltano.com/en/latest/stream_maps.html.",
        "properties": {"__else__": _NOTHING},
        "additionalProperties": {
            "anyOf": [{"const": "__NULL__"}, {"type": "null"}, {"type": "object"}],
        },
    },
    "flattening_max_depth": {
        "type": ["integer", "null"],
        "minimum": 0,
        "title": "Flattening max depth",
        "description": "Maximum depth of flattened columns.",
    },
    "flattening_max_key_length": {
        "type": ["integer", "null"],
        "minimum": 1,
        "title": "Flattening max key length",
        "description": "Maximum length of the name of a flattened column.",
    },
    "batch_config": {
        "type": ["object", "null"],
        "title": "Batch config",
        "description": "Write records to files that BATCH messages name.",
        "properties": {
            "encoding": {
                "type": ["object", "null"],
                "properties": {
                    "format": {"type": ["string", "null"], "enum": ["jsonl", None]},
                    "compression": {"type": ["string", "null"], "enum": ["gzip", None]},
                },
                "additionalProperties": False,
            },
            "storage": {
                "type": "object",
                "required": ["root"],
                "properties": {
                    "root": {"type": "string", "minLength": 1},
                    "prefix": {"type": ["string", "null"]},
                    "params": {"type": ["object", "null"]},
                },
                "additionalProperties": False,
            },
            "batch_size": {"type": ["integer", "null"], "minimum": 1},
        },
        "additionalProperties": False,
    },
}
"""Settings of the SDK that it defines too loosely."""
