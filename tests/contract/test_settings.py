"""Every mistake in a setting ends with exit code 2 and one sentence that names the setting."""

from __future__ import annotations

from copy import deepcopy

import pytest

from pipedrive_client import ConfigError
from pipedrive_singer.command_line import Exit, code_of
from tap_pipedrive.tap import TapPipedrive
from target_pipedrive.target import TargetPipedrive

PLUGINS = {"tap": TapPipedrive, "target": TargetPipedrive}
TOKEN = "0123456789abcdef" * 2
VALUES = {
    "string": "no such value",
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "array": ["no such value"],
    "object": {"no such value": 7},
}
FREE = {"stream_map_config", "faker_config"}
"""Objects that may contain anything."""

NESTED = {
    "full_list_interval_hours": [
        ({"userz": 1}, "unknown stream 'userz'. Did you mean users"),
        ({"users": -1}, "full_list_interval_hours.users must be at least 0"),
        ({"users": 10**400}, "full_list_interval_hours.users must be at most"),
        ({"deal_products": 1}, "does not apply to stream deal_products"),
    ],
    "record_ids": [
        ({"dealz": [1]}, "unknown stream 'dealz'. Did you mean deals"),
        ({"deals": 1}, "record_ids.deals must be a list"),
        ({"deals": [None]}, "record_ids.deals.0 must be an integer or a string"),
        ({"deals": [1, "x"]}, "the ids of deals must be integers greater than 0, not 'x'"),
        ({"deals": [-1]}, "the ids of deals must be integers greater than 0, not -1"),
        ({"leads": [" "]}, "the ids of leads must be texts"),
        ({"deals_summary": [1]}, "cannot read single rows of deals_summary"),
    ],
    "stream_parameters": [
        ({"dealz": {}}, "unknown stream 'dealz'. Did you mean deals"),
        ({"deals": 7}, "stream_parameters.deals must be a JSON object"),
        ({"deals": {"filter": 7}}, "no parameter 'filter' for deals"),
        ({"deals": {"filter_id": {"a": 1}}}, "filter_id of deals must be a string"),
    ],
    "searches": [
        ([{"term": "Ann"}], "searches.0 must contain stream"),
        ([{"stream": "person_search", "term": "Ann"}], "unknown stream 'person_search'. Did you mean"),
        ([{"stream": "deals", "term": "Ann"}], "does not apply to stream deals"),
        ([{"stream": "person_searches"}], "also requires term"),
        ([{"stream": "person_searches", "term": None}], "also requires term"),
        ([{"stream": "person_searches", "term": "Ann", "trem": "x"}], "no parameter 'trem'"),
        ([{"stream": "person_searches", "term": {"a": 1}}], "term of person_searches must be a string"),
        ([{"stream": "person_searches", "term": "Ann", "name": 7}], "searches.0.name must be a string"),
    ],
    "statistics": [
        ([{"name": "won"}], "statistics.0 must contain stream"),
        ([{"stream": "deal_summary"}], "unknown stream 'deal_summary'. Did you mean"),
        ([{"stream": "deals_summary", "stats": "won"}], "no parameter 'stats'"),
    ],
    "raw_requests": [
        ([7], "raw_requests.0 must be a JSON object"),
        ([{"path": "/v1/deals"}], "name must be a name in snake_case; it is missing"),
        ([{"name": "deals", "path": "/v1/deals"}], "the name of another stream"),
        ([{"name": "a", "path": "/v1/deals", "param": {}}], "unknown key 'param'"),
        ([{"name": "a", "path": "/v1/deals", "params": {"a": {}}}], "params must be an object of strings"),
        ([{"name": "a", "path": "/v1/deals", "page_size": "7"}], "page_size must be an integer"),
    ],
    "stream_maps": [
        ({"deal": {"title": None}}, "unknown stream 'deal'. Did you mean deals"),
        ({"d*x": None}, "unknown stream 'd*x'"),
        ({"copy": {"__source__": "dealz"}}, "unknown stream 'dealz'"),
        ({"deals": 7}, "stream_maps.deals must be __NULL__ or a JSON object"),
        ({"deals": {"title": 7}}, "stream_maps.deals.title must be a string"),
        ({"deals": {"__filters__": "x"}}, "stream_maps.deals.__filters__ is unknown"),
        ({"deals": {"__else__": "x"}}, "stream_maps.deals.__else__ must be null"),
        ({"deals": {"__key_properties__": "id"}}, "__key_properties__ must be a list"),
        ({"__else__": 7}, "stream_maps.__else__ must be __NULL__"),
    ],
    "batch_config": [
        ({"encodings": {}}, "batch_config has the unknown key 'encodings'; known keys are encoding"),
        ({"storage": {}}, "batch_config.storage must contain root"),
        ({"storage": {"root": ""}}, "batch_config.storage.root must not be empty"),
        ({"storage": {"root": "x", "prefix": 7}}, "batch_config.storage.prefix must be a string"),
        ({"encoding": {"format": "csv"}}, "batch_config.encoding.format must be one of jsonl"),
        ({"batch_size": 0}, "batch_config.batch_size must be at least 1"),
    ],
    "streams": [
        ({"a": 7}, "streams.a must be an object"),
        ({"a": {}}, "streams.a needs either `entity` or `action`"),
        ({"a": {"entity": "person"}}, "unknown entity person; nearest: persons"),
        ({"a": {"entity": ["persons"]}}, "streams.a: unknown entity"),
        ({"a": {"action": "addDeals"}}, "unknown action add_deals; nearest:"),
        ({"a": {"action": "add_deal", "write": "add"}}, "streams.a.write applies only to an entity"),
        ({"a": {"entity": "persons", "wirte": "add"}}, "streams.a does not accept 'wirte'"),
        ({"a": {"entity": "persons", "write": "insert"}}, "streams.a.write must be one of upsert"),
        ({"a": {"entity": "persons", "write": ["add"]}}, "streams.a.write must be one of upsert"),
        ({"a": {"entity": "persons", "match_on": [7]}}, "streams.a.match_on must be a list of names"),
        ({"a": {"entity": "persons", "match_on": [""]}}, "streams.a.match_on must be a list of names"),
        ({"a": {"entity": "persons", "fields": {"a": 7}}}, "streams.a.fields must be an object"),
        ({"a": {"entity": "persons", "fields": []}}, "streams.a.fields must be an object"),
        ({"a": {"entity": "persons", "id": 7}}, "streams.a.id must be the name of a column"),
        ({"a": {"entity": "persons", "external_id": ["a"]}}, "streams.a.external_id must be the name"),
        ({"a": {"entity": "persons", "ignore": {"a": 1}}}, "streams.a.ignore must be a list of names"),
    ],
    "match_on": [
        ({"person": ["name"]}, "match_on: unknown entity person; nearest: persons"),
        ({"persons": 7}, "match_on.persons must be a list of names"),
        ({"persons": ["name", " "]}, "match_on.persons must be a list of names"),
    ],
}


def settings_of(plugin: str) -> dict[str, dict]:
    """The settings of a plugin by name, those of the SDK included."""
    schema = deepcopy(PLUGINS[plugin].config_jsonschema)
    PLUGINS[plugin].append_builtin_config(schema)
    return schema["properties"]


def kinds(definition: dict) -> list[str]:
    given = definition["type"]
    return [given] if isinstance(given, str) else given


ALL = [(plugin, name) for plugin in PLUGINS for name in settings_of(plugin)]
NUMBERS = [
    (plugin, name) for plugin, name in ALL if {"integer", "number"} & {*kinds(settings_of(plugin)[name])}
]


def rejection(plugin: str, **config: object) -> str:
    """The sentence with which a plugin rejects settings, after the check of its exit code."""
    with pytest.raises(ConfigError) as refused:
        PLUGINS[plugin](config={"api_token": TOKEN, **config}, parse_env_config=False)
    assert code_of(refused.value) == Exit.BAD_INPUT
    sentence = str(refused.value)
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(("plugin", "name"), ALL)
def test_a_value_of_another_type_is_rejected_by_name(plugin, name):
    accepted = {*kinds(settings_of(plugin)[name])}
    accepted |= {"integer"} if "number" in accepted else set()
    for kind, value in VALUES.items():
        if kind not in accepted:
            sentence = rejection(plugin, **{name: value})
            assert f"Setting {name} must be " in sentence
            assert "no such value" not in sentence


@pytest.mark.parametrize(("plugin", "name"), ALL)
def test_another_word_and_an_impossible_text_are_rejected(plugin, name):
    definition = settings_of(plugin)[name]
    if "enum" in definition:
        assert f"Setting {name} must be one of " in rejection(plugin, **{name: "no such value"})
    elif "string" in kinds(definition):
        assert name in rejection(plugin, **{name: "a\0b"})


@pytest.mark.parametrize(("plugin", "name"), NUMBERS)
def test_a_number_out_of_range_is_rejected(plugin, name):
    assert name in rejection(plugin, **{name: -1})
    if "maximum" in settings_of(plugin)[name] or "number" in kinds(settings_of(plugin)[name]):
        assert name in rejection(plugin, **{name: 10**400})


@pytest.mark.parametrize(("plugin", "name"), ALL)
def test_a_misspelt_setting_is_rejected_with_the_right_name(plugin, name):
    assert f"Did you mean {name}?" in rejection(plugin, **{f"{name[:-1]}_{name[-1]}": None})


@pytest.mark.parametrize("name", NESTED)
def test_a_mistake_within_a_setting_is_rejected_with_its_place(name):
    plugin = next(plugin for plugin, one in ALL if one == name)
    for value, place in NESTED[name]:
        assert place in rejection(plugin, **{name: value})


def test_the_table_of_mistakes_has_every_setting_with_parts():
    with_parts = {name for plugin, name in ALL if {"array", "object"} & {*kinds(settings_of(plugin)[name])}}
    assert with_parts == {*NESTED} | FREE


def test_an_unset_setting_is_accepted_as_null():
    for plugin, made in PLUGINS.items():
        names = [name for name in settings_of(plugin) if name != "api_token"]
        made(config={"api_token": TOKEN, **dict.fromkeys(names)}, parse_env_config=False)


def test_flattening_needs_a_depth():
    assert "flattening_max_depth must be set" in rejection("tap", flattening_enabled=True)
