"""Rows of the whole company: pipelines, stages, currencies, goals, webhooks, statistics."""
