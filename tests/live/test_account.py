"""The check of a live account as a test, off by default: `pytest -m live tests/live`."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from tests.live.__main__ import VARIABLE, main


@pytest.mark.live
def test_a_live_account_responds_as_this_project_assumes(tmp_path):
    missing = [name for name in ("API_TOKEN", "COMPANY_DOMAIN") if not os.environ.get(VARIABLE + name)]
    if missing:
        pytest.skip(f"{VARIABLE}{missing[0]} is not set")
    result = CliRunner().invoke(main, ["--report", str(tmp_path / "report.json")])
    assert result.exit_code == 0, result.output
