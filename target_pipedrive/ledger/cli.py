"""Commands `target-pipedrive ledger list|export|forget|relink|copy`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError
from pipedrive_singer.arguments import ArgumentParser
from pipedrive_singer.config import read_settings
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import nearest
from target_pipedrive.ledger.schema import check_creatable
from target_pipedrive.ledger.store import Ledger, WriteState
from target_pipedrive.ledger.transfer import copy_ledger
from target_pipedrive.settings import DEFAULT_LEDGER
from target_pipedrive.settings.address import address_of
from target_pipedrive.settings.options import ledger_of
from target_pipedrive.values.identity import key_text

if TYPE_CHECKING:
    import argparse

    from target_pipedrive.settings.address import Address

_ROWS = {
    "links": "links",
    "writes": "unfinished writes",
    "forms": "stored forms",
    "days": "day of tokens",
    "parents": "parents of rows",
}
"""Words for the rows of each table."""


def ledger(arguments: list[str]) -> None:
    """Run one of the commands.

    Raises:
        ConfigError: the ledger does not exist, or is in use.
    """
    given = _arguments().parse_args(arguments)
    if given.command == "copy":
        _copy(given.source, given.destination)
        return
    address = _address(given.ledger, given.config)
    if isinstance(address, Path):
        check_creatable(address, create=address.exists())  # an empty file is an empty ledger
    store = Ledger(address, account=None, create=isinstance(address, Path))
    for notice in store.notices:
        sys.stderr.write(f"{notice}\n")
    try:
        if given.command == "forget":
            _forget(store, given.entity, given.external_id, everything=given.all)
        elif given.command == "relink":
            _relink(store, given.entity, given.old_id, given.new_id)
        else:
            _show(store, as_json=given.command == "export")
    finally:
        store.close()


_COMMANDS = (
    ("list", "show links and unfinished writes, for people", "ledger list --config config.json"),
    ("export", "show them as JSON lines, for programs", "ledger export > ledger.jsonl"),
    (
        "forget",
        "remove links, so that the next run matches the rows by match_on or creates them again",
        "ledger forget deals acme-1",
    ),
    (
        "relink",
        "move links to the remaining row, after a row was merged in Pipedrive",
        "ledger relink persons 17 4",
    ),
    (
        "copy",
        "copy a ledger to an empty place, from a file to PostgreSQL or back",
        f"ledger copy {DEFAULT_LEDGER} postgresql://user@host/database",
    ),
)
"""Name, purpose and an example of each command."""


def _arguments() -> ArgumentParser:
    parser = ArgumentParser(
        prog="target-pipedrive ledger",
        description="The ledger is the SQLite file or PostgreSQL schema in which the target stores which row "
        "in Pipedrive belongs to each of your ids (links), and the unfinished writes of an interrupted run "
        "(writes). These commands send no requests.",
        epilog="Example: target-pipedrive ledger list --config config.json. See --help of each command.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what, example in _COMMANDS:
        command = commands.add_parser(
            name,
            help=what,
            description=f"{what[0].upper()}{what[1:]}.",
            epilog=f"Example: target-pipedrive {example}",
        )
        _add_arguments(name, command)
    return parser


def _add_arguments(name: str, command: argparse.ArgumentParser) -> None:
    """Add the arguments of one command."""
    if name == "copy":
        command.add_argument("source", metavar="FROM", help="path or URL of the ledger")
        command.add_argument("destination", metavar="TO", help="path or URL of the copy, which must be empty")
        return
    command.add_argument(
        "--ledger",
        metavar="FILE|URL",
        help=f"path or URL of the ledger; default: {DEFAULT_LEDGER} in this folder",
    )
    command.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="use ledger_path or ledger_url of this configuration, or of the environment (ENV)",
    )
    if name == "forget":
        command.add_argument("entity", nargs="?", help="such as deals or persons")
        command.add_argument("external_id", nargs="?", help="one external id; default: all of the entity")
        command.add_argument(
            "--all",
            action="store_true",
            help="all links and unfinished writes; interrupted creates may be repeated then",
        )
    if name == "relink":
        command.add_argument("entity", help="such as deals or persons")
        command.add_argument("old_id", help="Pipedrive id of the deleted row")
        command.add_argument("new_id", help="Pipedrive id of the remaining row")


def _address(given: str | None, config: Path | None) -> Address:
    """Return where the ledger is: from the option, the configuration, or the default."""
    if given is not None:
        return address_of(given, "--ledger")
    return ledger_of(read_settings(str(config), "TARGET_PIPEDRIVE_") if config is not None else {})


def _show(store: Ledger, *, as_json: bool) -> None:
    lines = []
    for link in store.links():
        shown = {
            "kind": "link",
            "entity": link.entity,
            "external_id": link.external_id,
            "id": link.id,
            "stream": link.stream,
            "written_at": link.written_at,
            **({"parent": link.parent} if link.parent else {}),
        }
        text = f"{link.entity}  {link.external_id}  ->  {link.id}  {link.written_at}"
        lines.append(json.dumps(shown) if as_json else text)
    for entry in store.writes():
        noted = {
            "kind": "write",
            "stream": entry.stream,
            "action": entry.action,
            "state": entry.state.value,
            "id": entry.id,
            "begun_at": entry.begun_at,
            "ended_at": entry.ended_at,
        }
        unknown = "outcome unknown" if entry.state is WriteState.BEGUN else f"{entry.state}, id {entry.id}"
        text = f"{entry.stream}  {entry.action or 'update'}  {entry.ended_at or entry.begun_at}  {unknown}"
        lines.append(json.dumps(noted) if as_json else text)
    empty, cost = not lines, store.day_cost()
    if cost is not None:
        used = {"kind": "day", "day": cost.day.isoformat(), "tokens": cost.tokens}
        lines.append(json.dumps(used) if as_json else f"{cost.tokens:,} tokens used on {cost.day}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if empty:
        sys.stderr.write(
            f"The ledger {store.address} has no links and no unfinished writes. A run adds a link for each "
            "record with an external_id; records that are found by id or match_on need none.\n"
        )


def _forget(store: Ledger, entity: str | None, external_id: str | None, *, everything: bool) -> None:
    if entity is None and not everything:
        raise ConfigError(
            "Nothing is selected: give an entity (deals), an entity and an external id, or --all."
        )
    key = key_text(external_id)
    if external_id is not None and key is None:
        raise ConfigError("The external id is blank; the ledger has no link for a blank id.")
    count = store.forget(entity, key)
    sys.stdout.write(f"Forgot {count} {'entry' if count == 1 else 'entries'}.\n")
    if not count:
        sys.stderr.write("No such entry exists; `target-pipedrive ledger list` shows all entries.\n")


def _relink(store: Ledger, entity: str, old_id: str, new_id: str) -> None:
    """Move the external ids of a row that was merged in Pipedrive to the survivor.

    Raises:
        ConfigError: the entity is unknown, or has no link to that row.
    """
    if entity not in ENTITIES:
        raise ConfigError(f"Unknown entity {entity}{nearest(entity, ENTITIES)}.")
    old, new = key_text(old_id), key_text(new_id)
    if old is None or new is None or old == new:
        raise ConfigError("Give two different ids: the deleted row and the remaining row.")
    count = store.linked(entity, old)
    if not count:
        raise ConfigError(
            f"No external id is linked to {entity} {old}; `target-pipedrive ledger list` shows the links."
        )
    store.begin()
    store.relink(entity, old, new)
    store.commit()
    sys.stdout.write(f"Linked {count} external {'id' if count == 1 else 'ids'} to {entity} {new}.\n")


def _copy(source: str, destination: str) -> None:
    """Copy a ledger, and show the number of rows, which were compared one by one."""
    original, copy = address_of(source, "FROM"), address_of(destination, "TO")
    counts = copy_ledger(original, copy)
    numbers = ", ".join(
        f"{count} {_ROWS[table]}" for table, count in counts.items() if count or table == "links"
    )
    sys.stdout.write(f"Copied and compared {numbers}: {original} -> {copy}\n")
