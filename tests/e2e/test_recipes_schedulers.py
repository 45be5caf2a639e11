"""Recipes of schedulers: the script for cron runs against the emulator, code for orchestrators compiles."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import subprocess

import pytest
import yaml

from target_pipedrive.settings.options import Options
from tests.support import plugins
from tests.support.emulator import TOKEN
from tests.support.recipes import follow, read

# Stores the lines and prints states, as loaders do.
LOADER = r"""tee -a sync/loaded.singer | sed -n 's/^{"type": *"STATE", *"value": *\(.*\)}$/\1/p'
"""


LOADERS = {"LOADER": "./loader.sh"}


def loaded(root) -> dict[str, list[dict]]:
    """Return the records that the loader received, by stream."""
    found: dict[str, list[dict]] = {}
    for line in (root / "sync/loaded.singer").read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], []).append(message["record"])
    return found


def stub(path, commands: str) -> None:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{commands}\n", encoding="utf-8")
    path.chmod(0o755)


def run(root, environment) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sync/run.sh"],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def checkout(folder, tap=None):
    """Return a folder with a loader and the tap, or with a stand-in that runs these commands."""
    root = folder / "pipedrive-singer"
    stub(root / "loader.sh", LOADER)
    if tap is None:
        (root / ".venv").symlink_to(plugins.ROOT / ".venv")
    else:
        stub(root / ".venv/bin/tap-pipedrive", tap)
    return root


@pytest.mark.soak
def test_cron(small, tmp_path):
    root = checkout(tmp_path)
    environment = {**LOADERS, "TAP_PIPEDRIVE_API_URL": small.url, "TAP_PIPEDRIVE_API_TOKEN": TOKEN}
    follow(read("cron"), root, environment)
    assert len(loaded(root)["deals"]) == len(small.rows("deals"))
    (root / "sync/loaded.singer").unlink()
    small.call("PATCH", "/api/v2/deals/1", {"title": "Changed since"})
    done = run(root, environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [row["title"] for row in loaded(root)["deals"]] == ["Changed since"]


def test_script_for_cron(tmp_path):
    tap = """echo "$@" "$TAP_PIPEDRIVE_DAILY_TOKEN_BUDGET" >> sync/arguments
echo '{"type": "STATE", "value": {"run": 1}}'
echo '{"type": "STATE", "value": {"run": 2}}'"""
    root = checkout(tmp_path, tap)
    follow(read("cron"), root, LOADERS)
    assert (root / "sync/pipedrive.env").stat().st_mode & 0o077 == 0
    state = (root / "sync/state.json").read_text(encoding="utf-8")
    assert json.loads(state) == {"run": 2}
    done = run(root, LOADERS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    called = (root / "sync/arguments").read_text(encoding="utf-8").splitlines()
    assert called == ["--config=ENV 20000", "--config=ENV --state sync/state.json 20000"]

    # A failure is printed and keeps the state; a token budget that is used up is not a failure.
    for code, printed, exits in ((3, "The tap failed with exit code 3:\ntorn\n", 1), (4, "", 0)):
        stub(root / ".venv/bin/tap-pipedrive", f"echo torn >&2; exit {code}")
        done = run(root, LOADERS)
        assert (done.returncode, done.stdout) == (exits, printed)
        assert (root / "sync/state.json").read_text(encoding="utf-8") == state
    stub(root / "loader.sh", "exit 7")
    done = run(root, LOADERS)
    assert (done.returncode, done.stdout) == (1, "The loader failed with exit code 7:\n")


def code(name: str) -> ast.Module:
    """Return the Python code of a recipe."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", read(name), re.MULTILINE | re.DOTALL)
    return ast.parse(block)


# A stand-in for Meltano that writes the summary of the tap, and fails with a budget or otherwise.
MELTANO = """echo '{"outcome": "OUTCOME", "error": "torn", "tokens": 30}' > "$TAP_PIPEDRIVE_SUMMARY_PATH"
[ "$*" = '--environment=prod run extract-postgres' ] || exit 9
[ OUTCOME = done ]"""
OUTCOMES = ("done", "budget_exhausted", "failed")


@pytest.mark.parametrize(("outcome", "exits"), [("done", 0), ("budget_exhausted", 99), ("failed", 1)])
def test_task_of_airflow_is_skipped_when_the_budget_is_exhausted(tmp_path, outcome, exits):
    stub(tmp_path / ".venv/bin/meltano", MELTANO.replace("OUTCOME", outcome))
    constants = {
        one.targets[0].id: one.value.value
        for one in code("airflow").body
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)
    }
    environment = {"PATH": "/usr/bin:/bin", "JOB": "extract-postgres", "TMPDIR": str(tmp_path)}
    done = subprocess.run(["bash", "-c", constants["RUN"]], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == exits
    assert [path.name for path in tmp_path.iterdir()] == [".venv"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_job_of_dagster_fails_unless_the_budget_is_exhausted(tmp_path, outcome):
    stub(tmp_path / ".venv/bin/meltano", MELTANO.replace("OUTCOME", outcome))
    tree = code("dagster")
    tree.body = [
        one
        for one in tree.body
        if isinstance(one, ast.Import)
        or (isinstance(one, ast.ImportFrom) and one.module == "pathlib")
        or (isinstance(one, ast.FunctionDef) and one.name == "run_job")
    ]
    names: dict = {"PROJECT": tmp_path}
    exec(compile(tree, "dagster.md", "exec"), names)
    if outcome == "failed":
        with pytest.raises(RuntimeError, match="torn"):
            names["run_job"]("extract-postgres", "tap-pipedrive")
    else:
        assert names["run_job"]("extract-postgres", "tap-pipedrive")["tokens"] == 30


@pytest.mark.parametrize("name", ["airflow", "dagster"])
def test_ledger_of_orchestrators_is_in_the_database(name):
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", read(name), re.MULTILINE | re.DOTALL)
    (changed,) = yaml.safe_load(block)
    project = yaml.safe_load((plugins.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    loaders = {one["name"]: one["config"] for one in project["plugins"]["loaders"]}
    config = {**loaders["target-pipedrive"], **loaders[changed["name"]], **changed["config"]}
    assert config["ledger_url"] == "$PIPEDRIVE_LEDGER_URL"
    options = Options.from_config({**config, "ledger_url": "postgresql://user@db.example/ledger"})
    assert str(options.ledger).startswith("postgresql://db.example")


@pytest.mark.parametrize("name", ["airflow", "dagster"])
def test_code_for_orchestrators_compiles_and_imports_names_that_exist(name):
    tree = code(name)
    compile(tree, f"{name}.md", "exec")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and importlib.util.find_spec(node.module.partition(".")[0]):
            module = importlib.import_module(node.module)
            assert [one.name for one in node.names if not hasattr(module, one.name)] == []
