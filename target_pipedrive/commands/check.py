"""Command `target-pipedrive check`: the account, and which streams, entities and actions can be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client.auth.scopes import missing_scopes, required_scopes
from pipedrive_singer import check
from pipedrive_singer.check import Account, Group, Verdict
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.entities import ENTITIES
from target_pipedrive.catalog.names import snake

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipedrive_client import PipedriveClient
    from pipedrive_singer.command_line import Exit
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.settings import Options

_VERBS = {"upsert": ("add", "update"), "add": ("add",), "update": ("update",), "delete": ("delete",)}
"""Setting `write` of a stream → its actions."""
_ADMIN = "admin"
_ALL = ("add", "update", "delete")


def arguments_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command.

    Raises:
        ConfigError: an option is invalid.
    """
    parser = check.parser(
        "target-pipedrive",
        "Show who signs in, the rights of this user, the tokens left today, and what can be written: the "
        "streams of the setting `streams`, or all entities and actions if it is not set. Nothing is written. "
        "Without --config, settings are read from environment variables. Exit codes: 0 success, 1 a request "
        "failed, 2 invalid settings, 3 Pipedrive denied access, also to a stream of the setting `streams`.",
    )
    return parser.parse_args(arguments)


def run(client: PipedriveClient, options: Options, *, as_json: bool) -> Exit:
    """Print the result of the check, and return its exit code.

    Args:
        client: the connection.
        options: the target's settings.
        as_json: True to print JSON.

    Raises:
        PipedriveError: the sign-in or a request failed.
    """
    client.budget.lift()
    try:
        account = Account.of(client)
        streams = [
            Verdict(name=name, missing=_of_stream(name, options, account)) for name in sorted(options.streams)
        ]
        if streams:
            groups = [Group(title="Streams", usable="configured streams can be written", verdicts=streams)]
        else:
            groups = [
                Group(title="Entities", usable="entities can be written", verdicts=[*_entities(account)]),
                Group(
                    title="Actions",
                    usable=f"actions can be performed (Pipedrive removed {_removed()} more)",
                    verdicts=[*_actions(account)],
                    listed=False,
                ),
            ]
        notes = []
        if any(group.denied for group in groups):
            notes.append("Records of what is denied are rejected.")
        check.show(account, groups, notes, client, as_json=as_json)
        return check.exit_code(groups, strict=bool(streams))
    finally:
        client.close()


def _entities(account: Account) -> Iterator[Verdict]:
    for name, entity in sorted(ENTITIES.items()):
        yield Verdict(name=name, missing=_of_entity(entity, _ALL, account))


def _actions(account: Account) -> Iterator[Verdict]:
    for name, action in sorted(ACTIONS.items()):
        if not action.removed_on:
            reason = _of_action(action, account)
            yield Verdict(name=name, missing={reason: ""} if reason else {})


def _removed() -> int:
    return sum(action.removed_on is not None for action in ACTIONS.values())


def _of_stream(name: str, options: Options, account: Account) -> Mapping[str, str]:
    """Return what is missing to write a configured stream."""
    settings = options.streams[name]
    if settings.entity:
        verbs = _VERBS[settings.write] + (("delete",) if options.allow_deletes else ())
        return _of_entity(ENTITIES[settings.entity], verbs, account)
    action = ACTIONS.get(snake(settings.action or ""))
    reason = _of_action(action, account) if action else ""
    return {reason: ""} if reason else {}


def _of_entity(entity: EntitySpec, verbs: Iterable[str], account: Account) -> Mapping[str, str]:
    """Return what is missing for these verbs of an entity, and to read its rows."""
    by_reason: dict[str, list[str]] = {}
    actions = {verb: name for verb in dict.fromkeys(verbs) if (name := getattr(entity, verb)) is not None}
    for verb, name in actions.items():
        if reason := _of_action(ACTIONS[name], account):
            by_reason.setdefault(reason, []).append(verb)
    found = {reason: "" if len(of) == len(actions) else ", ".join(of) for reason, of in by_reason.items()}
    if entity.read and account.scopes is not None and not found:
        scopes = missing_scopes("GET", entity.read.path, frozenset(account.scopes))
        found |= {check.scope(scopes): "lookup"} if scopes else {}
    return found


def _of_action(action: ActionSpec, account: Account) -> str:
    """Return the scope or right that is missing for an action; otherwise empty."""
    needed = required_scopes(action.method, action.path)
    if account.scopes is not None and needed and not set(needed) & {*account.scopes}:
        return check.scope(needed)
    if needed == (_ADMIN,) and not account.is_admin:
        return "administrator rights"
    return ""
