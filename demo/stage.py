"""One account, one warehouse, and Meltano between them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from demo.account import TOKEN, Account, Traffic
from demo.processes import BIN, command
from demo.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a pipeline.

    Attributes:
        rows: rows by table that it loaded into the warehouse.
        traffic: its requests to the account.
        seconds: how long it took, Meltano's start included.
    """

    rows: dict[str, int]
    traffic: Traffic
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Environment of the demonstration.

    Attributes:
        folder: everything that is written, besides .venv.
        account: the emulated account.
        console: where progress is shown.
    """

    folder: Path
    account: Account
    console: Console = field(default_factory=lambda: Console(quiet=True))

    @property
    def warehouse(self) -> Warehouse:
        """The DuckDB file."""
        return Warehouse(self.folder / "warehouse.duckdb")

    def meltano(self, *arguments: str, say: Callable[[], str]) -> float:
        """Return the seconds a Meltano command took in this repository, with all its state in the folder."""
        settings = {
            "MELTANO_SYS_DIR_ROOT": str(self.folder / "meltano"),
            "MELTANO_DATABASE_URI": f"sqlite:///{self.folder}/meltano.db",
            "MELTANO_ENVIRONMENT": "emulator",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "TAP_PIPEDRIVE_API_URL": self.account.url,
            "TAP_PIPEDRIVE_API_TOKEN": TOKEN,
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
            "NO_COLOR": "1",
        }
        return command(
            [str(BIN / "meltano"), *arguments],
            log=self.folder / "meltano.log",
            say=say,
            console=self.console,
            cwd=ROOT,
            env={**_neutral(os.environ), **settings},
        )

    def extract(self) -> Run:
        """Load the account into the warehouse."""
        loaded = self.warehouse.loaded_until()
        seconds = self._job("extract")
        return Run(self.warehouse.rows(after=loaded), self.account.traffic(), seconds)

    def reverse_etl(self) -> Run:
        """Write the views of the warehouse into the account."""
        seconds = self._job("reverse-etl")
        return Run({}, self.account.traffic(), seconds)

    def _job(self, name: str) -> float:
        """Return seconds that a job of meltano.yml took, its requests counted."""

        def say() -> str:
            now = self.account.traffic()
            if not now.requests:
                return "Meltano starts"
            written = f", {now.writes:,} of them writes" if now.writes else ""
            return f"{now.requests:,} requests{written}, {now.tokens:,} tokens"

        self.account.forget_traffic()
        return self.meltano("run", name, say=say)


def _neutral(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings of Meltano and its plugins, which are for a real account."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("MELTANO_", "TAP_", "TARGET_"))
    }
