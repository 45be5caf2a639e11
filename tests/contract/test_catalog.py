"""Completeness of the catalogue."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tap_pipedrive import catalog
from tap_pipedrive.catalog import MODULES, STREAMS
from tap_pipedrive.catalog.not_covered import NOT_COVERED
from tests.contract.published_rows import (
    every_spec,
)
from tests.support import facts
from tests.support.published import all_reads, plain, published


def answered() -> set[str]:
    """Names of operations that some stream reads or serves."""
    names = {read.operation for spec in STREAMS.values() for read in all_reads(spec)}
    return names.union(*(spec.serves for spec in STREAMS.values()))


def covered() -> set[tuple[str, str]]:
    """Published operations that some stream reads or serves; of twins, `serves` means the newer one."""
    newest: dict[str, tuple[str, str]] = {}
    for key, one in sorted(published().items(), key=lambda each: each[1]["version"]):
        newest[one["operationId"]] = key
    reads = {(read.operation, plain(read.path)) for spec in STREAMS.values() for read in all_reads(spec)}
    served = {name for spec in STREAMS.values() for name in spec.serves}
    return (reads & published().keys()) | {newest[name] for name in served if name in newest}


def test_every_published_read_is_a_stream_or_has_a_reason():
    names = {key: f"{one['version']} {one['operationId']}" for key, one in published().items()}
    assert len(set(names.values())) == len(names)
    done = {names[key] for key in covered()}
    given_up = set(NOT_COVERED)
    of_target = {
        names[key] for key in names if "/convert/status/" in key[1]
    }  # requested until a conversion ends
    assert len(of_target) == 2
    assert not done & given_up
    assert not of_target & (done | given_up)
    missing, unpublished = set(names.values()) - (done | given_up | of_target), given_up - set(names.values())
    assert not missing, (
        f"name {sorted(missing)} in `reads`, `single` or `serves` of a stream, or in not_covered.py"
    )
    assert not unpublished, "not_covered.py lists operations that are not published"


def test_seed_reads_are_covered():
    actions = set(facts.component())
    kinds = {verb: {name for name in actions if name.startswith(verb)} for verb in ("get", "search", "find")}
    assert {verb: len(names) for verb, names in kinds.items()} == {"get": 88, "search": 4, "find": 2}
    assert not set().union(*kinds.values()) - answered()
    assert "downloadFile" in actions & answered()


@every_spec
def test_served_operations_are_not_read_as_well(spec):
    reads = {read.operation for read in all_reads(spec)}
    assert not reads & set(spec.serves)


@pytest.mark.parametrize("name", NOT_COVERED)
def test_reasons_are_sentences(name):
    assert re.fullmatch(r"[A-Z].*\.", NOT_COVERED[name])
    streams = re.findall(r"[Tt]he stream (\w+)", NOT_COVERED[name])
    assert all(stream in STREAMS for stream in streams)


@pytest.mark.parametrize(
    "file", sorted(Path(catalog.__file__).parent.glob("*.py")), ids=lambda file: file.stem
)
def test_catalogue_modules_hold_data_only(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.startswith(("tap_pipedrive", "pipedrive_client"))}
    assert {name for name in ours if not name.startswith("tap_pipedrive.catalog")} <= {
        "pipedrive_client",
        "tap_pipedrive.catalog.notation",
        "tap_pipedrive.catalog.spec",
    }
    if file.stem not in ("__init__", "spec", "notation"):  # not entries
        assert not any(
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in ast.walk(tree)
        )


def test_every_stream_is_in_one_module():
    assert sum(len(module.STREAMS) for module in MODULES) == len(STREAMS)
