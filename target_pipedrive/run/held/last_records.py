"""Records that are kept until the input has ended, for the setting `on_duplicate_key: last`.

Only the last record of each key is then processed. All others keep their order, including those of actions:
the result is that of an input without the earlier records of a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_pipedrive.record.outcome import Outcome, Result
from target_pipedrive.run.held.record_file import RecordFile

if TYPE_CHECKING:
    from pathlib import Path

    from target_pipedrive.ledger.journal import Journal
    from target_pipedrive.record.task import Task
    from target_pipedrive.run.abort import RunAbort
    from target_pipedrive.run.admission import Admission
    from target_pipedrive.run.held.input_keys import InputKeys


class LastRecords:
    """Records of the whole input, in a temporary file.

    Args:
        keys: knows the last record of each key.
        admission: submits records.
        journal: stores the outcome of records that are not processed.
        abort: early ends of the run.
        folder: folder of the temporary file.

    Attributes:
        count: number of records that were not submitted yet.
    """

    def __init__(
        self, keys: InputKeys, admission: Admission, journal: Journal, abort: RunAbort, *, folder: Path
    ) -> None:
        self._keys = keys
        self._admission = admission
        self._journal = journal
        self._abort = abort
        self._folder = folder
        self._file: RecordFile | None = None
        self.count = 0

    def hold(self, task: Task) -> None:
        """Keep a record until the end of the input.

        Raises:
            OutputFailed: the temporary file cannot be written.
        """
        if self._file is None:
            self._file = RecordFile(self._folder, "the records of the input")
        self._file.add(task)
        self.count += 1

    def submit(self) -> None:
        """Submit the last record of each key, and all records without a key; the others are skipped.

        Raises:
            OutputFailed: the temporary file cannot be read.
        """
        for task in self._file.tasks() if self._file is not None else ():
            self.count -= 1
            later = self._keys.later(task)
            if later:
                # Its row is in the input, so `mirror` need not know about it.
                note = f"line {later} has the same key, and is the last one"
                task.result = Result(outcome=Outcome.SKIPPED, note=note)
                self._journal.finish(task, [])
            else:
                self._admission.submit(task)
            self._abort.check()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
