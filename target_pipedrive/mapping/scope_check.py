"""Check of the granted OAuth scopes against each stream, before its first record is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_client.auth.scopes import missing_scopes
from target_pipedrive.mapping.action import ActionPlan
from target_pipedrive.mapping.entity import EntityPlan

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from pipedrive_client import PipedriveClient
    from target_pipedrive.mapping.stream import Plan


class ScopeCheck:
    """Warns about streams that need other scopes than the token has.

    Args:
        client: the connection.
        logger: receives one warning for each stream.
        deletes: setting `allow_deletes`.
    """

    def __init__(self, client: PipedriveClient, logger: logging.Logger, *, deletes: bool) -> None:
        self._client = client
        self._logger = logger
        self._deletes = deletes

    def compare(self, plan: Plan) -> None:
        """Compare the scopes that a stream needs with the granted ones.

        Raises:
            PipedriveError: the authentication failed.
        """
        granted = self._client.granted_scopes()
        if granted is None:
            return
        found: dict[str, list[str]] = {}
        for what, method, path in self._requests(plan):
            if lacking := missing_scopes(method, path, granted):
                found.setdefault(" or ".join(lacking), []).append(what)
        if found:
            self._logger.warning(
                "The OAuth token lacks scopes of stream %s: %s. Records that need them will fail. Add the "
                "scopes to the app and authorize again",
                plan.stream,
                "; ".join(
                    f"{', '.join(whats)} require{'s' * (len(whats) == 1)} {scopes}"
                    for scopes, whats in found.items()
                ),
            )

    def _requests(self, plan: Plan) -> Iterator[tuple[str, str, str]]:
        """Yield purpose, method and path of the requests that the records of a stream need."""
        if isinstance(plan, ActionPlan):
            yield plan.action.name, plan.action.method, plan.action.path
        if not isinstance(plan, EntityPlan):
            return
        adds, updates = plan.write in ("add", "upsert"), plan.write in ("update", "upsert")
        for action, needed in (
            (plan.add, adds),
            (plan.update, updates),
            (plan.delete, self._deletes or plan.write == "delete"),
        ):
            if action is not None and needed:
                yield action.name, action.method, action.path
        if plan.spec.read is not None and plan.write != "add":
            yield f"lookup of {plan.spec.name}", "GET", plan.spec.read.path
