"""Creation of accounts from the seeds."""

from __future__ import annotations

import importlib
import pkgutil
import random
from functools import cache

from pipedrive_emulator import domains, seeds
from pipedrive_emulator.account.account import Account
from pipedrive_emulator.api.operations import load_operations
from pipedrive_emulator.handlers.registry import HANDLERS, SEEDERS, Seed


@cache
def load_domains() -> None:
    """Import every domain and seed module, once."""
    for package in (domains, seeds):
        found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        # Hooks run in the order of the imports: by name of the module, in whatever folder it is.
        for name in sorted((one.name for one in found), key=lambda name: name.rpartition(".")[2]):
            importlib.import_module(name)


def new_account(size: str) -> Account:
    """Return a filled account; the same size gives the same account, byte for byte."""
    load_domains()
    account = Account()
    account.seeding = True
    for _, name, fill in sorted(SEEDERS, key=lambda entry: entry[:2]):
        chance = random.Random(f"{name}:{size}")  # noqa: S311 - seeds must be repeatable
        fill(Seed(account=account, size=size, chance=chance))
    account.seeding = False
    return account


def unanswered() -> list[str]:
    """Return the keys of published operations without a handler; `auth` handles those of OAuth."""
    load_domains()
    operations = load_operations().items()
    return sorted(key for key, o in operations if key not in HANDLERS and not o.path.startswith("/oauth/"))
