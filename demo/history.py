"""Half a year of sales in a separate pipeline, entered day by day as users would."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.account import Account

PIPELINE = "New business"
# Name → (average days, share of the deals that reach the next stage).
STAGES = {
    "Lead in": (3.0, 0.82),
    "Qualified": (9.0, 0.72),
    "Proposal": (17.0, 0.66),
    "Negotiation": (12.0, 0.81),
    "Contract": (6.0, 0.86),
}
WORK = ("Licences", "Rollout", "Support", "Migration", "Training")
LOST = ("Price", "Competitor", "No budget", "Timing")
DAYS = 165
DEALS = 150
OWNERS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class _Change:
    when: datetime
    deal: int
    values: dict[str, object]


def make(account: Account) -> int:
    """Add the pipeline and its deals, with the account's clock set to the time of each change.

    Returns:
        The number of deals.
    """
    now = account.now()
    chance = Random(11)  # noqa: S311  the same deals in each demonstration
    account.set_clock(now - timedelta(days=DAYS + 1))
    pipeline = account.add("/api/v2/pipelines", {"name": PIPELINE})
    stages = [account.add("/api/v2/stages", {"name": name, "pipeline_id": pipeline}) for name in STAGES]
    organizations = account.call("GET", "/api/v2/organizations?limit=100")["data"]
    changes: list[_Change] = []
    for place in range(DEALS):
        # More deals every month.
        added = now - timedelta(days=DAYS * (1 - ((place + chance.random()) / DEALS) ** 0.85))
        organization = chance.choice(organizations)
        first = {
            "title": f"{chance.choice(WORK)} for {organization['name']}",
            "value": round(chance.lognormvariate(9.2, 0.7), -2),
            "currency": "EUR",
            "org_id": organization["id"],
            "owner_id": chance.choice(OWNERS),
            "stage_id": stages[0],
        }
        changes.append(_Change(added, place, first))
        changes += _course(chance, place, added, stages)
    ids: dict[int, int] = {}
    for change in sorted(changes, key=lambda one: one.when):
        if change.when >= now:
            break
        account.set_clock(change.when)
        if change.deal in ids:
            account.call("PATCH", f"/api/v2/deals/{ids[change.deal]}", change.values)
        else:
            ids[change.deal] = account.add("/api/v2/deals", change.values)
    account.set_clock(now)
    return len(ids)


def _course(chance: Random, place: int, added: datetime, stages: list[int]) -> list[_Change]:
    """Return the stage changes of one deal and its outcome, including those after today."""
    changes = []
    when = added
    for at, (days, share) in enumerate(STAGES.values()):
        when += timedelta(days=chance.gammavariate(2.5, days / 2.5), hours=chance.randint(0, 5))
        if chance.random() > share:
            lost = {"status": "lost", "lost_reason": chance.choice(LOST)}
            return [*changes, _Change(when, place, lost)]
        further = at + 1 < len(stages)
        changes.append(_Change(when, place, {"stage_id": stages[at + 1]} if further else {"status": "won"}))
    return changes
