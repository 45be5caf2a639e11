"""Errors of requests without a complete response: the cause, and how to fix it."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from pipedrive_client.errors import ConfigError, PipedriveError, Unreachable
from pipedrive_client.settings import is_safe_url

_UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
)


def check_redirect(url: str) -> None:
    """Check that a redirect leads to an https URL or a loopback address.

    Raises:
        ConfigError: the URL is not safe.
    """
    if not is_safe_url(url):
        raise ConfigError(
            f"Pipedrive redirects to {host_of(url)} without https. The redirect was not followed."
        )


def host_of(url: str) -> str:
    """Return host and port, the only part of a URL that messages contain."""
    return urlsplit(url).netloc.rsplit("@", 1)[-1]


def unreachable(url: str, error: requests.exceptions.RequestException) -> PipedriveError:
    """Return the error of a request without a response, including whether it may have been executed."""
    host = host_of(url)
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, _UNUSABLE):
        return ConfigError(
            f"Requests to {host} are not possible. Check company_domain, api_url and the proxy settings.",
        )
    if isinstance(reason, NameResolutionError):
        message = f"The host {host} is unknown. Check company_domain, api_url and the network."
    elif isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        message = f"No connection to {host}: it is down, or a firewall or proxy blocks the connection."
    elif reason is not None and any(isinstance(cause, ssl.SSLCertVerificationError) for cause in reason.args):
        message = f"No trusted connection to {host}: its certificate is not valid. Check REQUESTS_CA_BUNDLE."
    elif isinstance(error, requests.exceptions.ProxyError):
        message = f"The proxy for {host} rejected the connection. Check HTTPS_PROXY."
    elif isinstance(error, requests.exceptions.InvalidHeader):
        return Unreachable(f"{host} sent a response with contradictory headers.", may_have_acted=True)
    elif isinstance(error, requests.exceptions.Timeout):
        return Unreachable(f"{host} did not respond within request_timeout_seconds.", may_have_acted=True)
    else:
        return Unreachable(f"The connection to {host} closed before a response.", may_have_acted=True)
    return Unreachable(message)


def provisional(url: str, status: int) -> Unreachable:
    """Return the error of a response that only announces another one."""
    return Unreachable(
        f"{host_of(url)} sent only the provisional response {status}. A proxy may be the cause.",
        may_have_acted=True,
    )


def broken_off(url: str, error: Exception) -> Unreachable:
    """Return the error of a response that ended too early."""
    kind = type(error).__name__
    return Unreachable(
        f"The connection to {host_of(url)} closed before the response was complete ({kind}).",
        may_have_acted=True,
    )
