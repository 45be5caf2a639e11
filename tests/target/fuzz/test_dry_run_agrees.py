"""A dry run gives each record the outcome of the real run, except for the listed differences."""

from __future__ import annotations

import pytest

from tests.support.emulator import Emulator
from tests.target.fuzz.dry_and_real import BY_THE_RESPONSE, differences, folders
from tests.target.fuzz.generator import case
from tests.target.fuzz.harness import Harness

FOLDERS = folders()
ALL, SAMPLED = 400, 4


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    with Emulator("--burst", "0") as emulator:
        running = Harness(emulator, tmp_path_factory.mktemp("cases"))
        yield running
        running.close()


def unforeseen(harness, cases):
    """Return descriptions of inputs with differences that are not listed."""
    compared = {made.seed: (made.story, differences(harness, made).get("", [])) for made in cases}
    return {seed: one for seed, one in compared.items() if one[1]}


def test_outcomes_of_a_sample_agree(harness):
    assert unforeseen(harness, FOLDERS[2::3]) == {}
    assert unforeseen(harness, map(case, range(SAMPLED))) == {}


def test_only_responses_of_pipedrive_cause_differences(harness):
    made = next(one for one in FOLDERS if one.story == ["08-null-multi"])
    assert list(differences(harness, made)) == [BY_THE_RESPONSE]


@pytest.mark.soak
def test_outcomes_of_all_folders_agree(harness):
    assert unforeseen(harness, FOLDERS) == {}


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, ALL, 50))
def test_outcomes_of_all_mutated_inputs_agree(harness, first):
    assert unforeseen(harness, map(case, range(first, first + 50))) == {}
