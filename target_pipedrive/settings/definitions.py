"""Definitions of the settings: type, description, accepted values and default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client import SETTING_DEFINITIONS
from pipedrive_singer.summary import SUMMARY_PATH

if TYPE_CHECKING:
    from target_pipedrive.catalog.spec import JSON

DEFAULT_LEDGER = "target-pipedrive-ledger.sqlite"
DEFAULT_REJECTS = "target-pipedrive-rejects.singer"
DEFAULT_MAX_DELETES = 100


def _property(kind: str, description: str, **more: JSON) -> dict[str, JSON]:
    return {"type": [kind, "null"], "description": description, **more}


OWN_SETTINGS: dict[str, dict[str, JSON]] = {
    "streams": _property(
        "object",
        "Mapping of input streams whose name is neither an entity nor an action, by stream name: `{entity, "
        "write, match_on, fields, id, external_id, ignore}` or `{action, fields, ignore}`. `fields` maps "
        "the stream's columns to Pipedrive fields (by column, key or label).",
        additionalProperties=True,
    ),
    "match_on": _property(
        "object",
        'Fields used to look up the row of a record without an id, by entity, such as `{"persons": '
        '["email"], "organizations": ["name"]}`. Custom fields are allowed. All fields must have a value '
        "and be equal; case is ignored. If it is not set and the stream has neither `id` nor "
        "`external_id`, the key properties of the SCHEMA are used.",
        additionalProperties=True,
    ),
    "on_ambiguous": _property(
        "string",
        "When a lookup matches several rows: `fail` rejects the record, `oldest` or `newest` uses that "
        "row, `skip` skips the record.",
        enum=["fail", "oldest", "newest", "skip", None],
        default="fail",
    ),
    "on_blank_match": _property(
        "string",
        "When the key of a record (`id`, `external_id` or a field of `match_on`) is empty: `fail` rejects "
        "the record, `add` creates a new row each time it is received, `skip` skips it.",
        enum=["fail", "add", "skip", None],
        default="fail",
    ),
    "on_duplicate_key": _property(
        "string",
        "When several records of a stream have the same key (`id`, `external_id` or the fields of "
        "`match_on`) and different values: `write` writes them in their order, `last` reads the whole input "
        "first and writes only the last one, `fail` writes only the first one and rejects the others.",
        enum=["write", "last", "fail", None],
        default="write",
    ),
    "missing_rows": _property(
        "string",
        "When the row of a record does not exist, in a stream with `write: update`: `fail` rejects the "
        "record, `skip` skips it.",
        enum=["fail", "skip", None],
        default="fail",
    ),
    "foreign_ids": _property(
        "boolean",
        "Ids in the input belong to another account or system. They are never used as Pipedrive ids of "
        "this account, only translated with the ledger.",
        default=False,
    ),
    "missing_references": _property(
        "string",
        "When a record references a row that does not exist, or by an external id that was never received: "
        "`fail` rejects the record, `leave_out` writes it without the column, or skips it if it is "
        "meaningless without the column, `create` adds organizations, persons and products named by "
        "`org_name`, `person_email`, `product_code` and the like, once each, and rejects the record for "
        "others.",
        enum=["fail", "leave_out", "create", None],
        default="fail",
    ),
    "unknown_streams": _property(
        "string",
        "When a stream is not an action, not an entity and not in `streams`: `fail` applies "
        "`on_stream_error`, `ignore` skips its records.",
        enum=["fail", "ignore", None],
        default="fail",
    ),
    "unknown_fields": _property(
        "string",
        "When Pipedrive does not have a column: `fail` makes the stream fail, `ignore` skips the column. "
        "When a record has a column that its SCHEMA does not name: `fail` rejects the record, `ignore` "
        "skips the column.",
        enum=["fail", "ignore", None],
        default="fail",
    ),
    "retired_inputs": _property(
        "string",
        "When an input of an older API cannot be expressed in the current API, such as `add_time` of a "
        "deal: `fail` rejects it, `ignore` skips it with one warning. Values that change nothing are "
        "always accepted.",
        enum=["fail", "ignore", None],
        default="fail",
    ),
    "create_fields": _property(
        "boolean",
        "Create missing custom fields in Pipedrive. Their types follow the SCHEMA of the stream.",
        default=False,
    ),
    "create_options": _property(
        "boolean",
        "Create missing options of single-option and multiple-option fields, and missing labels of deals, "
        "leads, persons and organizations.",
        default=False,
    ),
    "allow_deletes": _property(
        "boolean",
        "Delete the row when a record of an entity stream has `_sdc_deleted_at` or `is_deleted: true`. If "
        "false, such records are skipped.",
        default=False,
    ),
    "max_deletes": _property(
        "integer",
        "Maximum number of rows that such records and `mirror` may delete in one run. Further deletes are "
        "rejected.",
        default=DEFAULT_MAX_DELETES,
    ),
    "mirror": _property(
        "boolean",
        "Delete the rows that this ledger wrote for a stream and that the version closed by "
        "ACTIVATE_VERSION no longer contains. The deletes run at the end of the input, only if every "
        "record was written or unchanged, and only if all of them fit into `max_deletes`. Needs "
        "`allow_deletes`.",
        default=False,
    ),
    "mirror_empty": _property(
        "boolean",
        "Let `mirror` delete the rows of a stream whose version contains no records.",
        default=False,
    ),
    "dry_run": _property(
        "boolean", "Plan all writes and report them, but write nothing and emit no STATE.", default=False
    ),
    "results_path": _property(
        "string",
        "Path of a JSONL file for the result of each record, with the values of its columns before and "
        "after.",
    ),
    "preview_path": _property(
        "string",
        "Path of an HTML file that shows what a dry run would write: streams, counts, cost, and old and new "
        "values. Ignored without `dry_run`.",
    ),
    "report_path": _property(
        "string",
        "Path of an HTML file that shows what a run wrote: streams, counts, cost, and old and new values. "
        "Ignored with `dry_run`.",
    ),
    "rejects_path": _property(
        "string",
        "Path of a Singer file for the rejected records and their reasons. It can be piped into the target "
        "again. An existing file is kept; a numbered one is created beside it.",
        default=DEFAULT_REJECTS,
    ),
    "on_error": _property(
        "string",
        "After a failed record: `continue`, and exit with code 1 at the end, or `stop`.",
        enum=["continue", "stop", None],
        default="continue",
    ),
    "max_failures": _property(
        "integer",
        "Stop with exit code 1 when this number of records has failed. The STATE stays at the last one "
        "before the first of them.",
    ),
    "max_failure_percent": _property(
        "number",
        "Maximum percentage of failed records. A higher one stops the run with exit code 1. It is checked "
        "from the 100th record on, and at the end.",
        minimum=0,
        maximum=100,
    ),
    "on_stream_error": _property(
        "string",
        "When a stream cannot be processed (unknown columns, an invalid mapping, an unknown name): `stop` "
        "ends the run at once with exit code 2, `reject` rejects the records of that stream and continues.",
        enum=["stop", "reject", None],
        default="stop",
    ),
    "ledger_path": _property(
        "string",
        "Path of the SQLite file that stores which external id belongs to which row, and the unfinished "
        "writes of an interrupted run. Use one for each pipeline.",
        default=DEFAULT_LEDGER,
    ),
    "ledger_url": _property(
        "string",
        "URL of a PostgreSQL database that stores the ledger instead of `ledger_path`, such as "
        "`postgresql://user:password@host:5432/database?schema=name`, for runners that lose their files. The "
        "schema is created if missing (default: `target_pipedrive`). Use one for each pipeline. Needs the "
        "extra `postgres`.",
        secret=True,
        writeOnly=True,
    ),
    "files_dir": _property(
        "string", "Folder that must contain the files that `path` of a file upload names."
    ),
}


def config_jsonschema() -> dict[str, JSON]:
    """Return the JSON Schema of all settings, the shared ones first."""
    shared = (*SETTING_DEFINITIONS, SUMMARY_PATH)
    properties: dict[str, JSON] = {one.name: one.json_schema() for one in shared}
    properties |= {name: dict(own) for name, own in OWN_SETTINGS.items()}
    titled: dict[str, JSON] = {
        name: {"title": name.replace("_", " ").capitalize(), **entry}
        for name, entry in properties.items()
        if isinstance(entry, dict)
    }
    return {"type": "object", "properties": titled}
