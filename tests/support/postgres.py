"""A private PostgreSQL server from the programs installed on this machine."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

USER = "postgres"
DATABASE = "pipedrive"
_PROGRAMS = ("initdb", "postgres", "pg_isready", "psql")


def programs() -> dict[str, str] | None:
    """Return the paths of the server's programs, of the newest complete version; None if there is none."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name), reverse=True
    )
    for folder in (None, *debian):
        found = {name: shutil.which(name, path=folder and str(folder)) for name in _PROGRAMS}
        if all(found.values()):
            return {name: str(path) for name, path in found.items()}
    return None


class Postgres:
    """A running server with an empty database; `with` starts, stops and removes it.

    It listens on a free port of the loopback address and accepts any password. PostgreSQL does not run as
    root: in that case another user runs it, in a folder of that user.
    """

    def __init__(self) -> None:
        found = programs()
        if found is None:
            pytest.skip("no PostgreSQL server is installed here (Debian: postgresql)")
        self._programs = found
        self._as: dict[str, Any] = {"cwd": "/"}
        self.folder = Path(tempfile.mkdtemp(prefix="pipedrive-postgres-", dir=_open_to_all()))
        if os.geteuid() == 0:
            owner = _somebody()
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._as |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self.port = _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "timezone": "UTC",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._log = (self.folder / "log").open("wb")
        command = [self._programs["postgres"], "-D", data, *settings]
        self._server = subprocess.Popen(command, stdout=self._log, stderr=self._log, **self._as)

    def __enter__(self) -> Postgres:
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]
        while subprocess.call([self._programs["pg_isready"], "-q", "-t", "5", *address]):
            if self._server.poll() is not None:
                log = (self.folder / "log").read_text(errors="replace")
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{log}")
        self.execute(f"create database {DATABASE}", database="postgres")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # ends the clients' connections
            self._server.wait(timeout=30)
        self._log.close()
        shutil.rmtree(self.folder)

    def config(self, **settings: object) -> dict[str, object]:
        """Return settings for both of MeltanoLabs' plugins."""
        where = {"host": "127.0.0.1", "port": self.port, "database": DATABASE}
        return {**where, "user": USER, "password": "any", **settings}

    def execute(self, sql: str, database: str = DATABASE) -> str:
        """Return the output of psql for the statements."""
        address = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        done = subprocess.run(
            [self._programs["psql"], "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *address],
            input=sql, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return rows of a query, as JSON values."""
        return json.loads(self.execute(f"select coalesce(json_agg(answer), '[]') from ({query}) answer"))

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([self._programs[program], *arguments], check=True, capture_output=True, **self._as)


def _somebody() -> pwd.struct_passwd:
    """Return a user that is not root."""
    names = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid}
    return names.get("postgres") or names.get("nobody") or next(iter(names.values()))


def _open_to_all() -> str:
    """Return a folder for temporary files that any user can access."""
    for name in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if all(one.stat().st_mode & stat.S_IXOTH for one in (Path(name), *Path(name).resolve().parents)):
            return name
    return tempfile.gettempdir()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]
