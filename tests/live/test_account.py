"""The check of a live account as a test, off by default: `pytest -m live tests/live`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.live.__main__ import VARIABLE, main, settings_of_environment


@pytest.mark.live
def test_a_live_account_responds_as_this_project_assumes(tmp_path):
    given = settings_of_environment()
    if "api_token" not in given and "refresh_token" not in given:
        pytest.skip(f"neither {VARIABLE}API_TOKEN nor {VARIABLE}REFRESH_TOKEN is set")
    result = CliRunner().invoke(main, ["--report", str(tmp_path / "report.md")])
    assert result.exit_code == 0, result.output
