"""Copies from another account: foreign ids, field definitions, and filter conditions."""
