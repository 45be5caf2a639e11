"""What can be wrong with a record, told to the person who sent it."""

from __future__ import annotations


class RecordFault(Exception):  # noqa: N818 - it is the record that is at fault, not the program
    """A record that cannot be written; the sentence names the column and says what to do.

    The texts hold no values of free-text columns, so that rejects can be logged.
    """


class SkipRecord(Exception):  # noqa: N818 - an outcome, not an error
    """The record is to be skipped; the text says why."""
