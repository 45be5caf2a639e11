"""Validated settings of a run and of its streams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pipedrive_client import ConfigError
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from target_pipedrive.settings.address import Address, parse_url
from target_pipedrive.settings.definitions import DEFAULT_LEDGER, DEFAULT_MAX_DELETES, DEFAULT_REJECTS
from target_pipedrive.settings.values import (
    boolean_of,
    count_of,
    known_name,
    name_of,
    names_of,
    object_of,
    path_of,
    percent_of,
    word_of,
)

_WRITES = ("upsert", "add", "update", "delete")
_STREAM_KEYS = frozenset({"entity", "action", "write", "match_on", "fields", "id", "external_id", "ignore"})
_ENTITY_KEYS = frozenset({"write", "match_on", "id"})


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
    on_duplicate_key: str = "write"
    skip_missing_rows: bool = False
    foreign_ids: bool = False
    missing_references: str = "fail"
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
    preview_path: Path | None = None
    report_path: Path | None = None
    summary_path: Path | None = None
    rejects_path: Path | None = None
    stop_on_error: bool = False
    max_failures: int | None = None
    max_failure_percent: float | None = None
    reject_faulty_streams: bool = False
    ledger: Address = Path(DEFAULT_LEDGER)
    files_dir: Path | None = None

    @property
    def leave_out_missing(self) -> bool:
        """True if references to missing rows are left out."""
        return self.missing_references == "leave_out"

    @property
    def page_path(self) -> Path | None:
        """Path of the HTML file of this run."""
        return self.preview_path if self.dry_run else self.report_path

    @property
    def shows_changes(self) -> bool:
        """True if a file of the run contains values before and after each write."""
        return self.results_path is not None or self.page_path is not None

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Options:
        """Return the settings of a configuration, with defaults for unset ones.

        Raises:
            ConfigError: a setting is invalid; the message names it and the values that it accepts.
        """
        return cls(
            streams=MappingProxyType(
                {name: _stream(name, entry) for name, entry in object_of(config, "streams").items()}
            ),
            match_on=MappingProxyType(
                {
                    known_name("match_on", "entity", entity, ENTITIES): names_of(f"match_on.{entity}", fields)
                    for entity, fields in object_of(config, "match_on").items()
                }
            ),
            on_ambiguous=word_of(config, "on_ambiguous", ("fail", "oldest", "newest", "skip")),
            on_blank_match=word_of(config, "on_blank_match", ("fail", "add", "skip")),
            on_duplicate_key=word_of(config, "on_duplicate_key", ("write", "last", "fail")),
            skip_missing_rows=word_of(config, "missing_rows", ("fail", "skip")) == "skip",
            foreign_ids=boolean_of(config, "foreign_ids"),
            missing_references=word_of(config, "missing_references", ("fail", "leave_out", "create")),
            ignore_unknown_streams=word_of(config, "unknown_streams", ("fail", "ignore")) == "ignore",
            ignore_unknown_fields=word_of(config, "unknown_fields", ("fail", "ignore")) == "ignore",
            ignore_retired_inputs=word_of(config, "retired_inputs", ("fail", "ignore")) == "ignore",
            create_fields=boolean_of(config, "create_fields"),
            create_options=boolean_of(config, "create_options"),
            allow_deletes=boolean_of(config, "allow_deletes"),
            max_deletes=count_of(config, "max_deletes", default=DEFAULT_MAX_DELETES) or 0,
            mirror=boolean_of(config, "mirror"),
            mirror_empty=boolean_of(config, "mirror_empty"),
            dry_run=boolean_of(config, "dry_run"),
            results_path=path_of(config, "results_path"),
            preview_path=path_of(config, "preview_path"),
            report_path=path_of(config, "report_path"),
            summary_path=path_of(config, "summary_path"),
            rejects_path=path_of(config, "rejects_path") or Path(DEFAULT_REJECTS),
            stop_on_error=word_of(config, "on_error", ("continue", "stop")) == "stop",
            max_failures=count_of(config, "max_failures"),
            max_failure_percent=percent_of(config, "max_failure_percent"),
            reject_faulty_streams=word_of(config, "on_stream_error", ("stop", "reject")) == "reject",
            ledger=ledger_of(config),
            files_dir=path_of(config, "files_dir"),
        )


def ledger_of(config: Mapping[str, object]) -> Address:
    """Return where the ledger is: the path of a file, or the URL of a database.

    Raises:
        ConfigError: both are set, or the URL is invalid.
    """
    path, url = path_of(config, "ledger_path"), config.get("ledger_url")
    if url is None or url == "":
        return path or Path(DEFAULT_LEDGER)
    if path is not None and path != Path(DEFAULT_LEDGER):  # the default is set in every configuration
        raise ConfigError(
            "ledger_path and ledger_url are both set: remove ledger_path to use the database, or ledger_url "
            "to use the file."
        )
    return parse_url(str(url))


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
        known_name(where, "entity", entry["entity"], ENTITIES)
    else:
        known_name(where, "action", snake(str(entry["action"])), [*ACTIONS, RAW_REQUEST])
        unused = sorted(name for name in _ENTITY_KEYS if entry.get(name) is not None)
        if unused:
            raise ConfigError(f"{where}.{unused[0]} applies only to an entity; remove it for an action.")
    write = "upsert" if entry.get("write") is None else entry["write"]
    if not isinstance(write, str) or write not in _WRITES:
        raise ConfigError(f"{where}.write must be one of {', '.join(_WRITES)}.")
    fields = {} if entry.get("fields") is None else entry["fields"]
    if not isinstance(fields, Mapping) or not all(
        isinstance(one, str) and one.strip() for one in fields.values()
    ):
        raise ConfigError(f"{where}.fields must be an object that maps columns to field names.")
    match_on = entry.get("match_on")
    return StreamSettings(
        entity=entry.get("entity"),
        action=entry.get("action"),
        write=write,
        match_on=None if match_on is None else names_of(f"{where}.match_on", match_on),
        fields=MappingProxyType(dict(fields)),
        id=name_of(f"{where}.id", entry.get("id")),
        external_id=name_of(f"{where}.external_id", entry.get("external_id")),
        ignore=frozenset(names_of(f"{where}.ignore", [] if entry.get("ignore") is None else entry["ignore"])),
    )
