"""Filters."""

from __future__ import annotations

from target_pipedrive.catalog.spec import ActionSpec, Verb

ACTIONS = (
    ActionSpec(
        name="delete_filters",
        operation="deleteFilters",
        method="DELETE",
        path="/v1/filters",
        cost=10,
        entity="filters",
        verb=Verb.OTHER,
        query="ids!:csv",
    ),
    ActionSpec(
        name="add_filter",
        operation="addFilter",
        method="POST",
        path="/v1/filters",
        cost=10,
        entity="filters",
        verb=Verb.ADD,
        query="include_field_code:bool",
        body="name! conditions!:map type!=deals|leads|org|people|products|activity|projects",
    ),
    ActionSpec(
        name="delete_filter",
        operation="deleteFilter",
        method="DELETE",
        path="/v1/filters/{id}",
        cost=6,
        entity="filters",
        verb=Verb.DELETE,
    ),
    ActionSpec(
        name="update_filter",
        operation="updateFilter",
        method="PUT",
        path="/v1/filters/{id}",
        cost=10,
        entity="filters",
        verb=Verb.UPDATE,
        query="include_field_code:bool",
        body="name conditions!:map",
    ),
)
