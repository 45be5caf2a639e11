"""Expected responses of an account: those of an emulated one, in both dialects, and the description.

The shapes of the emulator's responses are files of the repository, so that a check needs no emulator.
`python -m tests.live.expected` writes them again after the emulator was changed.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipedrive_client import ClientSettings, PipedriveClient
from tests.live.comparison import Expected, is_about_limits
from tests.live.probing.journal import Journal
from tests.live.probing.run import Findings, ask_by_reads, ask_by_writes, in_general
from tests.live.probing.sandbox import Sandbox, Taken
from tests.live.published import places_of
from tests.live.shapes import Place, Shape, merged, parent_of, shape_of
from tests.live.survey import Survey
from tests.live.wire import Wire
from tests.support.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.live.wire import Answer

DIALECTS = ("published", "observed")
SIZES = (1, 200)
"""Page sizes of the emulated lists: a page with a next one, and a complete list."""
PARENTS = 8
TERMS = ("an", "er", "ra", "12")
SEEDS = ("empty", "small", "medium")
"""Sizes of the emulated accounts: without rows, and large enough to lack each value somewhere."""
OF_WRITES = ("small", "empty")
"""Sizes of the accounts that are written to; the first one settles the questions."""
FOLDER = Path(__file__).parents[1] / "resources" / "live"
FAILING = (
    ("a row that does not exist", "/api/v2/deals/999999999"),
    ("a sort column that does not exist", "/api/v2/deals?sort_by=nothing"),
    ("a page without rows", "/api/v2/deals?limit=0"),
    ("an unpublished path", "/api/v2/nothing"),
    ("a v1 row that does not exist", "/v1/notes/999999999"),
    ("a v1 id of the wrong form", "/v1/leads/0"),
    ("an unpublished v1 path", "/v1/nothing"),
)
"""Reads that fail in every account, which show the form of errors."""


@dataclass(slots=True)
class Emulated:
    """Responses of an emulated account.

    Attributes:
        shapes: shape of the responses of each operation, by path.
        errors: status and shape of the body of each read of `FAILING`.
        answers: findings, by question.
        taken: responses to writes, by description.
        headers: headers of successful responses, with the kinds of their values.
    """

    shapes: dict[str, Shape] = field(default_factory=dict)
    errors: dict[str, tuple[int, Shape]] = field(default_factory=dict)
    headers: dict[str, set[str]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)


def emulate(dialect: str, seeds: Sequence[str] = SEEDS) -> Emulated:
    """Return the responses of emulated accounts.

    Args:
        dialect: dialect of the emulator.
        seeds: sizes of the accounts.
    """
    shapes: dict[str, list[Shape]] = {}
    found = Emulated()
    for seed in seeds:
        with (
            Emulator("--burst", "0", "--dialect", dialect, seed=seed) as emulator,
            PipedriveClient(ClientSettings.from_config(emulator.config())) as client,
        ):
            wire = Wire(client)
            survey = Survey(wire, sizes=SIZES, parents=PARENTS, every_parent=True, terms=TERMS)
            for seen in survey.reads():
                assert seen.reads, f"{seen.listed.label} was refused"
            for path, seen in survey.seen.items():
                shapes.setdefault(path, []).append(seen.shape)
            found.errors = {name: (answer.status, shape_of(answer.body)) for name, answer in failures(wire)}
            found.headers = {name: kinds for name, kinds in wire.headers.items() if is_about_limits(name)}
    found.shapes = {path: merged(many) for path, many in shapes.items()}
    found.errors |= _denials(dialect)
    findings, *others = (_findings(dialect, seed) for seed in OF_WRITES)
    found.answers, found.taken = findings.answers, findings.taken
    for other in others:
        for label, taken in other.taken.items():
            known = found.taken.setdefault(label, taken)
            if known.status == taken.status:
                known.shape = merged([known.shape, taken.shape])
    return found


def _findings(dialect: str, seed: str) -> Findings:
    """Return the findings of an emulated account."""
    findings = Findings()
    with (
        Emulator("--burst", "0", "--dialect", dialect, seed=seed) as emulator,
        PipedriveClient(ClientSettings.from_config(emulator.config())) as client,
    ):
        wire = Wire(client)
        me = wire.send("GET", "/v1/users/me").body["data"]["id"]
        ask_by_reads(wire, findings, lambda _: None)
        ask_by_writes(Sandbox(wire, Journal(None), ""), me, findings, lambda _: None)
        assert not findings.left
    # An emulator's delays depend on the machine.
    findings.answers = {question: in_general(answer) for question, answer in findings.answers.items()}
    return findings


def _denials(dialect: str) -> dict[str, tuple[int, Shape]]:
    """Return the errors of an account that denies access: a missing scope, and a wrong token."""
    with Emulator("--burst", "0", "--dialect", dialect, "--scopes", "base", seed="empty") as emulator:
        app = {
            "client_id": "emulator-client",
            "client_secret": "emulator-secret",
            "refresh_token": "emulator-refresh-token",
            "oauth_token_url": f"{emulator.url}/oauth/token",
            "api_url": emulator.url,
        }
        with PipedriveClient(ClientSettings.from_config(app)) as client:
            scope = Wire(client).send("GET", "/api/v2/deals")
        wrong = {"api_token": "wrong", "api_url": emulator.url}
        with PipedriveClient(ClientSettings.from_config(wrong)) as client:
            token = Wire(client).send("GET", "/api/v2/deals", end=False)
    return {name: (one.status, shape_of(one.body)) for name, one in (("scope", scope), ("token", token))}


def file_of(dialect: str) -> Path:
    """Return the file with the responses of one dialect."""
    return FOLDER / f"{dialect}.json"


def packed_text(emulated: Emulated) -> str:
    """Return the content of the file with the responses of one dialect."""
    lines = [f"{_json(path)}: {_json(_packed(shape))}" for path, shape in sorted(emulated.shapes.items())]
    errors = {name: [status, _packed(shape)] for name, (status, shape) in emulated.errors.items()}
    headers = {name: sorted(kinds) for name, kinds in sorted(emulated.headers.items())}
    taken = {
        name: [one.method, one.path, one.status, one.code, _packed(one.shape)]
        for name, one in emulated.taken.items()
    }
    parts = {"errors": errors, "headers": headers, "answers": emulated.answers}
    head = ",\n".join(f"{_json(name)}: {_json(part)}" for name, part in parts.items())
    writes = ",\n".join(f"{_json(name)}: {_json(one)}" for name, one in taken.items())
    content = ",\n".join(lines)
    return f'{{{head},\n"writes": {{\n{writes}\n}},\n"shapes": {{\n{content}\n}}}}\n'


def write() -> None:
    """Write what the emulator sends into the repository."""
    with ProcessPoolExecutor() as pool:
        for dialect, emulated in zip(DIALECTS, pool.map(emulate, DIALECTS), strict=True):
            file_of(dialect).write_text(packed_text(emulated), encoding="utf-8")


@cache
def recorded(dialect: str) -> Emulated:
    """Return the responses of one dialect, as the repository contains them."""
    content = json.loads(file_of(dialect).read_text(encoding="utf-8"))
    return Emulated(
        shapes={path: _unpacked(shape) for path, shape in content["shapes"].items()},
        errors={name: (status, _unpacked(shape)) for name, (status, shape) in content["errors"].items()},
        headers={name: set(kinds) for name, kinds in content["headers"].items()},
        answers=content["answers"],
        taken={
            name: Taken(method, path, status, code, _unpacked(shape))
            for name, (method, path, status, code, shape) in content["writes"].items()
        },
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _packed(shape: Shape) -> dict[str, str]:
    """Return a shape as text: `+` if every object has the key, `.` if the value itself is ever an object."""
    found = {}
    for path, place in sorted(shape.items()):
        always = place.present >= shape[parent_of(path)].objects
        marks = ("+" if always else "") + ("." if place.objects else "")
        found[path] = f"{marks}{'|'.join(sorted(place.kinds))}"
    return found


def _unpacked(packed: dict[str, str]) -> Shape:
    found: Shape = {}
    for path, text in packed.items():
        kinds = text.lstrip("+.")
        marks = text[: len(text) - len(kinds)]
        # Of two objects, one or both have the key; more is not needed for comparisons.
        found[path] = Place(set(kinds.split("|")), 2 if "+" in marks else 1, 2 if "." in marks else 0)
    return found


def failures(wire: Wire) -> Iterator[tuple[str, Answer]]:
    """Yield the response to each read of `FAILING`."""
    for name, path in FAILING:
        yield name, wire.send("GET", path, cost=1, label="errors")


def expected_of(path: str) -> Expected:
    """Return the knowledge about the operation at a path."""
    published, observed = (recorded(dialect).shapes.get(path, {}) for dialect in DIALECTS)
    return Expected(published, observed, places_of(path))


def known_errors() -> Shape:
    """Return one shape for the bodies of all errors that are known."""
    return merged([shape for one in DIALECTS for _, shape in recorded(one).errors.values()])


if __name__ == "__main__":
    write()
