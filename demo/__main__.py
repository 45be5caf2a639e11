"""`make demo`: a Pipedrive account arrives in DuckDB through Meltano, with nothing to sign up for.

The account is the emulator's; every request stays on this machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import duckdb
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TOKEN = "emulator-token"  # noqa: S105  the emulator's published token, no secret
console = Console()


@contextmanager
def emulator(seed: str) -> Iterator[str]:
    """A running emulator's address."""
    command = [str(BIN / "pipedrive-emulator"), "--port", "0", "--seed", seed]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", line)
            if not found:
                sys.exit("The emulator did not start; its messages are above.")
            yield found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


def ask(url: str) -> Any:  # noqa: ANN401  any JSON
    """The emulator's own report on what it was asked."""
    with urlopen(Request(url, headers={"x-api-token": TOKEN})) as answer:  # noqa: S310  loopback http
        return json.loads(answer.read())


def meltano(*arguments: str, folder: Path, api: str) -> float:
    """Seconds a Meltano command took; leaves with its output when it fails."""
    settings = {
        "TAP_PIPEDRIVE_API_URL": api,
        "TAP_PIPEDRIVE_API_TOKEN": TOKEN,
        "TARGET_DUCKDB_FILEPATH": str(folder / "warehouse.duckdb"),
        "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
        "MELTANO_CLI_LOG_LEVEL": "warning",
        "NO_COLOR": "1",
    }
    began = time.monotonic()
    log = folder / "meltano.log"
    with log.open("a") as out:
        done = subprocess.run(
            [str(BIN / "meltano"), *arguments],
            cwd=ROOT, env={**os.environ, **settings}, stdout=out, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        console.print(log.read_text()[-4000:], markup=False, highlight=False)
        sys.exit(f"`meltano {' '.join(arguments)}` failed; its last messages are above.")
    return time.monotonic() - began


def by_stream(log: dict[str, Any]) -> tuple[int, int]:
    """(requests, tokens) in all."""
    return log["requests"], log["tokens"]


def rows_of(database: Path) -> dict[str, int]:
    """Rows by table of the warehouse."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = [
            row[0]
            for row in connection.execute("select table_name from information_schema.tables").fetchall()
        ]
        return {
            name: connection.execute(f'select count(*) from pipedrive."{name}"').fetchone()[0]  # noqa: S608  names from the catalog
            for name in sorted(names)
        }  # fmt: skip


def show_extract(
    tables: dict[str, int], first: tuple[int, int, float], second: tuple[int, int, float]
) -> None:
    """What arrived, and what it cost."""
    table = Table(title="In DuckDB", title_justify="left")
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, count in tables.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    table = Table(title="What it cost", title_justify="left")
    for column in ("run", "requests", "tokens", "seconds"):
        table.add_column(column, justify="left" if column == "run" else "right")
    for name, (requests, tokens, seconds) in (("first, everything", first), ("second, only changes", second)):
        table.add_row(name, f"{requests:,}", f"{tokens:,}", f"{seconds:.1f}")
    console.print(table)


def show_query(database: Path, sql: str) -> None:
    """A query and its answer."""
    console.print("\n[bold]First question to the warehouse[/bold], with custom fields by their names:\n")
    console.print(sql, style="cyan", highlight=False)
    with duckdb.connect(str(database), read_only=True) as connection:
        answer = connection.execute(sql)
        table = Table()
        for column in answer.description or ():
            table.add_column(column[0])
        for row in answer.fetchall():
            table.add_row(*("" if value is None else f"{value}" for value in row))
    console.print(table)


def main() -> None:
    """Run the demo."""
    folder = Path(tempfile.mkdtemp(prefix="pipedrive-demo-"))
    try:
        with emulator("medium") as api:
            console.print(f"An emulated Pipedrive account listens on {api}.")
            console.print("Installing the plugins with Meltano …")
            meltano("install", folder=folder, api=api)
            runs = []
            for what in ("everything", "only what changed since"):
                console.print(f"[bold]meltano run tap-pipedrive target-duckdb[/bold] ({what}) …")
                before = by_stream(ask(f"{api}/_emulator/log"))
                seconds = meltano("run", "tap-pipedrive", "target-duckdb", folder=folder, api=api)
                after = by_stream(ask(f"{api}/_emulator/log"))
                runs.append((after[0] - before[0], after[1] - before[1], seconds))
            database = folder / "warehouse.duckdb"
            show_extract(rows_of(database), *runs)
            show_query(database, QUERY)
    except KeyboardInterrupt:
        console.print("\nStopped.")
        sys.exit(130)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


QUERY = """select status, count(*) as deals, round(sum(value)) as value
from pipedrive.deals group by status order by deals desc"""

if __name__ == "__main__":
    main()
