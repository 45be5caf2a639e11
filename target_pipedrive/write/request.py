"""Requests of writes: the body of an action, its encoding, and the server's clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipedrive_client import Rejected, times
from target_pipedrive.catalog.spec import Encoding, Verb
from target_pipedrive.custom_fields.values import flat_form
from target_pipedrive.write.completion import complete
from target_pipedrive.write.response import has_data, opened_files, without_data

if TYPE_CHECKING:
    from pipedrive_client import PipedriveClient, Response
    from target_pipedrive.account.current_user import CurrentUser
    from target_pipedrive.account.rows import Rows
    from target_pipedrive.catalog.spec import ActionSpec, EntitySpec
    from target_pipedrive.custom_fields.registry import FieldRegistry
    from target_pipedrive.record.draft import Draft
    from target_pipedrive.record.task import Task

    Send = Callable[[object], Response]

_WORD = re.compile(r"\w+")


class ServerClock:
    """Time of the server, from its responses; read from the latest one only when it is needed.

    Args:
        user: requests a response when there is no time yet.
    """

    def __init__(self, user: CurrentUser) -> None:
        self._user = user
        self._latest: Response | None = None
        self._time = ""

    @property
    def time(self) -> str:
        """RFC 3339 time of the latest response; empty before the first one."""
        moment = self._latest.moment if self._latest is not None else None
        if moment is not None:
            self._time = times.to_rfc3339(moment)
        return self._time

    def refresh(self, stream: str) -> None:
        """Request a response for its time."""
        self.learn(self._user.request(stream))

    def learn(self, response: Response) -> None:
        """Keep a response for its time: lookups compare it with times written by the server."""
        if "date" in response.headers:
            self._latest = response


class ActionRequests:
    """Requests of actions; shared by all parts of the writer, thread-safe.

    Args:
        client: the connection.
        rows: reads rows that partial values are merged with.
        registry: definitions, for the v1 form of custom fields.
        user: default currency.
        clock: takes the server's time from each response.
    """

    def __init__(
        self,
        client: PipedriveClient,
        rows: Rows,
        registry: FieldRegistry,
        user: CurrentUser,
        clock: ServerClock,
    ) -> None:
        self._client = client
        self._rows = rows
        self._registry = registry
        self._user = user
        self._clock = clock
        self._names = AcceptedNames()

    def complete(self, task: Task, action: ActionSpec, draft: Draft, entity: EntitySpec | None) -> None:
        """Complete partial values of a record; see `completion.complete`."""
        complete(draft, action, entity, self._rows, self._registry, self._user, task.stream)

    def body(self, action: ActionSpec, draft: Draft) -> object:
        """Return the body of a request; None for none."""
        body: dict[str, object] = dict(draft.body)
        if draft.custom and action.custom_fields is not None:
            if action.flat_custom_fields:
                known = {one.key: one for one in self._registry.definitions(action.custom_fields)}
                body |= flat_form(draft.custom, known)
            else:
                body["custom_fields"] = draft.custom
        if action.body_is is not None:
            return body.get(action.body_is)
        return body if body or action.body else None

    def send(self, action: ActionSpec, path: str, draft: Draft, body: object, stream: str) -> Response:
        """Send a write.

        Raises:
            PipedriveError: as in `PipedriveClient.request`.
        """
        files = opened_files(draft) if action.encoding is Encoding.MULTIPART else None
        as_form = action.encoding in (Encoding.FORM, Encoding.MULTIPART)

        def send(content: object) -> Response:
            return self._client.request(
                action.method,
                path,
                params=draft.query or None,
                json=None if as_form else content,
                form=(content if isinstance(content, Mapping) else {}) if as_form else None,
                files=files,
                cost=action.cost,
                # A repeated merge that already took effect returns 404: only the caller can interpret that.
                idempotent=(action.method != "POST" and action.verb is not Verb.MERGE) or action.repeatable,
                label=stream,
            )

        response = self._names.send(action, body, send)
        self._clock.learn(response)
        return response

    def send_for_data(
        self, action: ActionSpec, path: str, draft: Draft, body: object, stream: str
    ) -> Response:
        """Send a write whose response must have content.

        Raises:
            MalformedResponse: the response is a success without content, so that the outcome is unknown.
            PipedriveError: as in `PipedriveClient.request`.
        """
        response = self.send(action, path, draft, body, stream)
        if not action.silent and not has_data(response):
            raise without_data(f"{action.method} {path}", status=response.status)
        return response


class AcceptedNames:
    """Column names that the account accepts; thread-safe.

    Rows of project tasks have `is_done`; live accounts accept that name and ignore the published `done`. The
    name from the rows is sent first. If the account rejects that name, the published one is sent for the rest
    of the run; a rejection for another reason, or by an account that has accepted the name, is final.
    """

    def __init__(self) -> None:
        self._published: set[str] = set()
        self._shown: set[str] = set()

    def send(self, action: ActionSpec, body: object, send: Send) -> Response:
        """Send a body with the names that rows have, or else with the published ones.

        Raises:
            PipedriveError: as `send`; of two rejections the one for the published names.
        """
        if not isinstance(body, Mapping) or body.keys().isdisjoint(action.shown_as):
            return send(body)
        if action.entity not in self._published:
            try:
                response = send(_as_shown(body, action.shown_as))
            except Rejected as error:
                if action.entity in self._shown or not _concerns_names(error, action):
                    raise
            else:
                stored = _was_stored(body, action.shown_as, response)
                if stored and any(body.get(name) for name in action.shown_as):  # false is also the default
                    self._shown.add(action.entity)
                if stored or action.method == "POST":
                    return response
        response = send(body)
        if _was_stored(body, action.shown_as, response):
            self._published.add(action.entity)
        return response


def _concerns_names(error: Rejected, action: ActionSpec) -> bool:
    """Return whether a rejection may be about a name that rows have, and not about another column."""
    words = set(_WORD.findall(str(error)))
    others = action.body_columns.keys() - action.shown_as.keys()
    return not words.isdisjoint(action.shown_as.values()) and words.isdisjoint(others)


def _as_shown(body: Mapping[str, object], names: Mapping[str, str]) -> dict[str, object]:
    """Return the body with the names and values that rows have: true and false instead of 1 and 0."""
    return {
        names.get(name, name): bool(value) if name in names and value is not None else value
        for name, value in body.items()
    }


def _was_stored(body: Mapping[str, object], names: Mapping[str, str], response: Response) -> bool:
    """Return whether the response has what was sent under these names, or does not show them at all."""
    content = response.json() if response.is_json and response.body else None
    row = content.get("data") if isinstance(content, Mapping) else None
    if not isinstance(row, Mapping):
        return True
    return all(
        bool(row[shown]) == bool(body[name]) for name, shown in names.items() if name in body and shown in row
    )
