"""Runs of the target that are killed at random points, compared with a clean run."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_pipedrive.settings.address import is_url
from tests.target.helpers import lines_of, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.emulator import Emulator

WITHHELD = {"kind": "slow_after", "seconds": 2}
DOOMED = (3, 4, 5, 6)
TIMES = {"add_time", "update_time", "stage_change_time", "won_time", "lost_time", "close_time", "cc_email"}
TABLES = (
    "deals",
    "products",
    "persons",
    "organizations",
    "notes",
    "deal_products",
    "leads",
    "followers",
    "activities",
)

SCHEMAS = [
    schema("add_deal", "title value person_id"),
    schema("deals", "external_id title value person_id", ["external_id"]),
    schema("organizations", "external_id name", ["external_id"]),
    schema("persons", "external_id name org_id emails", ["external_id"]),
    schema("add_note", "content deal_id"),
    schema("add_deal_product", "id product_id item_price quantity"),
    schema("deal_products", "external_id deal_id product_id item_price quantity", ["external_id"]),
    schema("add_lead", "title person_id"),
    schema("update_deal", "id title"),
    schema("delete_deal", "id"),
    schema("add_activity", "subject deal_id"),
    schema("merge_organizations", "id merge_with_id"),
    schema("products", "code name"),
]


class Launcher:
    """Starts runs of the target that can be killed; `process` forks them."""

    def __init__(self, process, config, folder):
        self.process = process
        self.config = config
        self.folder = folder
        self.output = folder / "output.txt"

    def run(self, source, *, ledger, until=None, every=0.001, disk_seconds=0, **config):
        """Return the exit status of a run, killed as soon as `until`, called again and again, is true."""
        settings = {
            **self.config,
            "ledger_url" if is_url(str(ledger)) else "ledger_path": str(ledger),
            "rejects_path": str(self.folder / "rejects.singer"),
            **config,
        }
        self.output.unlink(missing_ok=True)
        order = {
            "config": settings,
            "input": str(source),
            "output": str(self.output),
            "disk_seconds": disk_seconds,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline().split()[1])
        if until is not None:
            while not select.select([self.process.stdout], [], [], every)[0]:
                if until():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                    break
        return int(self.process.stdout.readline().split()[1])

    def states(self):
        """Every STATE that the last run emitted."""
        lines = self.output.read_text().splitlines() if self.output.exists() else []
        return [json.loads(line) for line in lines if line.startswith('{"n"')]


def mixed(size, seed=1, *, alike=True):
    """Adds, updates, deletes, with and without keys; if `alike`, some without have the same content."""
    mixture = _Mixture(random.Random(seed), alike=alike)
    return [*SCHEMAS, *(message for number in range(size) for message in mixture.of(number))]


class _Mixture:
    """Messages of random kinds, with values that depend on their number."""

    def __init__(self, dice, *, alike):
        self._dice = dice
        # Every third deal equals another one: only their number distinguishes them.
        self._third, self._half = (3, 2) if alike else (1, 1)
        self._fresh = iter(range(10**6))
        self._doomed, self._absorbed = iter(DOOMED), iter((9, 10, 11))

    def of(self, number):
        kinds = (
            *(self._deal_without_key, self._deal_without_key, self._person, self._deal, self._deal),
            *(self._note, self._lines, self._lead, self._update, self._update),
            *(self._delete_or_merge, self._activity, self._product),
        )
        yield from kinds[self._dice.randrange(len(kinds))](number)
        if number % 25 == 0:
            yield state({"n": number})

    def _deal_without_key(self, number):
        return [record("add_deal", title=f"Deal {number // self._third}", value=number // self._third)]

    def _person(self, _):
        """A person and its organization, in any order."""
        key = next(self._fresh)
        organization = {"external_id": f"o{key}"}
        both = [
            record("organizations", external_id=f"o{key}", name=f"Org {key}"),
            record("persons", external_id=f"p{key}", name=f"Person {key}", org_id=organization),
        ]
        return both if self._dice.random() < 0.5 else both[::-1]

    def _deal(self, number):
        return [record("deals", external_id=f"d{number % 40}", title=f"Ext {number}", value=number)]

    def _note(self, number):
        return [record("add_note", content=f"<p>Note <b>{number // self._half}</b></p>", deal_id=1)]

    def _lines(self, number):
        """One product of a deal, or eight, of which the last two repeat the first two, with changes."""
        for extra in range(self._dice.choice((1, 8))):
            line = {"product_id": 1, "item_price": number * 10 + extra, "quantity": 1}
            if number % 2:
                yield record("add_deal_product", id=7, **line)
            else:
                yield record("deal_products", external_id=f"l{number}-{extra % 6}", deal_id=8, **line)

    def _lead(self, number):
        return [record("add_lead", title=f"Lead {number // self._half}", person_id=1)]

    def _update(self, number):
        return [record("update_deal", id=self._dice.choice((1, 2, 8)), title=f"Title {number}")]

    def _delete_or_merge(self, _):
        """An update and a delete of one row, or a merge, as long as there are rows for it."""
        if self._dice.random() < 0.5:
            gone = next(self._doomed, None)
            if gone is None:
                return []
            return [record("update_deal", id=gone, title="Soon gone"), record("delete_deal", id=gone)]
        organization = next(self._absorbed, None)
        if organization is None:
            return []
        return [record("merge_organizations", id=organization, merge_with_id=1)]

    def _activity(self, number):
        return [record("add_activity", subject=f"Call {number // self._half}", deal_id=2)]

    def _product(self, number):
        return [record("products", code=f"c{number % 40}", name=f"Product {number}")]


def content(dump):
    """Return the account without times and the numbers of new rows, which depend on the order."""
    tables = dump["tables"]
    names = {}
    for table, label in (("persons", "name"), ("organizations", "name"), ("deals", "title")):
        names[table] = {one["id"]: one[label] for one in tables[table]}
    # Records rejected before their end are too late after it.
    names["deals"] |= {one["id"]: "doomed" for one in tables["deals"] if one["id"] in DOOMED}
    found = {}
    for table in TABLES:
        rows_ = []
        for one in tables[table]:
            plain = {name: value for name, value in one.items() if name not in TIMES and name != "id"}
            for column, other in (
                ("person_id", "persons"),
                ("org_id", "organizations"),
                ("deal_id", "deals"),
            ):
                if plain.get(column) is not None:
                    plain[column] = names[other].get(plain[column], plain[column])
            if table == "products":
                plain["prices"] = [{**price, "product_id": None} for price in one["prices"]]
            if table == "deals" and one["id"] in DOOMED:
                plain["title"] = names[table][one["id"]]
            plain.pop("order_nr", None)
            plain.pop("uuid", None)
            rows_.append(json.dumps(plain, sort_keys=True, default=str))
        found[table] = Counter(rows_)
    return found


def assert_same(held, wanted):
    for table in TABLES:
        missing = [json.loads(one) for one in (wanted[table] - held[table]).elements()]
        extra = [json.loads(one) for one in (held[table] - wanted[table]).elements()]
        differing = [
            {name: (row.get(name), other.get(name)) for name in row if row.get(name) != other.get(name)}
            for row, other in zip(missing, extra, strict=False)
        ]
        assert len(missing) + len(extra) == 0, (table, missing, extra, differing)


def hopeless(line):
    """Return whether a reject would change a deal that the input deletes later, so it fails in every run."""
    reject = json.loads(line)
    return reject.get("stream") == "update_deal" and reject.get("record", {}).get("id") in DOOMED


def requests(small):
    return sum(small.requests().values())


@dataclass
class Campaign:
    """One input, the result of a clean run, and runs that are killed before the end.

    `new_ledger` returns the URL of a new ledger: then the folder of a killed run is deleted.
    """

    small: Emulator
    launcher: Launcher
    folder: Path
    messages: list
    seed: int
    new_ledger: Callable[[], str] | None = None
    wanted: dict = field(default_factory=dict)
    whole: int = 0
    status: int = 0
    emitted: list = field(default_factory=list)

    def __post_init__(self):
        self.dice = random.Random(self.seed)
        self.source = self.folder / "input.singer"
        self.source.write_text(lines_of(self.messages))
        assert self.launcher.run(self.source, ledger=self.ledger("clean")) == 0, self.output
        self.whole = requests(self.small)
        self.wanted = content(self.small.dump())

    @property
    def output(self):
        return self.launcher.output.read_text()[-3000:]

    def ledger(self, name):
        """Return where a new ledger is."""
        return self.new_ledger() if self.new_ledger else self.folder / f"ledger-{name}.sqlite"

    def kill_one(self, number, faults=(), after=1):
        """A run killed at a random request, whose response is withheld until then; its ledger."""
        for attempt in range(5):  # in another order, a run may need fewer requests than the clean one
            self.small.reset()
            point = {"operation": "*", "nth": self.dice.randrange(after, self.whole), **WITHHELD}
            self.small.post("/_emulator/faults", [*faults, point])
            ledger = self.ledger(f"{number}-{attempt}")
            status = self.launcher.run(self.source, ledger=ledger, until=self.is_reached, every=0.005)
            if status == signal.SIGKILL:
                break
        assert status == signal.SIGKILL
        self.emitted = self.launcher.states()
        if self.new_ledger:
            shutil.rmtree(self.launcher.folder)
            self.launcher.folder.mkdir()
        self.status = os.waitstatus_to_exitcode(status)
        return ledger

    def is_reached(self):
        """Return whether the request at which the run is killed was received."""
        return self.small.get("/_emulator/faults")["rules"][-1]["struck"] > 0

    def complete(self, source, ledger, status=None):
        """Run until a run succeeds, with the rejects of one as input of the next, as a user would.

        `status` is the exit code of the previous run.
        """
        rejected = False
        for _ in range(6):
            if status == 1:
                rejected = True
                source = self.folder / "again.singer"
                newest = max(
                    self.launcher.folder.glob("rejects*.singer"), key=lambda one: one.stat().st_mtime_ns
                )
                kept = [line for line in newest.read_text().splitlines() if not hopeless(line)]
                source.write_text("".join(f"{line}\n" for line in kept))
                newest.unlink()
            status = os.waitstatus_to_exitcode(self.launcher.run(source, ledger=ledger))
            if status == 0:
                break
        assert status == 0, self.output
        if rejected:
            self.bring_up_to_date(ledger)
        assert_same(content(self.small.dump()), self.wanted)

    def bring_up_to_date(self, ledger):
        """Send the newest values again: a rejected update was replayed after newer ones of its row."""
        newest = {}
        for one in self.messages:
            values = one.get("record")
            if values is None:
                continue
            if one["stream"] == "update_deal" and values["id"] in (1, 2, 8):
                newest[values["id"]] = one
            elif one["stream"] in ("deals", "products", "deal_products"):
                newest[one["stream"], values.get("external_id") or values.get("code")] = one
        schemas = [one for one in self.messages if one["type"] == "SCHEMA"]
        source = self.folder / "newest.singer"
        source.write_text(lines_of(schemas, list(newest.values())))
        self.small.post("/_emulator/faults", [])
        assert self.launcher.run(source, ledger=ledger) == 0, self.output

    def kill_and_repeat(self, kills, faults=lambda: ()):
        """Kill runs, and repeat the whole input after each."""
        for number in range(kills):
            ledger = self.kill_one(number, faults())
            self.complete(self.source, ledger, self.status)

    def kill_and_resume(self, kills, *, first=150):
        """Kill runs, and continue after the last emitted STATE of each, as a scheduler does.

        `first` is the number of requests after which every run has emitted a STATE.
        """
        schemas = [one for one in self.messages if one["type"] == "SCHEMA"]
        rest = self.folder / "rest.singer"
        for number in range(kills):
            ledger = self.kill_one(number, after=first)
            at = self.messages.index({"type": "STATE", "value": self.emitted[-1]}) + 1
            rest.write_text(lines_of(schemas, self.messages[at:]))
            self.complete(rest, ledger)
