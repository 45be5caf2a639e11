"""The dbt package in dbt/: every model is described and tested, and no SQL is for one warehouse only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

PACKAGE = Path(__file__).parents[2] / "dbt"
MODELS = {path.stem: path for path in sorted((PACKAGE / "models").rglob("*.sql"))}
DESCRIBED = {
    model["name"]: model
    for path in (PACKAGE / "models").rglob("*.yml")
    for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
}
ONE_WAREHOUSE = (
    r"::|->|\b(ilike|qualify|date_trunc|interval|unnest|float64|int64|jsonb|varchar)\b|\bfilter *\("
)


def test_all_models_are_described():
    assert DESCRIBED.keys() == MODELS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_descriptions_and_tests(name):
    model = DESCRIBED[name]
    assert model["description"]
    assert all(column["description"] for column in model["columns"])
    assert any(column.get("data_tests") for column in model["columns"])


@pytest.mark.parametrize("name", MODELS)
def test_a_model_leaves_what_differs_between_warehouses_to_macros(name):
    sql = re.sub(r"\{\{.*?\}\}|--.*", "", MODELS[name].read_text(encoding="utf-8"))
    assert not re.findall(ONE_WAREHOUSE, sql, re.IGNORECASE)


def test_macros_support_all_four_warehouses():
    text = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "macros").glob("*.sql"))
    dispatched = set(re.findall(r"dispatch\('(\w+)', 'pipedrive'\)", text))
    assert {"json_elements", "json_text", "median"} <= dispatched
    for name in dispatched:
        assert f"macro default__{name}(" in text  # PostgreSQL's
        assert f"macro bigquery__{name}(" in text or name == "json_element"


def test_every_model_and_variable_is_on_the_page():
    page = (PACKAGE.parent / "docs/warehouse-models.md").read_text(encoding="utf-8")
    project = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))
    marts = [name for name in MODELS if name.startswith("pipedrive__")]
    assert [name for name in (*marts, *project["vars"]) if f"`{name}`" not in page] == []
