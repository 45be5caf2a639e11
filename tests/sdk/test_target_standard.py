"""The SDK's own target suite, in full.

Its streams are unknown to Pipedrive, so they are ignored here; `tests/target` tests that they are rejected by
default. It expects format errors to end the run, which is `on_error: stop`.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from singer_sdk.testing import get_target_test_class

from target_pipedrive.target import TargetPipedrive

_FOLDER = Path(tempfile.mkdtemp(prefix="target-standard-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

TestTargetPipedrive = get_target_test_class(
    TargetPipedrive,
    config={
        "api_token": "emulator-token",
        "api_url": "http://127.0.0.1:1",
        "unknown_streams": "ignore",
        "on_error": "stop",
        "ledger_path": str(_FOLDER / "ledger.sqlite"),
        "rejects_path": str(_FOLDER / "rejects.singer"),
    },
)
