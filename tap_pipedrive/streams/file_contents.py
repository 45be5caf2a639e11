"""Bytes of files: one download per row of `files`, written below the setting `files_dir`.

A download goes to `<id>-<name>.part` and gets its own name once it is whole, so a file that has its
name is complete. A part that an interrupted run left behind is gone on with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from pipedrive_client import ConfigError
from tap_pipedrive.read.files import FileReader
from tap_pipedrive.streams.base import PipedriveStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pipedrive.catalog.spec import Read
    from tap_pipedrive.read.reader import Reader
    from tap_pipedrive.rows.row import Row


class FileContentsStream(PipedriveStream):
    """The stream `file_contents`."""

    @property
    def folder(self) -> Path | None:
        """Setting `files_dir`."""
        given = self.tap_context.config.get("files_dir")
        return Path(str(given)).expanduser() if given else None

    @override
    def check_ready(self) -> None:
        """Refuse to begin without a folder; a trial run goes without the files."""
        if self.folder is None and self.ABORT_AT_RECORD_COUNT is None:
            msg = (
                "Stream file_contents is selected, but no setting files_dir says where to write the files: "
                "give a folder, or deselect the stream."
            )
            raise ConfigError(msg)

    @override
    def reader(self, read: Read) -> Reader:
        """Fetches files instead of rows."""
        return FileReader(
            self.tap_context.client, read, label=self.name, folder=self.folder, logger=self.logger
        )

    @override
    def emit(self, read: Read, rows: list[Row], context: Mapping[str, object] | None = None) -> None:
        """Write the rows, which know better than the list how large a file is."""
        super().emit(read, rows)
