"""Measured ratios and counts for the project's guarantees; `make bench` prints them."""
