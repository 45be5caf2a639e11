"""Runs of a recipe's commands, with a comparison of their output."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from tests.support import plugins
from tests.support.emulator import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.emulator import Emulator

_FENCE = re.compile(r"^```(?P<word>\w+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = {".git", ".meltano", ".env", "dist", "output"}


@dataclass(frozen=True)
class Step:
    """A block of commands and their output in the recipe."""

    commands: str
    shown: str


def read(name: str) -> str:
    """Return a recipe of docs/recipes."""
    return (plugins.ROOT / "docs" / "recipes" / f"{name}.md").read_text(encoding="utf-8")


def settings(emulator: Emulator, *streams: str) -> dict[str, str]:
    """Return the settings of a reader's .env file: credentials, and here the emulator's URL."""
    found = {"MELTANO_CLI_DISABLE_VERSION_CHECK": "true", "UV_OFFLINE": "1"}
    found["TAP_PIPEDRIVE_VALIDATE_RECORDS"] = "true"
    for plugin in ("TAP_PIPEDRIVE", "TARGET_PIPEDRIVE"):
        found |= {f"{plugin}_API_URL": emulator.url, f"{plugin}_API_TOKEN": TOKEN}
    return found | {"TAP_PIPEDRIVE__SELECT": json.dumps([f"{name}.*" for name in streams])}


def rows(root: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the result of a query on the project's warehouse."""
    with duckdb.connect(str(root / "output/warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def steps(document: str) -> Iterator[Step]:
    """Yield the `sh` blocks in their order, each with the `text` block that follows it."""
    commands = None
    for block in _FENCE.finditer(document):
        if block["word"] == "sh":
            if commands is not None:
                yield Step(commands, "")
            commands = block["text"]
        elif block["word"] == "text" and commands is not None:
            yield Step(commands, block["text"])
            commands = None
    if commands is not None:
        yield Step(commands, "")


def project(folder: Path) -> Path:
    """Return a checkout of this repository that may be written to, with the plugins installed."""
    root = folder / "pipedrive-singer"
    root.mkdir()
    for entry in plugins.ROOT.iterdir():
        if entry.name == "meltano":
            shutil.copytree(entry, root / entry.name, ignore=lambda *_: {"__pycache__"})
        elif entry.is_file() and entry.name not in _LEFT_OUT:
            shutil.copy(entry, root / entry.name)
        elif entry.name not in _LEFT_OUT:
            (root / entry.name).symlink_to(entry)
    (root / "output").mkdir()
    plugins.link(root / ".meltano")
    return root


def follow(document: str, root: Path, settings: Mapping[str, str]) -> list[str]:
    """Run every step; returns what each printed.

    Raises:
        AssertionError: a step failed, or its output differs from the recipe, where `…` matches any text.
    """
    printed = []
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MELTANO_", "TAP_", "TARGET_"))
    }
    # The plugins are those of `make plugins`: a recipe must not install them again.
    environment = {**kept, "NO_COLOR": "1", "COLUMNS": "120", "MELTANO_AUTO_INSTALL": "false", **settings}
    for step in steps(document):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step.commands],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{step.commands}\n{done.stdout[-3000:]}"
        lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
        for line in filter(None, (" ".join(line.split()) for line in step.shown.splitlines())):
            pattern = ".*".join(re.escape(part) for part in line.split("…"))
            assert any(re.search(pattern, one) for one in lines), (
                f"{line!r} is not in:\n{done.stdout[-3000:]}"
            )
        printed.append(done.stdout)
    return printed
