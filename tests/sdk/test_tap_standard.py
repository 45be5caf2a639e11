"""The SDK's own suite for taps, over every stream of the small account, removed ones included."""

from __future__ import annotations

import atexit
import shutil
import tempfile

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_pipedrive.catalog import STREAMS
from tap_pipedrive.tap import TapPipedrive
from tests.support.emulator import Emulator
from tests.support.settings import ALL_STREAMS, wake
from tests.support.singer import select

# The factory builds a tap while tests are collected, before any fixture runs.
EMULATOR = Emulator("--burst", "0", "--legacy")
atexit.register(EMULATOR.stop)
wake(EMULATOR)
FILES = tempfile.mkdtemp(prefix="pipedrive-files-")
atexit.register(shutil.rmtree, FILES, ignore_errors=True)
CONFIG = {
    **EMULATOR.config(),
    **ALL_STREAMS,
    "files_dir": FILES,
    "validate_records": True,
    "record_ids": {"subscriptions": [1, 2], "deal_subscriptions": [1], "subscription_payments": [1]},
}
# The suite warns of columns that none of the few rows it reads has.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records"),
    pytest.mark.filterwarnings("ignore:No records were available to test"),
    pytest.mark.xdist_group("sdk"),  # each worker would read all streams
]

TestTapPipedrive = get_tap_test_class(
    TapPipedrive,
    config=CONFIG,
    catalog=select(CONFIG, *STREAMS),
    suite_config=SuiteConfig(max_records_limit=20),
)
