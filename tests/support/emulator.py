"""A running emulator, for all tests that send requests to Pipedrive."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from typing import Any
from urllib.request import Request, urlopen

import msgspec

TOKEN = "emulator-token"


class _Dump(msgspec.Struct):
    """A dump of which only the tables are read."""

    tables: msgspec.Raw


class Emulator:
    """An emulator process on a free port; `with` starts and stops it."""

    def __init__(self, *options: str, seed: str = "small") -> None:
        self.dialect = dict(itertools.pairwise(options)).get("--dialect", "published")
        command = [sys.executable, "-m", "pipedrive_emulator", "--port", "0", "--seed", seed, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        assert self._process.stdout
        line = self._process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if not found:
            self.stop()
            raise RuntimeError(f"the emulator did not start: {line!r}")
        self.url = found[0]

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        if self._process.stdout:
            self._process.stdout.close()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the decoded response to a request with the account's token."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"x-api-token": TOKEN, "content-type": "application/json"}
        with urlopen(Request(self.url + path, data=data, method=method, headers=headers)) as answer:
            content = answer.read()
        return msgspec.json.decode(content) if content else None

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", path, body)

    def reset(self) -> None:
        """Reset to the seed, with an empty log and no faults."""
        self.post("/_emulator/reset")

    def log(self, *, full: bool = False) -> Any:
        return self.get("/_emulator/log" + ("?full=1" if full else ""))

    def dump(self) -> Any:
        return self.get("/_emulator/dump")

    def snapshot(self) -> bytes:
        """Return all tables as undecoded JSON, because comparing two texts is fast."""
        with urlopen(f"{self.url}/_emulator/dump") as answer:
            return bytes(msgspec.json.decode(answer.read(), type=_Dump).tables)

    def rows(self, table: str) -> list[Any]:
        """Return every stored row of a table, deleted ones included."""
        return self.get(f"/_emulator/dump?table={table}")["tables"][table]

    def requests(self) -> dict[str, int]:
        """Return requests by operation, e.g. `GET /api/v2/deals`."""
        return {name: entry["count"] for name, entry in self.log()["operations"].items()}

    def config(self, **settings: object) -> dict[str, object]:
        """Return a plugin's settings for this account."""
        return {"api_token": TOKEN, "api_url": self.url, **settings}
