"""Settings of the target: their definitions and their validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from pipedrive_client import SETTING_DEFINITIONS, ConfigError
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import nearest, snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST

if TYPE_CHECKING:
    from collections.abc import Collection

    from target_pipedrive.catalog.spec import JSON

DEFAULT_LEDGER = "target-pipedrive-ledger.sqlite"
DEFAULT_REJECTS = "target-pipedrive-rejects.singer"
DEFAULT_MAX_DELETES = 100
_WRITES = ("upsert", "add", "update", "delete")
_STREAM_KEYS = frozenset({"entity", "action", "write", "match_on", "fields", "id", "external_id", "ignore"})


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
        "When a record references a row by an external id that was never received: `fail` rejects the "
        "record, `leave_out` writes it without the column, or skips it if it is meaningless without the "
        "column.",
        enum=["fail", "leave_out", None],
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
        "boolean", "Create missing options of single-option and multiple-option fields.", default=False
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
    "results_path": _property("string", "Path of a JSONL file for the result of each record."),
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
    "files_dir": _property(
        "string", "Folder that must contain the files that `path` of a file upload names."
    ),
}


def config_jsonschema() -> dict[str, JSON]:
    """Return the JSON Schema of all settings, the shared ones first."""
    properties: dict[str, JSON] = {one.name: one.json_schema() for one in SETTING_DEFINITIONS}
    properties |= {name: dict(own) for name, own in OWN_SETTINGS.items()}
    titled: dict[str, JSON] = {
        name: {"title": name.replace("_", " ").capitalize(), **entry}
        for name, entry in properties.items()
        if isinstance(entry, dict)
    }
    return {"type": "object", "properties": titled}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """Settings of one stream.

    Attributes:
        entity: entity that it writes, unless `action` is set.
        action: action that it performs.
        write: `upsert`, `add`, `update` or `delete`.
        match_on: fields used to look up the row; None uses the setting of the entity.
        fields: column of the stream → field of Pipedrive.
        id: column with Pipedrive's id.
        external_id: column with the external id.
        ignore: columns that are not written.
    """

    entity: str | None = None
    action: str | None = None
    write: str = "upsert"
    match_on: tuple[str, ...] | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    id: str | None = None
    external_id: str | None = None
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Validated settings of the target; the names are those of `OWN_SETTINGS`."""

    streams: Mapping[str, StreamSettings] = field(default_factory=lambda: MappingProxyType({}))
    match_on: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    on_ambiguous: str = "fail"
    on_blank_match: str = "fail"
    skip_missing_rows: bool = False
    foreign_ids: bool = False
    leave_out_missing: bool = False
    ignore_unknown_streams: bool = False
    ignore_unknown_fields: bool = False
    ignore_retired_inputs: bool = False
    create_fields: bool = False
    create_options: bool = False
    allow_deletes: bool = False
    max_deletes: int = DEFAULT_MAX_DELETES
    mirror: bool = False
    mirror_empty: bool = False
    dry_run: bool = False
    results_path: Path | None = None
    rejects_path: Path | None = None
    stop_on_error: bool = False
    max_failures: int | None = None
    max_failure_percent: float | None = None
    reject_faulty_streams: bool = False
    ledger_path: Path = Path(DEFAULT_LEDGER)
    files_dir: Path | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Options:
        """Return the settings of a configuration, with defaults for unset ones.

        Raises:
            ConfigError: a setting is invalid; the message names it and the values that it accepts.
        """
        return cls(
            streams=MappingProxyType(
                {name: _stream(name, entry) for name, entry in _object(config, "streams").items()}
            ),
            match_on=MappingProxyType(
                {
                    _known("match_on", "entity", entity, ENTITIES): _names(f"match_on.{entity}", fields)
                    for entity, fields in _object(config, "match_on").items()
                }
            ),
            on_ambiguous=_word(config, "on_ambiguous", ("fail", "oldest", "newest", "skip")),
            on_blank_match=_word(config, "on_blank_match", ("fail", "add", "skip")),
            skip_missing_rows=_word(config, "missing_rows", ("fail", "skip")) == "skip",
            foreign_ids=_truth(config, "foreign_ids"),
            leave_out_missing=_word(config, "missing_references", ("fail", "leave_out")) == "leave_out",
            ignore_unknown_streams=_word(config, "unknown_streams", ("fail", "ignore")) == "ignore",
            ignore_unknown_fields=_word(config, "unknown_fields", ("fail", "ignore")) == "ignore",
            ignore_retired_inputs=_word(config, "retired_inputs", ("fail", "ignore")) == "ignore",
            create_fields=_truth(config, "create_fields"),
            create_options=_truth(config, "create_options"),
            allow_deletes=_truth(config, "allow_deletes"),
            max_deletes=_count(config, "max_deletes", default=DEFAULT_MAX_DELETES) or 0,
            mirror=_truth(config, "mirror"),
            mirror_empty=_truth(config, "mirror_empty"),
            dry_run=_truth(config, "dry_run"),
            results_path=_path(config, "results_path"),
            rejects_path=_path(config, "rejects_path") or Path(DEFAULT_REJECTS),
            stop_on_error=_word(config, "on_error", ("continue", "stop")) == "stop",
            max_failures=_count(config, "max_failures"),
            max_failure_percent=_percent(config, "max_failure_percent"),
            reject_faulty_streams=_word(config, "on_stream_error", ("stop", "reject")) == "reject",
            ledger_path=_path(config, "ledger_path") or Path(DEFAULT_LEDGER),
            files_dir=_path(config, "files_dir"),
        )


def _stream(name: str, entry: object) -> StreamSettings:
    where = f"streams.{name}"
    if not isinstance(entry, Mapping):
        raise ConfigError(f'{where} must be an object such as {{"entity": "persons"}}.')
    odd = sorted(set(entry) - _STREAM_KEYS)
    if odd:
        raise ConfigError(
            f"{where} does not accept {odd[0]!r}; it accepts {', '.join(sorted(_STREAM_KEYS))}."
        )
    if ("entity" in entry) == ("action" in entry):
        raise ConfigError(f"{where} needs either `entity` or `action`.")
    if "entity" in entry:
        _known(where, "entity", entry["entity"], ENTITIES)
    else:
        _known(where, "action", snake(str(entry["action"])), [*ACTIONS, RAW_REQUEST])
    write = entry.get("write") or "upsert"
    if write not in _WRITES:
        raise ConfigError(f"{where}.write must be one of {', '.join(_WRITES)}.")
    fields = entry.get("fields") or {}
    if not isinstance(fields, Mapping) or not all(isinstance(field, str) for field in fields.values()):
        raise ConfigError(f"{where}.fields must be an object that maps columns to field names.")
    match_on = entry.get("match_on")
    return StreamSettings(
        entity=entry.get("entity"),
        action=entry.get("action"),
        write=write,
        match_on=None if match_on is None else _names(f"{where}.match_on", match_on),
        fields=MappingProxyType(dict(fields)),
        id=entry.get("id"),
        external_id=entry.get("external_id"),
        ignore=frozenset(_names(f"{where}.ignore", entry.get("ignore") or [])),
    )


def _known(where: str, what: str, name: object, known: Collection[str]) -> str:
    """Return the name of an entity or action, if it exists."""
    if name not in known:
        raise ConfigError(f"{where}: unknown {what} {name}{nearest(str(name), known)}.")
    return str(name)


def _names(where: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Sequence) and all(isinstance(name, str) for name in given):
        return tuple(given)
    raise ConfigError(f"{where} must be a list of names.")


def _object(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    given = config.get(name)
    if isinstance(given, str) and given.strip():  # environment variables contain objects as JSON text
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError as error:
            raise ConfigError(f"{name} is not valid JSON: {error}.") from error
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(f"{name} must be an object.")
    return given


def _word(config: Mapping[str, object], name: str, words: tuple[str, ...]) -> str:
    given = config.get(name) or words[0]
    if given not in words:
        raise ConfigError(f"{name} must be one of {', '.join(words)}.")
    return str(given)


def _truth(config: Mapping[str, object], name: str) -> bool:
    given = config.get(name)
    if given is None or isinstance(given, bool):
        return bool(given)
    if str(given).lower() in {"true", "1", "false", "0", ""}:
        return str(given).lower() in {"true", "1"}
    raise ConfigError(f"{name} must be true or false.")


def _count(config: Mapping[str, object], name: str, *, default: int | None = None) -> int | None:
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


def _percent(config: Mapping[str, object], name: str) -> float | None:
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


def _path(config: Mapping[str, object], name: str) -> Path | None:
    given = config.get(name)
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise ConfigError(f"{name} must be a path.")
    return Path(given).expanduser()
