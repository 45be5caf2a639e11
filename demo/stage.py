"""Environment of the demo: an account, a warehouse, and Meltano to connect them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from rich.console import Console

from demo.account import TOKEN, Account, Traffic, counted
from demo.processes import BIN, command
from demo.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
_INSTALLED = re.compile(r"Installed (?:extractor|loader|utility) '([\w-]+)'")
_LOADING = re.compile(r"Loading (\d+) rows into .*?(\w+)\W*$", re.MULTILINE)
_BUILT = re.compile(r"\b(\d+) of (\d+) (?:OK|PASS)\b")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline.

    Attributes:
        rows: rows by table that it loaded into the warehouse.
        traffic: its requests to the account.
        seconds: duration, including Meltano's start.
    """

    rows: dict[str, int]
    traffic: Traffic
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Environment of the demo.

    Attributes:
        folder: for all files that are written, except .venv.
        account: the emulated account.
        console: for progress.
        changes: True to load the changes of deals too.
    """

    folder: Path
    account: Account
    console: Console = field(default_factory=lambda: Console(quiet=True))
    changes: bool = False

    @property
    def warehouse(self) -> Warehouse:
        """The DuckDB file."""
        return Warehouse(self.folder / "warehouse.duckdb")

    @property
    def log(self) -> Path:
        """Output of the last command."""
        return self.folder / "meltano.log"

    @property
    def preview_path(self) -> Path:
        """The page that a dry run writes."""
        return self.folder / "preview.html"

    def meltano(self, *arguments: str, say: Callable[[], str], **more: str) -> float:
        """Run a Meltano command with all its state in the folder; returns the duration in seconds."""
        settings = {
            "MELTANO_SYS_DIR_ROOT": str(self.folder / "meltano"),
            "MELTANO_DATABASE_URI": f"sqlite:///{self.folder}/meltano.db",
            "MELTANO_ENVIRONMENT": "emulator",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "TAP_PIPEDRIVE_API_URL": self.account.url,
            "TAP_PIPEDRIVE_API_TOKEN": TOKEN,
            "TAP_PIPEDRIVE_VALIDATE_RECORDS": "true",
            "TARGET_PIPEDRIVE_API_URL": self.account.url,
            "TARGET_PIPEDRIVE_API_TOKEN": TOKEN,
            "TARGET_PIPEDRIVE_SCORES_LEDGER_PATH": str(self.folder / "ledger.sqlite"),
            "TARGET_PIPEDRIVE_SCORES_REJECTS_PATH": str(self.folder / "rejects.singer"),
            "TARGET_DUCKDB_FILEPATH": str(self.warehouse.path),
            "TAP_DUCKDB_FILEPATH": str(self.warehouse.path),
            # On a busy machine all requests in flight may be rejected at the same time; more than ten
            # rejections trigger Pipedrive's firewall.
            "TAP_PIPEDRIVE_MAX_CONCURRENCY": "8",
            "TARGET_PIPEDRIVE_MAX_CONCURRENCY": "8",
            "DBT_MODELS_DUCKDB_PATH": str(self.warehouse.path),
            "DBT_MODELS_TARGET_PATH": str(self.folder / "dbt"),
            "DBT_MODELS_LOG_PATH": str(self.folder / "dbt"),
            "NO_COLOR": "1",
            **more,
        }
        if self.changes:
            settings["TAP_PIPEDRIVE__SELECT"] = json.dumps([*_selected(), "deal_changes.*"])
        return command(
            [str(BIN / "meltano"), *arguments],
            log=self.log,
            say=say,
            console=self.console,
            cwd=ROOT,
            env={**_neutral(os.environ), **settings},
        )

    def install(self, *plugins: str) -> float:
        """Install plugins and return the duration in seconds."""

        def say() -> str:
            done = _INSTALLED.findall(self._logged())
            return f"{len(done)} of {len(plugins)} plugins are installed" + (f": {done[-1]}" if done else "")

        return self.meltano("install", *plugins, say=say)

    def link(self, installed: Path) -> None:
        """Use plugins that are installed in another folder."""
        for kind in ("extractors", "loaders", "utilities"):
            (self.folder / "meltano" / kind).mkdir(parents=True)
            for plugin in (installed.resolve() / kind).iterdir():
                (self.folder / "meltano" / kind / plugin.name).symlink_to(plugin)

    def extract(self) -> Run:
        """Load the account into the warehouse."""
        loaded = self.warehouse.loaded_until()
        seconds = self._job("extract")
        return Run(self.warehouse.rows(after=loaded), self.account.traffic(), seconds)

    def build_models(self, **variables: object) -> tuple[float, int]:
        """Build the dbt models; returns the seconds, and the number of models and tests."""

        def say() -> str:
            done = _BUILT.findall(self._logged())
            return f"{done[-1][0]} of {done[-1][1]} models and tests" if done else "dbt is reading the models"

        seconds = self.meltano("run", "dbt", say=say, DBT_MODELS_VARS=json.dumps(variables))
        return seconds, len(_BUILT.findall(self._logged()))

    def preview(self) -> Run:
        """Plan the writes of `reverse_etl`, without writing."""
        more = {"DRY_RUN": "true", "PREVIEW_PATH": str(self.preview_path)}
        seconds = self._job("reverse-etl", **{f"TARGET_PIPEDRIVE_SCORES_{key}": more[key] for key in more})
        return Run({}, self.account.traffic(), seconds)

    def reverse_etl(self) -> Run:
        """Write the views of the warehouse into the account."""
        seconds = self._job("reverse-etl")
        return Run({}, self.account.traffic(), seconds)

    def _job(self, name: str, **more: str) -> float:
        """Run a job of meltano.yml, count its requests, and return its duration in seconds."""

        def say() -> str:
            now = self.account.traffic()
            if not now.requests:
                return "Meltano is starting the plugins"
            written = f", {now.writes:,} of them writes" if now.writes else ""
            return (
                f"{counted(now.requests, 'request')}{written}, {now.tokens:,} tokens{loading(self._logged())}"
            )

        self.account.forget_traffic()
        return self.meltano("run", name, say=say, **more)

    def _logged(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


def loading(log: str) -> str:
    """Return the loader's progress from its log: it writes one table at a time, after the last request."""
    found = _LOADING.findall(log)
    rows = sum(int(count) for count, _ in found)
    return f" · {counted(rows, 'row')} into DuckDB, now {found[-1][1]}" if found else ""


def _selected() -> list[str]:
    """Return the selection of meltano.yml."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (tap,) = (one for one in project["plugins"]["extractors"] if one["name"] == "tap-pipedrive")
    return list(tap["select"])


def _neutral(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings of Meltano and its plugins, which may be for a real account."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("MELTANO_", "TAP_", "TARGET_", "DBT_"))
    }
