"""State of an emulator: its settings, account, limits, sessions, faults and request log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipedrive_emulator.account.afterwards import Afterwards
from pipedrive_emulator.account.search_lag import Lag
from pipedrive_emulator.api.dialect import DIALECTS
from pipedrive_emulator.faults.rules import Faults
from pipedrive_emulator.observed.refusals import empty_rejected
from pipedrive_emulator.rules.auth import Auth
from pipedrive_emulator.rules.limits import Limits
from pipedrive_emulator.web.accounts import new_account
from pipedrive_emulator.web.request_log import RequestLog

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.faults.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of the command line."""

    seed: str = "small"
    plan: str = "premium"
    latency_seconds: float = 0.0
    daily_tokens: int | None = None
    burst: int | None = None
    legacy: bool = False
    scopes: frozenset[str] | None = None
    token_seconds: float = 3599
    search_lag: int = 0
    dialect: str = "published"


class EmulatorState:
    """State that requests change and the test hooks show.

    Attributes:
        settings: options of the command line.
        dialect: the reading of the API.
        account: the account's rows.
        limits: burst window and daily tokens.
        auth: tokens and sessions.
        faults: scripted faults in force.
        log: requests that were received.
        resets: number of resets; requests that began before the last one are interrupted.
    """

    def __init__(self, settings: Settings, faults: list[Rule] | None = None) -> None:
        self.settings = settings
        self.dialect = DIALECTS[settings.dialect]
        self._seeded: dict[str, Account] = {}
        self._fill(settings.seed)
        self.limits = Limits(
            settings.plan,
            daily_tokens=settings.daily_tokens,
            burst=settings.burst,
            balance_before_cost=self.dialect.balance_before_cost,
        )
        self.auth = Auth(
            scopes=settings.scopes,
            expires_seconds=settings.token_seconds,
            token_in_query=self.dialect.token_in_query,
        )
        self._scripted = faults or []
        self.faults = Faults(self._scripted)
        self.log = RequestLog()
        self.resets = 0

    def reset(self, seed: str | None = None) -> None:
        """Restore the account of the seed, the full budget and the faults of the start.

        Sessions and the log are emptied. Requests in progress are interrupted. An unchanged account is
        reused; a changed one is replaced by a copy of the seeded account.
        """
        self.resets += 1
        seed = seed or self.settings.seed
        if (seed, self.account.fingerprint()) != self._filled:
            self._fill(seed)
        else:
            self._start()
        self.limits.reset()
        self.auth.reset()
        self.faults.set(self._scripted)
        self.log.clear()

    def _fill(self, seed: str) -> None:
        if seed not in self._seeded:
            account = new_account(seed)
            if self.dialect.live:
                empty_rejected(account)
            self._seeded = {seed: account}
        self.account = self._seeded[seed].copy()
        self._start()
        self._filled = (seed, self.account.fingerprint())

    def _start(self) -> None:
        """Apply the settings to the account, and remove its scheduled actions."""
        self.account.dialect = self.dialect
        self.account.lag = Lag(self.settings.search_lag)
        self.account.afterwards = Afterwards(self.dialect.value_seconds)
        self.account.values_locked = False
