"""Command `check` of both plugins: the account, the rights of its user, and what can be read or written."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from pipedrive_client import DataKind, Expectation, Null
from pipedrive_singer.arguments import ArgumentParser
from pipedrive_singer.command_line import Exit
from pipedrive_singer.config import read_config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipedrive_client import PipedriveClient

_USER = Expectation(kind=DataKind.OBJECT, null=Null.REJECTED)
_PLANS = {20: "Lite", 40: "Growth", 100: "Premium", 120: "Ultimate"}
"""Requests per two seconds of an API token → plan. Source: rate-limit guide, read 2026-11-23."""
_OAUTH_FACTOR = 4
_LABELS = 11
_NARROWEST, _WIDEST = 60, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Account and rights of the user who signs in.

    Attributes:
        user: name of the user.
        email: e-mail address of the user.
        user_id: id of the user.
        company: name of the company.
        company_domain: subdomain of the company.
        company_id: id of the company.
        sign_in: `API token` or `OAuth`.
        scopes: granted OAuth scopes; None for an API token, or if unknown.
        admin_of: apps of which the user is an administrator; `global` includes all.
        plan: name of the plan that has this rate limit; None for another one.
        requests_per_2_seconds: rate limit; None if no response contained it.
        tokens_left: tokens that the company has left today; None if no response contained it.
        tokens_limit: tokens that the company has per day; None if no response contained it.
    """

    user: str
    email: str
    user_id: int | None
    company: str
    company_domain: str
    company_id: int | None
    sign_in: str
    scopes: tuple[str, ...] | None
    admin_of: tuple[str, ...]
    plan: str | None
    requests_per_2_seconds: int | None
    tokens_left: int | None
    tokens_limit: int | None

    @classmethod
    def of(cls, client: PipedriveClient) -> Account:
        """Return the account, with one request besides those of the sign-in.

        Raises:
            PipedriveError: the sign-in or the request failed.

        Source: Users#getCurrentUser.
        """
        scopes = client.granted_scopes()
        response = client.read("/v1/users/me", expected=_USER, cost=2, label="check").json()
        user = response["data"] if isinstance(response, dict) else {}
        access = user.get("access")
        entries = [one for one in access if isinstance(one, dict)] if isinstance(access, list) else []
        admin_of = [str(one.get("app")) for one in entries if one.get("admin") is True]
        if user.get("is_admin") in (1, True) and not admin_of:
            admin_of = ["global"]
        oauth, limit = client.settings.api_token is None, client.burst_limit
        by_token = limit / _OAUTH_FACTOR if oauth and limit else limit
        return cls(
            user=str(user.get("name") or ""),
            email=str(user.get("email") or ""),
            user_id=user.get("id"),
            company=str(user.get("company_name") or ""),
            company_domain=str(user.get("company_domain") or ""),
            company_id=user.get("company_id"),
            sign_in="OAuth" if oauth else "API token",
            scopes=None if scopes is None else tuple(sorted(scopes)),
            admin_of=tuple(admin_of),
            plan=_PLANS.get(int(by_token)) if by_token else None,
            requests_per_2_seconds=limit,
            tokens_left=client.budget.left_today,
            tokens_limit=client.budget.limit_today,
        )

    @property
    def is_admin(self) -> bool:
        """True if the user is an administrator of any app."""
        return bool(self.admin_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Result for one stream, entity or action.

    Attributes:
        name: its name.
        missing: scope, right, plan or add-on that is missing → the part of it that is denied, empty for all
            of it.
    """

    name: str
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Verdicts for streams, entities or actions.

    Attributes:
        title: noun of the kind, such as `Streams`.
        usable: text for those that can be used, such as `selected streams can be read`.
        verdicts: in the order to print them.
        listed: False if only their number is printed.
    """

    title: str
    usable: str
    verdicts: Sequence[Verdict]
    listed: bool = True

    @property
    def noun(self) -> str:
        """Singular of the title."""
        return "entity" if self.title == "Entities" else self.title.lower().removesuffix("s")

    @property
    def denied(self) -> list[Verdict]:
        """Verdicts of those that cannot be used."""
        return [one for one in self.verdicts if one.missing]


def parser(plugin: str, description: str) -> ArgumentParser:
    """Return the parser of the options that both plugins have."""
    made = ArgumentParser(
        prog=f"{plugin} check",
        description=description,
        epilog=f"Example: {plugin} check --config config.json",
    )
    made.add_argument(
        "--config",
        metavar="FILE",
        action="append",
        default=[],
        help="configuration file; ENV reads the settings from environment variables",
    )
    made.add_argument("--json", action="store_true", help="print JSON, for programs")
    return made


def settings_of(paths: Sequence[str]) -> tuple[dict[str, Any], bool]:
    """Return the settings of the configuration files, and whether the environment contains settings too.

    Raises:
        ConfigError: a file cannot be read.
    """
    found: dict[str, Any] = {}
    for path in paths:
        if path != "ENV":
            found |= read_config(path)
    return found, "ENV" in paths or not paths


def show(
    account: Account, groups: Sequence[Group], notes: Sequence[str], client: PipedriveClient, *, as_json: bool
) -> None:
    """Print the result."""
    used = client.usage
    account = replace(account, tokens_left=client.budget.left_today)
    if as_json:
        content: dict[str, object] = {"account": asdict(account)}
        for group in groups:
            content[group.title.lower()] = [
                {"name": one.name, "usable": not one.missing, "missing": dict(one.missing)}
                for one in group.verdicts
            ]
        content |= {"notes": [*notes], "requests": used.requests, "tokens": used.tokens}
        sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    lines = _account_lines(account, width)
    for group in groups:
        lines += ["", *_group_lines(group, width)]
    cost = f"This check used {_count(used.requests, 'request')} and {_count(used.tokens, 'token')}."
    for note in (*notes, cost):
        lines += ["", *textwrap.wrap(note, width)]
    sys.stdout.write("\n".join(lines) + "\n")


def exit_code(groups: Sequence[Group], *, strict: bool) -> Exit:
    """Return the exit code: denied access is an error only if it would end a run."""
    return Exit.DENIED if strict and any(group.denied for group in groups) else Exit.DONE


def _account_lines(account: Account, width: int) -> list[str]:
    rows = {
        "User": f"{account.user} <{account.email}>, id {account.user_id}",
        "Company": f"{account.company}, {account.company_domain}.pipedrive.com",
        "Sign-in": _sign_in(account),
        "Rights": f"administrator ({', '.join(account.admin_of)})"
        if account.is_admin
        else "regular user: Pipedrive shows only the rows that this user may see, and denies "
        "what requires administrator rights",
        "Plan": _plan(account),
        "Tokens": _tokens(account),
    }
    return [line for label, text in rows.items() for line in _labelled(label, text, width)]


def _sign_in(account: Account) -> str:
    if account.scopes is None:
        return account.sign_in if account.sign_in != "OAuth" else "OAuth, with unknown scopes"
    return f"OAuth, scopes {', '.join(account.scopes)}"


def _plan(account: Account) -> str:
    if account.requests_per_2_seconds is None:
        return "unknown: Pipedrive sent no rate limit"
    limit = f"{account.requests_per_2_seconds} requests per 2 seconds"
    return f"{account.plan}, by its limit of {limit}" if account.plan else f"unknown ({limit})"


def _tokens(account: Account) -> str:
    if account.tokens_left is None:
        return "unknown: Pipedrive sent no number of tokens"
    of = f" of {account.tokens_limit:,}" if account.tokens_limit is not None else ""
    return f"{account.tokens_left:,}{of} left today"


def _group_lines(group: Group, width: int) -> list[str]:
    usable = [one.name for one in group.verdicts if not one.missing]
    more = "; --json lists them" if not group.listed else ""
    lines = _labelled(group.title, f"{len(usable)} of {len(group.verdicts)} {group.usable}{more}", width)
    if not group.listed:
        return lines
    lines += _indented(", ".join(usable), width, 2)
    by_reason: dict[str, list[str]] = {}
    for one in group.denied:
        for reason, part in one.missing.items():
            by_reason.setdefault(reason, []).append(f"{one.name} ({part})" if part else one.name)
    if by_reason:
        lines += ["", *_labelled("Denied", _count(len(group.denied), group.noun), width)]
        for reason, names in by_reason.items():
            lines += [*_indented(f"missing {reason}:", width, 2), *_indented(", ".join(names), width, 4)]
    return lines


def _indented(text: str, width: int, by: int) -> list[str]:
    indent = " " * by
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _labelled(label: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=label.ljust(_LABELS),
        subsequent_indent=" " * _LABELS,
        break_on_hyphens=False,
    )


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def scope(scopes: Sequence[str]) -> str:
    """Return the text for missing OAuth scopes, of which one is sufficient."""
    return f"OAuth scope {' or '.join(scopes)}"
