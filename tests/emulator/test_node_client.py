"""The official Node client, written independently of this project, drives the emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "node"
INSTALL = (
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--ignore-scripts",
    "--fetch-retries=0",
)
# Errors of npm if the registry is not reachable: name, route or proxy.
OUT_OF_REACH = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONN",
    "ETIMEDOUT",
    "ENETUNREACH",
    "ENOTCACHED",
    "E403",
    "E407",
    "E503",
)

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or shutil.which("npm") is None,
    reason="node or npm is not on the PATH: the official client cannot drive the emulator",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the scripts and the newest client."""
    made = tmp_path_factory.mktemp("node")
    shutil.copytree(SCRIPTS, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(INSTALL, cwd=made, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and any(code in done.stderr for code in OUT_OF_REACH):
        pytest.skip("the npm registry is out of reach: the official client was not installed")
    assert done.returncode == 0, done.stderr
    return made


def _drive(folder, url):
    return subprocess.run(
        ["node", "drive.mjs", url, "emulator-token"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
    )


def _methods(done):
    """Return the methods of the client that a drive called."""
    return {line.split()[1].rstrip(",") for line in done.stdout.splitlines()[:-1]}


def _notices(folder, ask, kind):
    """Check that a corrupted response ends the drive."""
    ask.hook("reset", {})
    ask.hook("faults", [{"operation": "v2:getOrganization", "kind": kind}])
    done = _drive(folder, ask.url)
    return done.returncode == 1 and "v2.Organizations.getOrganization " in done.stderr


# On one worker, so that the client is installed once.
@pytest.mark.xdist_group("node-client")
def test_the_official_client_adds_reads_changes_finds_merges_and_deletes(folder, ask):
    done = _drive(folder, ask.url)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("done, ")
    assert all(line.startswith("ok ") for line in lines[:-1])
    methods = _methods(done)
    for entity in ("Deal", "Person", "Organization", "Activity", "Product", "Pipeline", "Stage"):
        many = {"Person": "Persons", "Activity": "Activities"}.get(entity, f"{entity}s")
        wanted = {f"add{entity}", f"get{entity}", f"get{many}", f"update{entity}", f"delete{entity}"}
        assert {f"v2.{many}.{name}" for name in wanted} <= methods
    assert len(methods) > 200
    assert _notices(folder, ask, "torn")
    assert _notices(folder, ask, "html")


@pytest.mark.xdist_group("node-client")
def test_the_official_client_reads_what_live_accounts_send(folder, ask, start):
    published, live = (
        _drive(folder, ask.url),
        _drive(folder, start("--burst", "0", "--dialect", "observed").url),
    )
    assert live.returncode == 0, live.stdout[-500:] + live.stderr
    assert _methods(live) == _methods(published)
