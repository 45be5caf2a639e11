"""Lines of the input, read without the SDK's sinks."""

from __future__ import annotations

import logging
import sys
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.sinks import Sink
from typing_extensions import override

from target_pipedrive.run.abort import InputTruncated

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

_LOGGER = logging.getLogger("target-pipedrive")


class LineReader(GenericSingerReader[str]):
    """Reader that passes each line to a function when it is received, without parsing it.

    Args:
        take: receives one line.
        counts: returns the number of received messages by type.
        on_read: called before each wait for a line.
        on_end: called if the input was not read completely.

    Attributes:
        reading: True while it waits for a line.
    """

    def __init__(
        self,
        take: Callable[[str | bytes], None],
        counts: Callable[[], Counter[str]],
        on_read: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        super().__init__()
        self._take = take
        self._counts = counts
        self._on_read = on_read
        self._on_end = on_end
        self.reading = False

    @property
    @override
    def default_input(self) -> IO[str]:
        """Standard input, as bytes: decoding it to text would cost as much as parsing the JSON."""
        return sys.stdin.buffer  # type: ignore[return-value]  # lines of both kinds are accepted

    @override
    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        if file_input is None and sys.stdin.isatty():
            sys.stderr.write(
                "Reading Singer messages from the terminal. Pipe a tap into it, or see --help.\n"
            )
        try:
            empty = not self._take_all(iter(file_input or self.default_input))
        except BaseException:
            self._on_end()
            raise
        if empty:
            _LOGGER.warning("The input is empty. Check the program that writes it")
        return self._counts()

    def _take_all(self, lines: Iterator[str | bytes]) -> bool:
        """Process the lines; return False if there are none.

        A signal interrupts the wait for a line, and is deferred during processing.
        """
        found = False
        try:
            while True:
                self.reading = True
                self._on_read()
                line = next(lines, None)
                self.reading = False
                if line is None:
                    return found
                found = True
                self._take(line)
        except OSError as error:
            if not self.reading:
                raise
            raise InputTruncated(f"The input cannot be read: {error.strerror or error}") from error
        finally:
            self.reading = False

    @override
    def deserialize_json(self, line: str) -> dict[str, Any]:
        raise NotImplementedError


class NoSink(Sink):
    """Sink class that the SDK requires; it receives no records."""

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        raise NotImplementedError
