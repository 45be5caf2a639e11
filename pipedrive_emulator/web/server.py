"""Server process: a loopback socket, uvicorn, one ready line, a clean stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from pipedrive_emulator.web.app import Emulator

BACKLOG = 1024


class _Server(uvicorn.Server):
    """Server that prints a ready line once it accepts connections and handles signals."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self._ready)
        sys.stdout.flush()


def serve(emulator: Emulator, port: int) -> int:
    """Serve until SIGINT or SIGTERM; prints the ready line when the socket listens."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as problem:
        sys.stderr.write(f"pipedrive-emulator: port {port} cannot be used: {problem.strerror}\n")
        return 1
    listening.listen(BACKLOG)
    gc.collect()
    gc.freeze()
    gc.enable()
    transports = emulator.transports

    class Protocol(HttpToolsProtocol):
        """Protocol that remembers the transport of each peer, so a fault can reset a connection."""

        def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's own signature
            super().connection_made(transport)
            if self.client is not None:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                transports.pop(self.client, None)
            super().connection_lost(exc)

    config = uvicorn.Config(
        emulator,
        http=Protocol,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="none",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
    settings = emulator.settings
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    ready = f"pipedrive-emulator ready on {address} (seed {settings.seed}, plan {settings.plan})\n"
    try:
        _Server(config, ready).run(sockets=[listening])
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    return 0
