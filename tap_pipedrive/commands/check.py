"""Command `tap-pipedrive check`: the account, and which selected streams can be read."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import ConfigError, Expectation, NotFound, Null
from pipedrive_singer import check
from pipedrive_singer.check import Account, Group, Verdict
from tap_pipedrive.state.access import ACCESS_ERRORS
from tap_pipedrive.state.input_catalog import catalog_of
from tap_pipedrive.sync.scopes import scopes_lacking

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk.singerlib import Catalog

    from pipedrive_singer.command_line import Exit
    from tap_pipedrive.catalog.spec import Read, StreamSpec
    from tap_pipedrive.context import TapContext

_SELECT = "TAP_PIPEDRIVE__SELECT"
"""Variable in which Meltano passes `select` of the plugin."""
_ADMIN = "administrator rights"


def arguments_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of the command.

    Raises:
        ConfigError: an option is invalid.
    """
    parser = check.parser(
        "tap-pipedrive",
        "Show who signs in, the rights of this user, the tokens left today, and which of the selected "
        "streams can be read. Without --config, settings are read from environment variables. Exit codes: 0 "
        "success, 1 a request failed, 2 invalid settings, 3 Pipedrive denied access (to a stream only with "
        "strict_access).",
    )
    parser.add_argument(
        "--catalog", metavar="FILE", help="catalog with the selection; default: all default streams"
    )
    return parser.parse_args(arguments)


def catalog_in(path: str | None) -> object:
    """Return the JSON of the catalog file; None without one.

    Raises:
        ConfigError: the file cannot be read.
    """
    if path is None:
        return None
    try:
        with Path(path).open(encoding="utf-8") as file:
            return catalog_of(file)
    except OSError as error:
        msg = f"The catalog file {path} cannot be read: {error.strerror}."
        raise ConfigError(msg) from error


def run(context: TapContext, catalog: Catalog | None, *, as_json: bool) -> Exit:
    """Print the result of the check, and return its exit code.

    Args:
        context: context of a tap that has requested nothing.
        catalog: the selection; None uses the selection of Meltano, otherwise the default streams.
        as_json: True to print JSON.

    Raises:
        PipedriveError: the sign-in or a request failed.
    """
    client = context.client
    client.budget.lift()
    try:
        account = Account.of(client)
        names = selected(context.specs, catalog)
        missing = _missing(context, account, names)
        group = Group(
            title="Streams",
            usable="selected streams can be read",
            verdicts=[Verdict(name=name, missing=missing.get(name, {})) for name in names],
        )
        strict = bool(context.config.get("strict_access"))
        notes = []
        if group.denied:
            notes.append(
                "A run ends with exit code 3 because of denied streams (strict_access)."
                if strict
                else "A run leaves denied streams out, with a warning. With strict_access it ends with exit "
                "code 3."
            )
        check.show(account, [group], notes, client, as_json=as_json)
        return check.exit_code([group], strict=strict)
    finally:
        client.close()


def selected(specs: Mapping[str, StreamSpec], catalog: Catalog | None) -> list[str]:
    """Return the names of the selected streams, in the order of names."""
    if catalog is not None:
        chosen = {entry.tap_stream_id for entry in catalog.streams if entry.metadata.resolve_selection()[()]}
        return sorted(chosen & specs.keys())
    if patterns := _patterns():
        return sorted(name for name in specs if _matches(name, patterns))
    return sorted(name for name, spec in specs.items() if spec.selected_by_default)


def _patterns() -> list[str]:
    """Return the patterns of Meltano's `select`; empty without them."""
    try:
        found = json.loads(os.environ.get(_SELECT) or "[]")
    except ValueError:
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Return True if a pattern selects an attribute of the stream, and none excludes the whole stream."""
    included = any(fnmatchcase(name, one.split(".")[0]) for one in patterns if not one.startswith("!"))
    excluded = (one[1:].split(".") for one in patterns if one.startswith("!"))
    return included and not any(
        fnmatchcase(name, parts[0]) and parts[1:] in ([], ["*"]) for parts in excluded
    )


def _missing(context: TapContext, account: Account, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return stream → the missing scope, right, plan or add-on, for those that cannot be read."""
    granted = None if account.scopes is None else frozenset(account.scopes)
    found: dict[str, dict[str, str]] = {}
    features: dict[str, str] = {}
    for name in names:
        for spec in _with_parents(context.specs, name):
            if reason := _reason(context, spec, granted, account, features):
                found[name] = {reason: "" if spec.name == name else f"through its parent {spec.name}"}
                break
    return found


def _with_parents(specs: Mapping[str, StreamSpec], name: str) -> Iterator[StreamSpec]:
    """Yield the stream, and the streams whose rows it is read from."""
    spec = specs.get(name)
    while spec is not None:
        yield spec
        spec = specs.get(spec.parent.stream) if spec.parent else None


def _reason(
    context: TapContext,
    spec: StreamSpec,
    granted: frozenset[str] | None,
    account: Account,
    features: dict[str, str],
) -> str:
    """Return the missing scope, right or add-on of a stream, apart from its parents; otherwise empty.

    Args:
        context: context of the tap.
        spec: the stream.
        granted: granted scopes; None if scopes do not apply or are unknown.
        account: the account.
        features: plan or add-on → what is missing; each is requested once.
    """
    defined_by = spec.custom_fields if context.field_mode.needs_definitions else None
    if granted is not None and (scopes := scopes_lacking(spec, granted, defined_by)):
        return check.scope(scopes)
    if not spec.needs:
        return ""
    if spec.needs == _ADMIN:
        return "" if account.is_admin else _ADMIN
    if spec.needs not in features:
        features[spec.needs] = _probe(context, spec.needs, granted)
    return features[spec.needs]


def _probe(context: TapContext, needs: str, granted: frozenset[str] | None) -> str:
    """Request one row of a list that requires a plan or an add-on; return what is missing, or nothing."""
    lists = [
        min(spec.reads, key=lambda read: read.cost)
        for spec in context.specs.values()
        if spec.needs == needs
        and spec.parent is None
        and not spec.settings
        and not (granted is not None and scopes_lacking(spec, granted))
    ]
    if not lists:
        return ""
    try:
        _ask(context, min(lists, key=lambda read: read.cost))
    except (*ACCESS_ERRORS, NotFound):
        return needs
    return ""


def _ask(context: TapContext, read: Read) -> None:
    pages = context.client.pages(
        read.path,
        params=read.params,
        paging=read.paging,
        page_size=1 if read.page_size else None,
        cost=read.cost,
        label="check",
        prefetch=0,
        expected=Expectation(kind=read.kind, records=read.records, null=Null.CONFIRMED),
    )
    next(pages, None)
    pages.close()
