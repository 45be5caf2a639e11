"""The wheel installs into a clean environment and works there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
pytestmark = [
    pytest.mark.soak,
    pytest.mark.xdist_group("wheel"),
]


def run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder of the commands of a clean environment with only the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(BIN / "uv", "build", "--quiet", "--wheel", "--out-dir", folder / "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder / "venv")
    run(BIN / "uv", "pip", "install", "--quiet", "--python", folder / "venv/bin/python", wheel)
    yield folder / "venv/bin"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("plugin", ["tap-pipedrive", "target-pipedrive"])
def test_plugins_describe_themselves(installed, plugin):
    about = json.loads(run(installed / plugin, "--about", "--format=json"))
    assert about["name"] == plugin
    assert about["version"] != "[could not be detected]"
    assert about["settings"]["properties"]["api_token"]["secret"] is True


def test_the_emulator_requires_its_extra(installed):
    done = subprocess.run([installed / "pipedrive-emulator"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the extra `emulator`" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_wheel_contains_only_the_packages(installed):
    files = (installed.parent / "lib").glob("python3*/site-packages/*")
    names = {path.name for path in files}
    packages = {
        "pipedrive_client",
        "pipedrive_singer",
        "tap_pipedrive",
        "target_pipedrive",
        "pipedrive_emulator",
    }
    assert names >= packages
    assert not names & {"tests", "demo", "scripts", "benchmarks", "docs"}
