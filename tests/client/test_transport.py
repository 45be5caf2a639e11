from __future__ import annotations

import ssl

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, MaxRetryError, SSLError

from pipedrive_client import Unreachable
from pipedrive_client.http.transport import Transport

URL = "https://acme.example/v1/a"


@pytest.fixture
def failing_send(monkeypatch):
    """Makes requests fail in the given way, and returns the resulting error."""

    def run(error):
        def send(*_, **__):
            raise error

        monkeypatch.setattr(HTTPAdapter, "send", send)
        transport = Transport(timeout_seconds=1)
        with pytest.raises(Unreachable) as raised:
            transport.exchange("POST", URL, headers={})
        transport.close()
        return raised.value

    return run


def tls_failure(cause):
    return requests.exceptions.SSLError(MaxRetryError(None, "/", SSLError(cause)))


def test_an_invalid_certificate_means_that_nothing_was_sent(failing_send):
    error = failing_send(tls_failure(ssl.SSLCertVerificationError("self-signed")))
    assert "its certificate is not valid" in str(error)
    assert error.may_have_acted is False


def test_encryption_that_breaks_may_do_so_after_the_request_was_sent(failing_send):
    assert failing_send(tls_failure(ssl.SSLEOFError("EOF"))).may_have_acted is True


def test_what_requests_does_not_wrap_is_unreachable_too(failing_send):
    assert failing_send(DecodeError("torn")).may_have_acted is True


def test_a_response_of_a_post_that_timed_out_while_connecting_was_not_sent(failing_send):
    assert failing_send(requests.exceptions.ConnectTimeout("slow")).may_have_acted is False
