"""Column names that live accounts accept as in their rows, not as in the published description.

Rows of project tasks show `is_done`; live accounts take that name and pass over the published `done`. What
the rows show is sent first. An account that refuses it gets the published name for the rest of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipedrive_client import Rejected

if TYPE_CHECKING:
    from pipedrive_client import Answer
    from target_pipedrive.catalog.spec import ActionSpec

    Send = Callable[[object], Answer]


class Spellings:
    """Sends bodies with the names that the account takes; safe to share between threads."""

    def __init__(self) -> None:
        self._published: set[str] = set()

    def send(self, action: ActionSpec, body: object, send: Send) -> Answer:
        """Send a body with the names that rows show, or else with the published ones.

        Raises:
            PipedriveError: as `send`; of two refusals the one that concerns the published names.
        """
        if not isinstance(body, Mapping) or body.keys().isdisjoint(action.shown_as):
            return send(body)
        if action.entity not in self._published:
            try:
                answer = send(_as_shown(body, action.shown_as))
            except Rejected:
                pass  # the account may know the published names only; else the same is refused again
            else:
                if action.method == "POST" or _took(body, action.shown_as, answer):
                    return answer
        answer = send(body)
        if _took(body, action.shown_as, answer):
            self._published.add(action.entity)
        return answer


def _as_shown(body: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """The body with the names and values that rows show: true and false instead of 1 and 0."""
    return {
        names.get(name, name): bool(value) if name in names and value is not None else value
        for name, value in body.items()
    }


def _took(body: Mapping[str, object], names: Mapping[str, str], answer: Answer) -> bool:
    """Whether the answer shows what was sent under these names, or does not show it at all."""
    content = answer.json() if answer.is_json and answer.body else None
    row = content.get("data") if isinstance(content, Mapping) else None
    if not isinstance(row, Mapping):
        return True
    return all(
        bool(row[shown]) == bool(body[name]) for name, shown in names.items() if name in body and shown in row
    )
