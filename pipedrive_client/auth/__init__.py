"""Signing in: API token, OAuth, scopes."""
