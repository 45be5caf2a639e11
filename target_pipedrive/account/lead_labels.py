"""Labels of leads, which are rows of their own, created when a record names one that does not exist."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pipedrive_client import Rejected
from target_pipedrive.catalog.actions import ACTIONS
from target_pipedrive.ids.provisional import ProvisionalId
from target_pipedrive.record.created import Created
from target_pipedrive.record.errors import RecordFault
from target_pipedrive.values.identity import clean, match_text

if TYPE_CHECKING:
    from pipedrive_client import PipedriveClient
    from target_pipedrive.record.created import Creations

LEAD_LABELS = "lead_labels"
_COLOR = "gray"
"""Pipedrive requires a color, and a record contains only names."""


class LeadLabels:
    """Creator of labels, each once; thread-safe.

    A label that was created before an interruption is found by its name in the next run.

    Args:
        client: sends the requests.
        creations: gets the labels that are created.
        dry_run: True if they are only planned.
    """

    def __init__(self, client: PipedriveClient, creations: Creations, *, dry_run: bool) -> None:
        self._client = client
        self._creations = creations
        self._dry_run = dry_run
        self._lock = threading.Lock()
        self._made: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    def create(self, name: str) -> str:
        """Return the id of a new label, or of the one that this run created with the same name.

        Raises:
            RecordFault: Pipedrive rejects the label.
            PipedriveError: the request failed.
        """
        key, label = match_text(name), clean(name)
        with self._lock:
            if key not in self._made and key not in self._refused:
                try:
                    self._made[key] = ProvisionalId(f"label {label}") if self._dry_run else self._add(label)
                except Rejected as error:
                    self._refused[key] = str(error)
                else:
                    made = Created(kind="option", entity="lead", field="Labels", label=label)
                    self._creations.add(made)
            if key in self._made:
                return self._made[key]
            why = self._refused[key]
        raise RecordFault(f"cannot be added as a label: {why}. Correct the label, or leave the column out")

    def _add(self, label: str) -> str:
        action = ACTIONS["add_lead_label"]
        response = self._client.request(
            action.method,
            action.path,
            json={"name": label, "color": _COLOR},
            cost=action.cost,
            label=LEAD_LABELS,
        ).json()
        return str(response["data"]["id"])
