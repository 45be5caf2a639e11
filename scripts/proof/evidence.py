"""Runs of the tap over every stream and of the target over every action, with the emulator's request log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.claims import actions, place
from tap_pipedrive.catalog import STREAMS
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.catalog.names import snake
from target_pipedrive.catalog.raw_request import RAW_REQUEST
from tests.support.records import Account
from tests.support.settings import ALL_STREAMS, wake
from tests.support.singer import run_tap
from tests.target.helpers import Loader, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.emulator import Emulator
    from tests.support.singer import Output

RAW_STREAM = {"name": "any_request", "path": "/v1/currencies", "keys": ["id"]}
_RAW_RECORD = {"method": "POST", "path": "/api/v2/deals", "body": {"title": "By hand"}}
_SIGN_IN = {
    "client_id": "emulator-client",
    "client_secret": "emulator-secret",
    "refresh_token": "emulator-refresh-token",
}
_SUBSCRIPTIONS = {"subscriptions": [1, 2], "deal_subscriptions": [1], "subscription_payments": [1]}


@dataclass
class Seen:
    """Operations that one run requested: the successful ones, and the others with their statuses."""

    answered: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, emulator: Emulator) -> Seen:
        """Return the operations in the request log."""
        seen = cls()
        for name, entry in emulator.log()["operations"].items():
            where = place(*name.split(" ", 1))
            if any(status.startswith("2") for status in entry["statuses"]):
                seen.answered.add(where)
            else:
                seen.refused[where] = ", ".join(entry["statuses"])
        return seen

    @property
    def asked(self) -> set[str]:
        """All requested operations, successful or not."""
        return self.answered | self.refused.keys()


@dataclass
class Reading:
    """A run of the tap.

    Attributes:
        seen: operations it requested.
        columns: stream → columns with a value in at least one record; streams without records are
            missing.
        records: how many records it wrote.
    """

    seen: Seen
    columns: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    records: int = 0

    @classmethod
    def of(cls, emulator: Emulator, out: Output) -> Reading:
        """Return the reading according to the log and the output of a run."""
        found = cls(Seen.of(emulator))
        for stream, records in out.records.items():
            found.records += len(records)
            for record in records:
                found.columns[stream] |= {name for name, value in record.items() if value is not None}
        return found


@dataclass(frozen=True)
class Writing:
    """One record of the target.

    Attributes:
        action: name of the action.
        stream: name the record came under.
        full: whether it had every column, not only the required ones.
        outcome: how it ended, in the words of the results file.
        error: why it failed.
        seen: operations requested for it.
        changed: tables of the account that differ from before; only for full records.
    """

    action: str
    stream: str
    full: bool
    outcome: str
    error: str
    seen: Seen
    changed: frozenset[str]


@dataclass
class Evidence:
    """All runs."""

    lists: Reading
    by_id: Reading
    sign_in: Reading
    writings: list[Writing]


def read_lists(emulator: Emulator, folder: Path, *, url: str = "") -> tuple[Reading, Output]:
    """Return a run of the tap over every stream, and over one of the setting `raw_requests`."""
    emulator.reset()
    wake(emulator)
    emulator.post("/_emulator/log/clear")
    config = _config(emulator, url, files_dir=str(folder), raw_requests=[RAW_STREAM], **ALL_STREAMS)
    out = run_tap(config, *STREAMS, str(RAW_STREAM["name"]))
    return Reading.of(emulator, out), out


def read_by_id(emulator: Emulator, known: Output, *, url: str = "") -> tuple[Reading, Output]:
    """Return a run over single rows: one row from the list of each stream that can read single rows."""
    ids = {**_SUBSCRIPTIONS, **one_id_each(known)}
    emulator.post("/_emulator/log/clear")
    out = run_tap(_config(emulator, url, record_ids=ids), *ids)
    return Reading.of(emulator, out), out


def one_id_each(known: Output) -> dict[str, list[object]]:
    """Return a row's id, as the setting `record_ids` takes it, of each stream that can read a single row."""
    ids = {}
    for spec in STREAMS.values():
        if spec.single and known.records[spec.name]:
            wanted = spec.single.placeholders[0]
            column = wanted if wanted in spec.schema else spec.primary_keys[0]
            ids[spec.name] = [known.records[spec.name][0][column]]
    return ids


def read_signed_in(emulator: Emulator) -> Reading:
    """Return a run that signs in with OAuth."""
    emulator.post("/_emulator/log/clear")
    settings = {"api_url": emulator.url, "oauth_token_url": f"{emulator.url}/oauth/token", **_SIGN_IN}
    return Reading.of(emulator, run_tap(settings, "currencies"))


def write_each(emulator: Emulator, folder: Path, *, url: str = "", full: bool) -> Iterator[Writing]:
    """Yield a run of the target for each action, on an account that is as it was seeded.

    Without `full` the record has only the required columns, and its stream has the name that integration
    platforms use, if they offer the action.
    """
    emulator.reset()
    before = emulator.dump()["tables"]
    account = Account(before)
    names = {} if full else {snake(name): name for name in actions()}
    cases = [(spec.name, account.record(spec, every=full)) for spec in ACTIONS.values()]
    for name, record in [*cases, (RAW_REQUEST, _RAW_RECORD)]:
        emulator.reset()
        own = folder / f"{name}-{'full' if full else 'required'}"
        own.mkdir()
        stream = names.get(name, name)
        run = Loader(_config(emulator, url), own)(rows(stream, record))
        result = run.results[0] if run.results else {"outcome": "failed", "error": str(run.error)}
        after = emulator.dump()["tables"] if full else {}
        yield Writing(
            action=name,
            stream=stream,
            full=full,
            outcome=result["outcome"],
            error=result["error"] or "",
            seen=Seen.of(emulator),
            changed=frozenset(table for table in after if after[table] != before.get(table)),
        )


def gather(emulator: Emulator, folder: Path, tell: Callable[[str], None]) -> Evidence:
    """Return all evidence, from an emulator started with `--legacy`; `tell` gets the current step."""
    tell(f"the tap reads {len(STREAMS)} streams")
    lists, out = read_lists(emulator, folder)
    tell("the tap reads single rows, and signs in")
    by_id, _ = read_by_id(emulator, out)
    sign_in = read_signed_in(emulator)
    tell(f"the target performs {len(ACTIONS)} actions, twice each")
    writings = [one for full in (False, True) for one in write_each(emulator, folder, full=full)]
    return Evidence(lists, by_id, sign_in, writings)


def _config(emulator: Emulator, url: str, **settings: object) -> dict[str, object]:
    return {**emulator.config(**settings), "api_url": url or emulator.url}
