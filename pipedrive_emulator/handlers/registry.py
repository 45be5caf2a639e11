"""Registry of the functions that handle operations and those that seed a new account.

Every module of `pipedrive_emulator.domains` and `.seeds` is imported at start; it defines its tables,
registers its handlers with `handler`, and fills the seeds with `seeder`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipedrive_emulator.account.account import TOKEN_USER, Account
from pipedrive_emulator.api.http import Response, Row, Upload
from pipedrive_emulator.api.operations import Operation, load_operations, load_removed

if TYPE_CHECKING:
    import random

    from pipedrive_emulator.rules.auth import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One validated call of an operation: typed path values and query, body, uploaded files, caller."""

    account: Account
    operation: Operation
    path: Row
    query: Row
    body: Any
    uploads: dict[str, Upload]
    caller: Caller
    base_url: str
    plan: str = "premium"

    @property
    def user_id(self) -> int:
        """The acting user."""
        return self.caller.user_id


Handler = Callable[[Call], Response]
HANDLERS: dict[str, Handler] = {}


def handler(*keys: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of operations, named by `version:operationId`."""

    def register(function: Handler) -> Handler:
        for key in keys:
            if key not in load_operations() and key not in load_removed():
                raise ValueError(
                    f"{key} is not published: name version and operationId, such as v1:deleteComment"
                )
            if key in HANDLERS:
                raise ValueError(f"{key} already has a handler")
            HANDLERS[key] = function
        return function

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Input of a seeder: the account, the name of the size, and its own repeatable random numbers."""

    account: Account
    size: str
    chance: random.Random

    def count(self, *, small: int, medium: int, large: int) -> int:
        """Return the number of rows for this size."""
        return {"small": small, "medium": medium, "large": large}.get(self.size, 0)

    @property
    def empty(self) -> bool:
        """True if the account gets only the rows that every new company has."""
        return self.size == "empty"


Seeder = Callable[[Seed], None]
SEEDERS: list[tuple[int, str, Seeder]] = []
SIZES = ("empty", "small", "medium", "large")


def seeder(order: int) -> Callable[[Seeder], Seeder]:
    """Register a function that fills new accounts; lower orders first (0 basics, 20 sales, 30+ others)."""

    def register(function: Seeder) -> Seeder:
        SEEDERS.append((order, f"{function.__module__}.{function.__name__}", function))
        return function

    return register


__all__ = [
    "HANDLERS",
    "SEEDERS",
    "SIZES",
    "TOKEN_USER",
    "Call",
    "Handler",
    "Seed",
    "handler",
    "seeder",
]
