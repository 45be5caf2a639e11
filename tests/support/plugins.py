"""The plugins of meltano.yml, as `make plugins` installed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".venv" / "meltano"
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))


def described(name: str) -> tuple[str, dict[str, Any]]:
    """Return the kind of a plugin and its entry in meltano.yml."""
    for kind, plugins in PROJECT["plugins"].items():
        for plugin in plugins:
            if plugin["name"] == name:
                return kind, plugin
    raise LookupError(name)


def config(name: str) -> dict[str, Any]:
    """Return the settings of a plugin in meltano.yml, without inherited ones."""
    return dict(described(name)[1].get("config", {}))


def executable(name: str) -> str:
    """Return path of a plugin's program."""
    kind, plugin = described(name)
    path = INSTALLED / kind / name / "venv" / "bin" / plugin["executable"]
    if not path.exists():
        pytest.fail(f"{name} is not installed for the tests: run `make plugins`")
    return str(path)


def link(folder: Path) -> None:
    """Link the installed plugins into a folder for Meltano."""
    for kind in PROJECT["plugins"]:
        (folder / kind).mkdir(parents=True)
        for plugin in PROJECT["plugins"][kind]:
            if "pip_url" in plugin:
                executable(plugin["name"])
                (folder / kind / plugin["name"]).symlink_to(INSTALLED / kind / plugin["name"])
