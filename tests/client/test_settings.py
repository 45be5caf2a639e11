from __future__ import annotations

import dataclasses

import pytest

from pipedrive_client import SETTING_DEFINITIONS, ClientSettings, ConfigError

TOKEN = "sekret-token-value"
OAUTH = {"client_id": "id", "client_secret": "hush-hush", "refresh_token": "refresh-me"}


def configured(**config):
    return ClientSettings.from_config({"api_token": TOKEN, **config})


def test_definitions_and_fields_are_the_same():
    fields = {field.name: field for field in dataclasses.fields(ClientSettings)}
    assert [definition.name for definition in SETTING_DEFINITIONS] == list(fields)
    for definition in SETTING_DEFINITIONS:
        assert definition.default == fields[definition.name].default
        assert definition.secret is not fields[definition.name].repr
        assert definition.description.endswith(".")


@pytest.mark.parametrize(
    "company_domain", ["acme", "Acme", "acme.pipedrive.com", "https://acme.pipedrive.com/", " acme "]
)
def test_every_spelling_of_the_company_is_understood(company_domain):
    assert configured(company_domain=company_domain).base_url == "https://acme.pipedrive.com"


@pytest.mark.parametrize("company_domain", ["ac me", "acme.example.com", "acme@evil", "-acme", "https://"])
def test_other_companies_are_rejected(company_domain):
    with pytest.raises(ConfigError, match=r"company_domain .* Use acme for"):
        configured(company_domain=company_domain)


def test_without_company_the_shared_host_is_used():
    assert configured(company_domain="").base_url == "https://api.pipedrive.com"


def test_api_url_overrides_the_company():
    assert configured(company_domain="acme", api_url="https://proxy.example/crm/").base_url == (
        "https://proxy.example/crm"
    )


@pytest.mark.parametrize("url", ["http://localhost:8787", "http://127.0.0.1:1", "http://[::1]:1"])
def test_plain_http_works_on_loopback(url):
    assert configured(api_url=url).base_url == url


@pytest.mark.parametrize("name", ["api_url", "oauth_token_url"])
@pytest.mark.parametrize("url", ["http://acme.pipedrive.com", "http://10.0.0.1", "http://localhost.evil.com"])
def test_plain_http_elsewhere_is_rejected(name, url):
    with pytest.raises(ConfigError, match=f"{name} uses http"):
        configured(**{name: url})


@pytest.mark.parametrize(
    "url",
    [
        "acme",
        "ftp://acme",
        "https://",
        "https://u:p@acme",
        "https://acme?x=1",
        "https://acme:x",
        "https://[acme",
    ],
)
def test_other_addresses_are_rejected(url):
    with pytest.raises(ConfigError, match="api_url must be a URL such as"):
        configured(api_url=url)


def test_no_sign_in_is_rejected():
    with pytest.raises(ConfigError, match="Set api_token, or client_id, client_secret and refresh_token"):
        ClientSettings.from_config({"api_token": "  ", "client_id": None})


def test_half_an_oauth_sign_in_is_rejected():
    with pytest.raises(ConfigError, match="Set client_secret, or use api_token"):
        ClientSettings.from_config({"client_id": "id", "refresh_token": "refresh-me"})
    with pytest.raises(ConfigError, match="Set client_id and client_secret and refresh_token"):
        ClientSettings.from_config({"access_token": "alone"})


def test_oauth_is_enough():
    assert ClientSettings.from_config(OAUTH).secrets == ("hush-hush", "refresh-me")


def test_secrets_are_in_no_repr_and_no_message():
    settings = ClientSettings.from_config({"api_token": TOKEN, "access_token": "acc-ess", **OAUTH})
    assert not any(secret in repr(settings) for secret in settings.secrets)
    with pytest.raises(ConfigError) as raised:
        configured(api_token=f"{TOKEN}\n{TOKEN}")
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("value", [1, ["x"], True])
def test_text_must_be_text(value):
    with pytest.raises(ConfigError, match="api_token must be a string, not"):
        configured(api_token=value)


@pytest.mark.parametrize(("given", "seconds"), [(None, 60.0), ("", 60.0), (5, 5.0), (0.5, 0.5), ("30", 30.0)])
def test_timeout_is_a_number_above_zero(given, seconds):
    assert configured(request_timeout_seconds=given).request_timeout_seconds == seconds


@pytest.mark.parametrize("given", [0, -1, "soon", True, float("nan"), float("inf"), []])
def test_other_timeouts_are_rejected(given):
    with pytest.raises(ConfigError, match="request_timeout_seconds must be a number greater than 0"):
        configured(request_timeout_seconds=given)


def test_integers_may_be_sent_as_text():
    settings = configured(max_concurrency="4", daily_token_budget=1000.0, run_token_budget="30")
    assert (settings.run_token_budget, settings.smallest_budget) == (30, ("run_token_budget", 30))
    assert (settings.max_concurrency, settings.daily_token_budget) == (4, 1000)
    assert (configured().max_concurrency, configured(daily_token_budget="").daily_token_budget) == (16, None)


@pytest.mark.parametrize("given", [0, 1.5, "many", 10_000, False, float("nan")])
def test_other_concurrencies_are_rejected(given):
    with pytest.raises(ConfigError, match="max_concurrency must be an integer between 1 and 256"):
        configured(max_concurrency=given)


def test_budget_has_no_upper_bound():
    assert configured(daily_token_budget=10**9).daily_token_budget == 10**9
    with pytest.raises(ConfigError, match="daily_token_budget must be an integer greater than 0"):
        configured(daily_token_budget=0)
    with pytest.raises(ConfigError, match="daily_token_budget"):
        configured(daily_token_budget=float("inf"))


def test_keys_of_others_are_ignored():
    assert configured(start_date=5).api_token == TOKEN
