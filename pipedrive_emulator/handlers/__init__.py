"""Handlers: their registry, and ordinary resources from a short description."""
