"""Denied access: reported once for each stream, and requested again in later runs.

A denied stream does not end the run and is never treated as empty: a warning contains the operation, the
cause and the missing permission, the table at the end marks the stream, and parents whose child requests were
denied stay in the state until a request succeeds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pipedrive_client import FeatureOff, MissingScope, NotVisible, PipedriveError, RunError, UnknownMethod

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

    from tap_pipedrive.catalog.spec import StreamSpec

ACCESS_ERRORS = (NotVisible, FeatureOff, UnknownMethod)
"""Errors that mean denied access, by the account, the user or the host."""
_FOR_ALL = (MissingScope, FeatureOff, UnknownMethod)
_FORBIDDEN = 403
_PROBES = 20
"""Number of denied parents after which most of the remaining parents of the run are not requested."""


def may_be_of_one_row(error: PipedriveError) -> bool:
    """Return True if a denial may concern one row only, and not the whole operation."""
    return not isinstance(error, _FOR_ALL)


def is_about_app(error: PipedriveError) -> bool:
    """Return True if a denial is about the OAuth app, whatever the account and the user have."""
    return isinstance(error, (MissingScope, UnknownMethod)) and error.status == _FORBIDDEN


class AccessDenied(RunError):  # noqa: N818 - describes the failure, like the client's errors
    """Denied streams, which are an error with `strict_access`."""


class Part(Enum):
    """Requests of a stream that can be denied."""

    LISTS = "lists"
    PARENTS = "parents"
    IDS = "record_ids"
    DELETES = "the detection of deleted rows"


@dataclass(slots=True)
class Denial:
    """Denied access to one stream in this run.

    Attributes:
        error: the first error.
        part: denied requests.
        below: selected child streams whose records are missing too.
        denied: number of requests that were denied or, after that, not sent.
        succeeded: number of requests that succeeded.
        for_all: True if the error means that no request of the stream can succeed.
        likely: True if further requests will probably be denied, so most of them are not sent.
        next_probe: number of denied parents at which one is requested although it will probably be denied.
    """

    error: PipedriveError
    part: Part
    below: Sequence[str] = ()
    denied: int = 0
    succeeded: int = 0
    for_all: bool = False
    likely: bool = False
    next_probe: int = 2 * _PROBES

    def extent(self) -> str:
        """Return how much of the stream is missing."""
        if self.part is Part.DELETES:
            return f"denied for {self.part.value}"
        if self.part is Part.LISTS and not self.succeeded:
            return "denied"
        return f"denied for {self.denied:,} of {self.denied + self.succeeded:,} {self.part.value}"

    def effect(self) -> str:
        """Return what is missing, and when it is read."""
        if self.part is Part.DELETES:
            return "Deleted records are not reported; once access is granted, the next run reports them."
        below = f" and those of its child streams {', '.join(self.below)}" if self.below else ""
        return (
            f"Its records{below} are missing, not deleted; once access is granted, the next run reads them."
        )


class AccessReport:
    """Denied access of a run, by stream; thread-safe."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._denials: dict[str, Denial] = {}
        self._succeeded: dict[str, int] = {}
        self._parents: dict[str, tuple[int, int]] = {}

    def deny_list(self, spec: StreamSpec, error: PipedriveError, below: Sequence[str] = ()) -> None:
        """Record that a list of a stream was denied, and warn once per stream.

        Args:
            spec: the stream.
            error: the error of the list.
            below: selected child streams, direct or not, which are read from the rows of the list.
        """
        with self._lock:
            first = spec.name not in self._denials
            denial = self._denials.setdefault(spec.name, Denial(error, Part.LISTS, below))
            denial.denied += 1
        if first:
            self._warn(spec, denial, "denied")

    def deny_deletes(self, stream: str, error: PipedriveError) -> None:
        """Record that a request was denied with which deleted rows are detected."""
        with self._lock:
            self._denials.setdefault(stream, Denial(error, Part.DELETES, denied=1))

    def deny_ids(self, stream: str, error: PipedriveError, below: Sequence[str]) -> None:
        """Record that the request of one row by its id was denied."""
        with self._lock:
            denial = self._denials.setdefault(stream, Denial(error, Part.IDS, below))
            denial.denied += 1
            denial.for_all |= isinstance(error, _FOR_ALL)

    def deny_parents(
        self,
        stream: str,
        error: PipedriveError,
        parents: int,
        below: Sequence[str] = (),
        *,
        for_all: bool = False,
    ) -> None:
        """Record that a request for the rows of some parents was denied.

        Args:
            stream: the child stream.
            error: the error of the request.
            parents: number of parents.
            below: selected child streams of the stream, direct or not.
            for_all: True if no other parent can be read either; some errors mean that anyway.
        """
        with self._lock:
            denial = self._denials.setdefault(stream, Denial(error, Part.PARENTS, below))
            denial.denied += parents
            if (for_all or isinstance(error, _FOR_ALL)) and not denial.for_all:
                denial.for_all, denial.error = True, error
            denial.likely |= denial.denied >= _PROBES and not self._succeeded.get(stream)

    def count_parents(self, stream: str, denied: int, succeeded: int) -> None:
        """Count parents, for each of which there may be several requests."""
        with self._lock:
            before = self._parents.get(stream, (0, 0))
            self._parents[stream] = before[0] + denied, before[1] + succeeded

    def record_success(self, stream: str, count: int = 1) -> None:
        """Record that some requests succeeded: lists, ids, or requests of parents."""
        with self._lock:
            self._succeeded[stream] = self._succeeded.get(stream, 0) + count
            denial = self._denials.get(stream)
            if denial:
                denial.likely = False

    def has_success(self, stream: str) -> bool:
        """Return whether a request of the stream succeeded."""
        return bool(self._succeeded.get(stream))

    def closed(self, stream: str) -> PipedriveError | None:
        """Return the error after which no request of the stream can succeed, or None."""
        denial = self._denials.get(stream)
        return denial.error if denial and denial.for_all else None

    def expected_denial(self, stream: str) -> PipedriveError | None:
        """Return the error that the next request of a parent would end with, or None if it is to be sent.

        If the denials may be those of single rows, one more request is sent each time that the number of
        denied parents has doubled: they may just be the first ones.
        """
        denial = self._denials.get(stream)
        if not denial or not (denial.for_all or denial.likely):
            return None
        with self._lock:
            if not denial.for_all and denial.denied >= denial.next_probe:
                denial.next_probe = 2 * denial.denied
                return None
        return denial.error

    def marks(self) -> dict[str, str]:
        """Return stream → how much of it was denied, for the table at the end.

        A child stream of a denied stream is marked with its parent, unless it was denied itself.
        """
        found = {}
        with self._lock:
            for stream, denial in self._denials.items():
                denial.succeeded = self._succeeded.get(stream, 0)
                if denial.part is Part.PARENTS:
                    counted = self._parents.get(stream, (0, 0))
                    if counted[0]:  # unless the run ended before
                        denial.denied, denial.succeeded = counted
                found[stream] = denial.extent()
            for stream, denial in self._denials.items():
                for child in denial.below:
                    found.setdefault(child, f"{stream} {found[stream]}")
        return found

    def errors(self) -> dict[str, PipedriveError]:
        """Return the first error of each denied stream."""
        with self._lock:
            return {stream: denial.error for stream, denial in self._denials.items()}

    def warn(self, specs: Mapping[str, StreamSpec]) -> None:
        """Warn once about each stream of which some requests were denied, with their number."""
        marks = self.marks()
        for stream, denial in sorted(self._denials.items()):
            if denial.part is not Part.LISTS:
                self._warn(specs[stream], denial, marks[stream])

    def error(self) -> AccessDenied | None:
        """Return the error for `strict_access`, or None if nothing was denied."""
        if not self._denials:
            return None
        streams = ", ".join(f"{name} ({mark})" for name, mark in sorted(self.marks().items()))
        return AccessDenied(
            f"Pipedrive denied access to streams: {streams}. Grant access, deselect them, or unset "
            "strict_access."
        )

    def _warn(self, spec: StreamSpec, denial: Denial, extent: str) -> None:
        self._logger.warning(
            "Access to stream %s was %s: %s%s %s",
            spec.name,
            extent,
            denial.error,
            f" The stream requires {spec.needs}." if spec.needs and not is_about_app(denial.error) else "",
            denial.effect(),
        )
