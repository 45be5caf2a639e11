"""Limits of an account: requests per window, tokens per day, and what was used."""
