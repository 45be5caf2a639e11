"""Contents of files: one download per row of `files`, written to the folder `files_dir`.

A download is written to `<id>-<name>.part` and renamed when it is complete. A partial file of an interrupted
run is resumed.
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
    from tap_pipedrive.values.row import Row


class FileContentsStream(PipedriveStream):
    """The stream `file_contents`."""

    HAS_WHOLE_ROWS = False

    @property
    def folder(self) -> Path | None:
        """Setting `files_dir`."""
        given = self.tap_context.config.get("files_dir")
        return Path(str(given)).expanduser() if given else None

    @override
    def check_ready(self) -> None:
        """Check that the folder is set; a `--test` run downloads no files."""
        if self.folder is None and self.ABORT_AT_RECORD_COUNT is None:
            msg = (
                "Stream file_contents is selected, but the setting files_dir is missing. Set it to a folder "
                "for the files, or deselect the stream."
            )
            raise ConfigError(msg)

    @override
    def reader(self, read: Read) -> Reader:
        """Return a reader that downloads files."""
        return FileReader(
            self.tap_context.client, read, label=self.name, folder=self.folder, logger=self.logger
        )

    @override
    def emit(self, read: Read, rows: list[Row], context: Mapping[str, object] | None = None) -> int:
        """Emit the rows of the downloads, which contain the actual size."""
        return super().emit(read, rows)
