"""More jobs of meltano.yml, run by Meltano: PostgreSQL and back, a sheet, one account into another."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from demo.processes import BIN
from tests.support import plugins
from tests.support.accounts import Copy
from tests.support.copying import invite_colleagues
from tests.support.emulator import TOKEN, Emulator
from tests.support.postgres import USER, Postgres
from tests.target.helpers import lines_of, rows
from tests.target.processes import Process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("meltano")
READ_BY_VIEW = ("deals", "pipelines", "stages", "users")
VIEW = (plugins.ROOT / "meltano/views/deal_scores.sql").read_text(encoding="utf-8")


@dataclass
class Project:
    """This repository as a Meltano project that writes all its files into a folder."""

    folder: Path
    settings: dict[str, str]

    def run(self, *jobs: str, code: int = 0) -> str:
        """Return what Meltano prints when it runs jobs."""
        return self.meltano("run", *jobs, code=code)

    def meltano(self, *arguments: str, code: int = 0) -> str:
        """Meltano's output."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MELTANO_", "T"))}
        done = subprocess.run(
            [str(BIN / "meltano"), *arguments],
            cwd=plugins.ROOT,
            env={
                **kept,
                "TMPDIR": str(self.folder),
                "MELTANO_SYS_DIR_ROOT": str(self.folder / "meltano"),
                "MELTANO_DATABASE_URI": f"sqlite:///{self.folder}/meltano.db",
                "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
                "NO_COLOR": "1",
                **self.settings,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output[-4000:]
        return output


@pytest.fixture
def project(small, tmp_path):
    plugins.link(tmp_path / "meltano")
    settings = {"TAP_PIPEDRIVE_VALIDATE_RECORDS": "true"}
    for name in ("TAP_PIPEDRIVE", "TARGET_PIPEDRIVE"):
        settings |= {f"{name}_API_URL": small.url, f"{name}_API_TOKEN": TOKEN}
    for name in ("SCORES", "SHEET", "B"):
        settings[f"TARGET_PIPEDRIVE_{name}_LEDGER_PATH"] = str(tmp_path / f"{name}.sqlite")
        settings[f"TARGET_PIPEDRIVE_{name}_REJECTS_PATH"] = str(tmp_path / f"{name}.singer")
    return Project(tmp_path, settings)


def test_commands_of_a_plugin_read_the_settings_that_meltano_passes(small, project, tmp_path):
    path = project.settings["TARGET_PIPEDRIVE_SHEET_LEDGER_PATH"]
    deal = lines_of(rows("deals", {"external_id": "x-1", "title": "A"}))
    (done,) = Process(small.config(), tmp_path)(deal, ledger_path=path).results
    out = project.meltano("invoke", "target-pipedrive-sheet:ledger-relink", "deals", done["id"], "4")
    assert "Linked 1 external id to deals 4." in out


@pytest.mark.soak  # the demo does the same with DuckDB
def test_an_account_is_loaded_into_postgres_and_scores_are_written_back(small, project):
    with Postgres() as server:
        for name in ("TAP_POSTGRES", "TARGET_POSTGRES"):
            project.settings |= {f"{name}_PORT": str(server.port), f"{name}_USER": USER}
        project.settings["TAP_PIPEDRIVE__SELECT"] = json.dumps([f"{name}.*" for name in READ_BY_VIEW])
        project.run("extract-postgres")
        (deals,) = server.ask("select count(*) as n from pipedrive.deals")
        assert deals["n"] == len(small.rows("deals"))
        server.execute(f"create schema to_pipedrive; create view to_pipedrive.deal_scores as {VIEW}")
        wanted = {row["id"]: row for row in server.ask("select * from to_pipedrive.deal_scores")}
        project.run("reverse-etl-postgres")
    tables = small.dump()["tables"]
    (key,) = (field["code"] for field in tables["deal_fields"] if field["name"] == "Lead score")
    held = {
        row["id"]: {"id": row["id"], "lead_score": row["custom_fields"][key], "owner_id": row["owner_id"]}
        for row in tables["deals"]
        if row["custom_fields"].get(key) is not None
    }
    assert held == wanted
    assert 6 not in {row["owner_id"] for row in held.values()}  # the user who left


def test_a_sheet_becomes_persons_once(small, project):
    project.run("import-sheet")
    persons = {row["name"]: row for row in small.rows("persons")}
    assert persons["Ada Lovelace"]["emails"][0]["value"] == "ada@example.com"
    assert persons["Grace Hopper"]["phones"][0]["value"] == "+1 202 555 0100"
    assert len(persons["Ada Lovelace"]["emails"]) == 1
    owners = {row["email"]: row["id"] for row in small.rows("users")}
    assert persons["Ada Lovelace"]["owner_id"] == owners["aiko@nordwind.example"]
    assert persons["Grace Hopper"]["owner_id"] == owners["jose@nordwind.example"]


@pytest.mark.soak
def test_an_account_is_copied(small, project):
    with Emulator("--burst", "0", seed="empty") as other:
        invite_colleagues(small, other)
        before = other.dump()
        project.settings |= {"TARGET_PIPEDRIVE_B_API_URL": other.url, "TARGET_PIPEDRIVE_B_API_TOKEN": TOKEN}
        for plugin in ("TAP_PIPEDRIVE_A", "TARGET_PIPEDRIVE_B"):
            project.settings[f"{plugin}_FILES_DIR"] = str(project.folder / "files")
        project.run("copy-account")
        copy = Copy(small.dump(), other.dump(), before, project.folder / "B.sqlite")
        assert copy.differences() == []
