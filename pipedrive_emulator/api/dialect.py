"""Facts in which live accounts differ from the published description, as data.

`published` follows the description to the letter. `observed` follows responses and reports of live accounts
where they differ; docs/api-notes-emulator.md names the evidence of each. Code reads a fact of the dialect,
not its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One reading of the API; the defaults are those of the description.

    Attributes:
        name: as on the command line.
        live: whether responses, errors and paths follow recorded ones (`pipedrive_emulator.observed`).
        token_in_query: whether `?api_token=` signs in.
        balance_before_cost: whether the header of tokens left leaves out the cost of its own request.
        inherits: keys that a new note takes from its deal, unless it has them.
        touched_by_deleted_notes: whether a deleted note moves the `update_time` of what it was attached to.
        owner_follows: tables whose new rows have their owner as follower.
        value_seconds: seconds after which a deal shows the value of its changed products; 0 shows it at once.
        locked_values: whether a v1 update with the value of a deal that has products is rejected.
        deleted_deals: whether an update of a deleted deal is an error of its own, not a 404.
        secure_webhooks: whether a webhook to an address without https is rejected.
        touched_by_put: whether a v1 PUT that changes nothing moves `update_time`.
    """

    name: str
    live: bool = False
    token_in_query: bool = False
    balance_before_cost: bool = False
    inherits: tuple[str, ...] = ()
    touched_by_deleted_notes: bool = False
    owner_follows: frozenset[str] = frozenset()
    value_seconds: float = 0
    locked_values: bool = False
    deleted_deals: bool = False
    secure_webhooks: bool = False
    touched_by_put: bool = False


PUBLISHED = Dialect(name="published")
OBSERVED = Dialect(
    name="observed",
    live=True,
    token_in_query=True,
    balance_before_cost=True,
    inherits=("person_id", "org_id"),
    touched_by_deleted_notes=True,
    owner_follows=frozenset({"deals", "persons", "organizations"}),
    value_seconds=0.2,
    locked_values=True,
    deleted_deals=True,
    secure_webhooks=True,
    touched_by_put=True,
)
DIALECTS = {dialect.name: dialect for dialect in (PUBLISHED, OBSERVED)}
