"""The HTTP server: ASGI application, test hooks, request log, and accounts."""
