"""OAuth consent page, and the parameters that an app must send to it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pipedrive_emulator.api.http import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

CLIENT_ID = "emulator-client"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Characters of a URL: no space, no control character, only ASCII.
ADDRESS = re.compile(r"^[!-~]+$")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 32em; margin: 4em auto; padding: 0 1em; }}
a {{ display: inline-block; padding: .5em 1.2em; margin-right: .5em; border-radius: 4px;
     border: 1px solid #017737; color: #017737; text-decoration: none; }}
a.main {{ background: #017737; color: #fff; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
# The page may not run scripts, load resources, or be framed.
SAFETY = [
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]


def check_app(query: list[tuple[str, str]]) -> str:
    """Return the error of an app's request, one sentence; empty if it is valid.

    The emulator's app has registered only loopback URLs as callbacks, so no response redirects to another
    host.
    """
    names = [name for name, _ in query]
    if len(set(names)) != len(names):
        return "A parameter is given twice."
    given = dict(query)
    if given.get("client_id") != CLIENT_ID:
        return f"client_id is missing or unknown; the emulator's app is {CLIENT_ID}."
    target = given.get("redirect_uri", "")
    if not target:
        return "redirect_uri is missing."
    try:
        parts = urlsplit(target)
        trusted = parts.hostname in LOOPBACK and not parts.username and parts.port != 0
    except ValueError:
        trusted = False
    if not ADDRESS.match(target) or not trusted or parts.scheme not in ("http", "https") or parts.fragment:
        return "redirect_uri must be an address on this machine, such as http://127.0.0.1:8000/callback."
    return ""


def consent_page(
    query: dict[str, str] | None = None, scopes: Iterable[str] = (), *, problem: str = ""
) -> Response:
    """Return the consent page, or the page with the error (400); all input is escaped.

    Args:
        query: as the app sent it; the buttons repeat it.
        scopes: scopes requested by the app.
        problem: the error; empty for the consent page.
    """
    if problem:
        return _page("This app cannot be authorized", f"<p>{html.escape(problem)}</p>", status=400)
    buttons = "\n".join(
        f'<a{look} href="/oauth/authorize?{_escaped({**(query or {}), "decision": word.lower()})}">{word}</a>'
        for word, look in (("Allow", ' class="main"'), ("Deny", ""))
    )
    asked = ", ".join(sorted(scopes))
    text = f"<p>It will act for you with these permissions: {html.escape(asked)}.</p>"
    return _page(f"Let {CLIENT_ID} in?", f"{text}\n<p>{buttons}</p>")


def _escaped(query: dict[str, str]) -> str:
    return html.escape(urlencode(query))


def _page(title: str, body: str, *, status: int = 200) -> Response:
    page = PAGE.format(title=html.escape(title), body=body)
    return Response(
        status=status, body=page.encode(), content_type="text/html; charset=utf-8", headers=list(SAFETY)
    )
