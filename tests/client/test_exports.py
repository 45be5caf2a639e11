from __future__ import annotations

import re

import pipedrive_client
from pipedrive_client import PipedriveError, errors


def test_public_names_are_sorted_and_exist():
    names = pipedrive_client.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(pipedrive_client, name) for name in names)


def test_every_error_is_exported_and_drawn_in_the_tree():
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert classes <= set(pipedrive_client.__all__)
    drawn = set(
        re.findall(
            r"^[│ ]*(?:[├└]── )?([A-Z]\w+)", errors.__doc__.split("::")[1].split("Messages")[0], re.MULTILINE
        )
    )
    assert drawn == classes
    assert all(issubclass(getattr(errors, name), PipedriveError) for name in classes)


def test_errors_carry_their_facts():
    error = errors.NotFound("gone", status=404, code="x", error_info="i", request_id="r", label="deals")
    assert (error.status, error.code, error.error_info, error.request_id, error.label) == (
        404,
        "x",
        "i",
        "r",
        "deals",
    )
    assert str(error) == error.message == "gone"
