"""The dbt models compile for warehouses that cannot be started here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODELS = {path.stem for path in (ROOT / "dbt" / "models").rglob("*.sql")}
OF_OTHERS = {
    "snowflake": ("json_value(", "safe_cast(", "`none`"),
    "bigquery": ("lateral flatten", "::variant", "try_cast("),
}
"""What the SQL of one warehouse does not have, because another one's does."""


@pytest.mark.soak
def test_all_models_compile_for_snowflake_and_bigquery():
    if not (ROOT / ".venv" / "warehouses" / ".installed").exists():
        pytest.skip("the dbt adapters are not installed: `make warehouses` installs them")
    done = subprocess.run(["make", "warehouses"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for warehouse, foreign in OF_OTHERS.items():
        compiled = ROOT / "build" / "dbt" / warehouse / "compiled" / "pipedrive" / "models"
        texts = {path.stem: path.read_text().lower() for path in compiled.rglob("*.sql")}
        assert set(texts) >= MODELS
        assert [word for word in foreign for text in texts.values() if word in text] == []
