"""Catalogue of the API as data: actions, entities, and their notation."""
