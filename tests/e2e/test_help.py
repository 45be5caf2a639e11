"""Help texts and `--about`: each fits a terminal, and each command has an example."""

from __future__ import annotations

import json

import pytest

from pipedrive_emulator.__main__ import _arguments as emulator_arguments
from tests.support.cli import environment
from tests.support.starting import finished

WIDTH = 80


def output(plugin, *arguments):
    """Return the output of a plugin in a terminal of 80 columns."""
    done = finished(plugin, *arguments, env=environment(COLUMNS=str(WIDTH)))
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("plugin", "command"),
    [
        ("tap_pipedrive", ""),
        ("tap_pipedrive", "check"),
        ("tap_pipedrive", "auth"),
        ("target_pipedrive", ""),
        ("target_pipedrive", "check"),
        ("target_pipedrive", "ledger"),
        ("target_pipedrive", "ledger forget"),
    ],
)
def test_help_has_an_example_and_fits_80_columns(plugin, command):
    text = output(plugin, *command.split(), "--help")
    _, example = text.split("Example", 1)
    assert f"{plugin.replace('_', '-')} {command}".strip() in example
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_help_of_the_emulator_has_an_example_and_fits_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    text = emulator_arguments().format_help()
    assert "pipedrive-emulator --seed medium" in text
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize("plugin", ["tap_pipedrive", "target_pipedrive"])
def test_about_explains_every_setting_in_80_columns(plugin):
    text = output(plugin, "--about")
    assert max(map(len, text.splitlines())) <= WIDTH
    plain = " ".join(text.split())
    settings = json.loads(output(plugin, "--about", "--format=json"))["settings"]["properties"]
    for name, setting in settings.items():
        assert f" {name} (" in plain
        assert " ".join(setting["description"].split()) in plain
