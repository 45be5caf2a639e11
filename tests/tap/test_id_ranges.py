from __future__ import annotations

import random

import pytest

from tap_pipedrive.state.known_ids import IdRanges


@pytest.mark.parametrize("seed", range(20))
def test_ranges_behave_like_a_set(seed):
    source = random.Random(seed)
    ranges, plain = IdRanges(), set()
    for _ in range(400):
        one = source.randrange(1, 60)
        if source.random() < 0.6:
            ranges.add(one)
            plain.add(one)
        else:
            ranges.discard(one)
            plain.discard(one)
        assert len(ranges) == len(plain)
        assert (one in ranges) == (one in plain)
    assert list(ranges.missing_from(IdRanges())) == sorted(plain)
    other = {one for one in range(1, 60) if source.random() < 0.5}
    assert list(ranges.missing_from(IdRanges.of(sorted(other)))) == sorted(plain - other)
    assert str(IdRanges.parse(str(ranges))) == str(ranges)


def test_consecutive_ids_are_stored_in_few_characters():
    assert str(IdRanges.of(range(1, 100_001))) == "1-100000"


@pytest.mark.parametrize("text", ["5-1", "1-5,3", "a", "1--2", "7,7"])
def test_a_malformed_text_is_rejected(text):
    with pytest.raises(ValueError, match="range"):
        IdRanges.parse(text)
