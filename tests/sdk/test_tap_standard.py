"""The SDK's own suite for taps, over every live stream of the small account."""

from __future__ import annotations

import atexit
import tempfile

from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.tap import TapPipedrive
from tests.support.emulator import Emulator
from tests.support.settings import ALL_STREAMS
from tests.support.singer import select

# The factory builds a tap while tests are collected, before any fixture runs.
EMULATOR = Emulator("--burst", "0")
atexit.register(EMULATOR.stop)
CONFIG = {**EMULATOR.config(), **ALL_STREAMS, "files_dir": tempfile.mkdtemp(prefix="pipedrive-files-")}
LIVE = [name for name, spec in STREAMS.items() if not spec.removed_on]

TestTapPipedrive = get_tap_test_class(
    TapPipedrive,
    config=CONFIG,
    catalog=select(CONFIG, *LIVE),
    suite_config=SuiteConfig(max_records_limit=20),
)
