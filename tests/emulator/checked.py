"""Calls of published operations by name; every response must match its published schema."""

from __future__ import annotations

import re
from typing import Any

from tests.emulator.asking import Asker, key_of, problems_of, published

OPERATIONS = {key_of(operation): operation for operation in published()}


class Checked:
    """Calls operations of one emulator: `call("v2:getDeal", id=1)` returns the decoded body."""

    def __init__(self, ask: Asker) -> None:
        self.ask = ask

    def raw(
        self,
        key: str,
        *,
        body: Any = None,
        query: Any = None,
        files: Any = None,
        form: Any = None,
        **path: Any,
    ):
        operation = OPERATIONS[key]
        address = re.sub(r"\{([^}]+)\}", lambda match: str(path[match[1]]), operation["path"])
        answer = self.ask.ask(operation["method"], address, json=body, params=query, files=files, data=form)
        assert problems_of(operation, answer) == [], f"{key}: {answer.text[:500]}"
        return answer

    def __call__(self, key: str, **more: Any) -> Any:
        answer = self.raw(key, **more)
        assert answer.status_code < 300, f"{key}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def data(self, key: str, **more: Any) -> Any:
        return self(key, **more)["data"]

    def refused(self, key: str, status: int, **more: Any) -> Any:
        answer = self.raw(key, **more)
        assert answer.status_code == status, f"{key}: {answer.status_code} {answer.text[:500]}"
        assert answer.json()["success"] is False
        return answer.json()
