"""Persons and organizations."""
