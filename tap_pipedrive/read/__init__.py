"""Reads: pages of rows, time windows, raw requests, file contents, and parameters from the settings."""
