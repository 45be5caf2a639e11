"""A real Chromium, driven by the WebDriver protocol of chromedriver."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
_ARGUMENTS = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-default-browser-check"),
)


class Browser:
    """One window, as a context manager.

    Args:
        folder: for the profile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._url = ""

    def __enter__(self) -> Self:
        assert DRIVER is not None
        self._driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True)
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            port = re.search(r"successfully on port (\d+)", line)
            if port:
                break
        self._session = requests.Session()
        self._session.trust_env = False
        self._url = f"http://127.0.0.1:{port[1]}/session"
        arguments = [*_ARGUMENTS, f"--user-data-dir={self._folder}", "--window-size=1280,1000"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.append("--no-sandbox")
        options = {"binary": CHROMIUM, "args": arguments}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._url += "/" + self._call("", capabilities={"alwaysMatch": wanted})["sessionId"]
        return self

    def __exit__(self, *_: object) -> None:
        self._session.delete(self._url, timeout=20)
        self._session.close()
        self._driver.terminate()
        self._driver.wait(timeout=20)
        assert self._driver.stdout is not None
        self._driver.stdout.close()

    def _call(self, path: str, **body: Any) -> Any:
        answer = self._session.post(f"{self._url}{path}", json=body, timeout=60).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def show_as(self, *, dark: bool = False, width: int = 0) -> None:
        """Emulate a color scheme and a phone of this width."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        if width:
            size = {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            self.command("Emulation.setDeviceMetricsOverride", **size)
        else:
            self.command("Emulation.clearDeviceMetricsOverride")

    def open(self, path: Path) -> None:
        self._call("/url", url=path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """Return the value of a script."""
        return self._call("/execute/sync", script=script, args=list(arguments))

    def wait(self, script: str) -> Any:
        """Return the value that a script passes to its callback, its last argument."""
        return self._call("/execute/async", script=script, args=[])

    def command(self, name: str, **parameters: Any) -> Any:
        """Run a command of the DevTools protocol."""
        return self._call("/goog/cdp/execute", cmd=name, params=parameters)

    def type(self, text: str) -> None:
        """Press keys in the focused element."""
        keys = [{"type": kind, "value": one} for one in text for kind in ("keyDown", "keyUp")]
        self._call("/actions", actions=[{"type": "key", "id": "keys", "actions": keys}])

    def messages(self) -> list[dict[str, Any]]:
        """Console messages, including script errors and violations of the content security policy."""
        return self._call("/se/log", type="browser")
