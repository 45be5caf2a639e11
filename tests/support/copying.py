"""Copies of one account into another by the processes `tap-pipedrive | target-pipedrive`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from tests.support.accounts import Copy
from tests.support.emulator import TOKEN
from tests.support.forking import forking
from tests.support.singer import discover
from tests.support.starting import Started

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.emulator import Emulator

RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "migrate-an-account.md"


def blocks(language: str) -> list[str]:
    """Return the blocks of the recipe in a language, in their order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", RECIPE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


STREAMS = blocks("sh")[0].split("'END'\n")[1].removesuffix("END\n").split()
"""All streams that can be written to another account, as listed in the recipe."""
SETTINGS = {"foreign_ids": True, "missing_references": "leave_out"}
_WRITES = ("POST ", "PUT ", "PATCH ", "DELETE ")


def catalog_of(config: dict[str, Any], streams: Iterable[str] = STREAMS) -> dict[str, Any]:
    """Return the catalog that selects these streams, and no others."""
    wanted = set(streams)
    catalog = discover(config)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] in wanted
    return catalog


def invite_colleagues(source: Emulator, target: Emulator) -> None:
    """Invite all users to the new account, as an administrator does first."""
    there = {row["email"] for row in target.rows("users")}
    for row in reversed(source.rows("users")):  # so that their ids differ
        if row["email"] not in there and not row["is_deleted"]:
            target.post("/v1/users", {"email": row["email"]})


def writes(emulator: Emulator) -> int:
    """Return the number of writing requests so far."""
    return sum(count for name, count in emulator.requests().items() if name.startswith(_WRITES))


def bytes_of(emulator: Emulator, file_id: object) -> bytes:
    """Return the content of a file of the account."""
    asked = Request(f"{emulator.url}/v1/files/{file_id}/download", headers={"x-api-token": TOKEN})
    with urlopen(asked) as answer:
        return bytes(answer.read())


class Copying:
    """Copy of `source` into `target`, at `url` if there is a proxy; its files are in `folder`."""

    def __init__(self, source: Emulator, target: Emulator, folder: Path, *, url: str = "") -> None:
        self.source, self.target, self.folder = source, target, folder
        folder.mkdir(exist_ok=True)
        self.ledger = folder / "ledger.sqlite"
        files = str(folder / "files")
        config = source.config(files_dir=files)
        catalog = self._write("catalog.json", catalog_of(config))
        checking = {**config, "validate_records": True}
        self.tap_arguments = ["--config", self._write("source.json", checking), "--catalog", catalog]
        settings = {
            **target.config(**SETTINGS),
            "api_url": url or target.url,
            "files_dir": files,
            "ledger_path": str(self.ledger),
            "rejects_path": str(folder / "rejects.singer"),
            "results_path": str(folder / "results.jsonl"),
        }
        self.settings = settings
        self.target_arguments = ["--config", self._write("target.json", settings)]
        self.state: Any = None
        self.started = 0

    def prepare(self) -> None:
        """Reset the target to an empty account with the colleagues in it."""
        self.target.reset()
        for path in self.folder.glob("ledger.sqlite*"):
            path.unlink()
        self.state = None
        invite_colleagues(self.source, self.target)
        self.before = self.target.dump()

    def _write(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def run(self, *, seconds: float | None = None, end: str = "both", with_state: bool = False) -> int | None:
        """Run the copy and return the target's exit code; None if it was killed after the given time."""
        arguments = self.tap_arguments
        if with_state and self.state is not None:
            arguments = [*arguments, "--state", self._write("state.json", self.state)]
        self.started += 1
        log = (self.folder / f"log-{self.started}.txt").open("wb")
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with log:
            tap = Started("tap_pipedrive", *arguments, stderr=log, env=environment)
            assert tap.stdout
            target = Started(
                "target_pipedrive", *self.target_arguments, stdin=tap.stdout, stderr=log, env=environment
            )
            tap.stdout.close()
            killed = False
            try:
                out, _ = target.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                killed = True
                if end in ("tap", "both"):
                    tap.kill()
                if end in ("target", "both"):
                    target.kill()
                out, _ = target.communicate()
            tap.wait()
        for line in out.splitlines(keepends=True):
            if line.endswith(b"\n"):
                with contextlib.suppress(ValueError):
                    self.state = json.loads(line)
        return None if killed else target.returncode or tap.returncode

    def read(self) -> bytes:
        """Return the output of a run of the tap."""
        done = forking("tap_pipedrive").finish(self.folder, *self.tap_arguments)
        done.check_returncode()
        return done.stdout

    def write(self, content: bytes, config: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        """Return the finished run of the target over this input, with its settings or those of a file."""
        arguments = self.target_arguments if config is None else ["--config", str(config)]
        return forking("target_pipedrive").finish(self.folder, *arguments, content=content)

    def results(self) -> list[dict[str, Any]]:
        """Return the results of the last run."""
        path = self.folder / "results.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def told(self) -> str:
        """Return the stderr of the last run."""
        return (self.folder / f"log-{self.started}.txt").read_text()

    def differences(self) -> list[str]:
        """Return the differences of the copy from the expected one."""
        copy = Copy(dump_for(self.source, self.target), self.target.dump(), self.before, self.ledger)
        files = [(there, here) for (entity, there), here in copy.links.items() if entity == "files"]
        return copy.differences() + [
            f"files {there} → {here}: the bytes differ"
            for there, here in files
            if bytes_of(self.source, there) != bytes_of(self.target, here)
        ]


def dump_for(source: Emulator, target: Emulator) -> dict[str, Any]:
    """The dump of an account, plus what another account adds to copied rows."""
    dump = source.dump()
    if target.dialect == "observed":
        _as_live(dump["tables"])
    return dump


def _as_live(tables: dict[str, list[dict[str, Any]]]) -> None:
    """Add what a live account adds to new rows: parents of notes, and owners as followers."""
    deals = {row["id"]: row for row in tables["deals"]}
    for note in tables["notes"]:
        for name in ("person_id", "org_id"):
            note[name] = note[name] or deals.get(note["deal_id"], note)[name]
    followed = {(row["parent"], row["user_id"]) for row in tables["followers"]}
    for name in ("deals", "persons", "organizations"):
        for row in tables[name]:
            pair = f"{name}:{row['id']}", row["owner_id"]
            if pair not in followed:
                tables["followers"].append({"parent": pair[0], "user_id": pair[1]})
